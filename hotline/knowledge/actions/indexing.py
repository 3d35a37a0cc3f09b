"""The index: rows written with the entry itself, words counted and vectors made by jobs, all of it again online."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.db import connection, transaction

from hotline.kit.actor import Actor
from hotline.kit.vectors import as_text
from hotline.knowledge import permissions, vectors
from hotline.knowledge.models import Entry, EntryIndex, Paragraph
from hotline.knowledge.queries.vocabulary import forget_words
from hotline.knowledge.rules import SERVED, parts_of, search_words

BATCH = 200

_WRITE = (
    "INSERT INTO knowledge_entryindex (entry_id, head, body, readers, region, unit_id, category_code, material, valid_from, valid_to)"
    " VALUES (%s, to_tsvector('simple', %s), to_tsvector('simple', %s), %s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT (entry_id) DO UPDATE SET head = excluded.head, body = excluded.body, readers = excluded.readers,"
    " region = excluded.region, unit_id = excluded.unit_id, category_code = excluded.category_code, material = excluded.material,"
    " valid_from = excluded.valid_from, valid_to = excluded.valid_to"
)


def write_index(entry: Entry) -> None:
    """The entry's row of the index and its paragraphs, in the caller's transaction; none when it is not in force."""
    if entry.state not in SERVED:
        EntryIndex.objects.filter(entry=entry).delete()
        Paragraph.objects.filter(entry=entry).delete()
        return
    parts = parts_of(entry.content)
    head = search_words(" \n".join([entry.title, *entry.keywords, *entry.questions, entry.document_number]))
    body = search_words(" \n".join([entry.legal_basis, *(f"{part.heading} {part.text}" for part in parts)]))
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE,
            [entry.pk, head, f"{head} {body}", entry.readers, entry.region, entry.unit_id, entry.category_code,
             entry.material, entry.valid_from, entry.valid_to],
        )  # fmt: skip
    Paragraph.objects.filter(entry=entry).delete()
    Paragraph.objects.bulk_create(
        [Paragraph(entry=entry, position=part.position, heading=part.heading, text=part.text) for part in parts]
    )


@transaction.atomic
def embed_entry(*, actor: Actor, entry_id: int) -> int:
    """Make the vectors of an entry's paragraphs; returns how many. None without a model or a table."""
    permissions.can_maintain(actor).require(permissions.MAINTAIN)
    model = vectors.model() if vectors.TABLE.is_there() else None
    if model is None:
        return 0
    entry = Entry.objects.select_for_update().filter(pk=entry_id).first()
    if entry is None:
        return 0
    parts = list(entry.paragraphs.order_by("position"))
    texts = [f"{entry.title}\n{part.heading}\n{part.text}" for part in parts]
    found: Iterable[Iterable[float]] = model.passages(texts) if texts else []
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM knowledge_vector WHERE entry_id = %s", [entry_id])
        cursor.executemany(
            "INSERT INTO knowledge_vector (entry_id, position, vector) VALUES (%s, %s, %s::halfvec)",
            [(entry_id, part.position, as_text(vector)) for part, vector in zip(parts, found, strict=True)],
        )
    return len(parts)


@transaction.atomic
def count_words(*, actor: Actor) -> int:
    """Count in how many entries each word occurs; returns how many words. Questions are weighed by it."""
    permissions.can_maintain(actor).require(permissions.MAINTAIN)
    with connection.cursor() as cursor:
        # Two counts at once would meet on the same rows.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('knowledge.count_words'))")
        cursor.execute("DELETE FROM knowledge_wordcount")
        cursor.execute(
            "INSERT INTO knowledge_wordcount (word, entries)"
            " SELECT word, ndoc FROM ts_stat('SELECT body FROM knowledge_entryindex') WHERE ndoc > 1"
            " UNION ALL SELECT '', count(*) FROM knowledge_entryindex"
        )
        words = int(cursor.rowcount) - 1
    forget_words()
    return words


def reindex(*, actor: Actor, step: Callable[[int], None] = lambda done: None, embed: bool = True) -> int:
    """Write every row of the index again, in small transactions while everybody goes on searching; returns how many.

    `step(n)` is called after each batch. An entry that is changed meanwhile waits for its batch, or its batch for it.
    """
    permissions.can_maintain(actor).require(permissions.MAINTAIN)
    vectors.TABLE.prepare()
    vectors.TABLE.forget()
    last = done = 0
    while True:
        with transaction.atomic():
            entries = list(Entry.objects.select_for_update().filter(pk__gt=last).order_by("pk")[:BATCH])
            for entry in entries:
                write_index(entry)
        if not entries:
            break
        if embed and vectors.TABLE.is_there() and vectors.model() is not None:
            for entry in entries:
                if entry.state in SERVED:
                    embed_entry(actor=actor, entry_id=entry.pk)
        last, done = entries[-1].pk, done + len(entries)
        step(len(entries))
    count_words(actor=actor)
    return done
