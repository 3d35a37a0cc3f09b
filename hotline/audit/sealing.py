"""Sealing rows into links, and checking links against rows. The digests are made by the database. Private to this package.

Order: (xid, id). A row is sealed once every transaction older than the oldest running one is over
(see `kit.commits.settled`), so no row can appear later in front of a sealed one: a row found there was inserted by hand.
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection, transaction

from hotline.audit.chains import Chain
from hotline.audit.models import ChainLink
from hotline.kit.commits import settled

BATCH = 5000
SHORT = 8
"""Bytes kept of each row's digest."""
NEAR = 64
"""Two inserts at the same moment may draw number and transaction in different order; further apart they cannot."""
_LOCK = 0x61756469  # "audi"


@dataclass(frozen=True, slots=True)
class Cursor:
    """After which row sealing goes on."""

    seq: int = 0
    epoch: int = 1
    after_id: int = 0
    xid: int = 0
    id: int = 0
    digest: bytes = b""


UNFIT = "its seal does not fit; the link itself, or the one before it, was altered"
OTHER_KEY = (
    "no seal was made with the present key. Put back the audit.key of the data folder (or HOTLINE_AUDIT_KEY) with which "
    "the chain was sealed and verify again; if it is the right key, the whole chain was written anew by somebody without it"
)
"""Rows and links agree with one another and yet no seal fits: that is how a restore without its key looks."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What verification found: `kind` is changed, removed, inserted, link, key or unsealed; `row` the row's id or 0."""

    chain: str
    kind: str
    link: int
    row: int = 0
    text: str = ""


@dataclass
class Report:
    """One chain's verification."""

    chain: str
    links: int = 0
    rows: int = 0
    unsealed: int = 0
    head: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not self.findings


def _key() -> bytes:
    # A key of its own purpose, whatever else the setting may come to be used for.
    return hashlib.sha256(b"hotline.audit.chain\0" + settings.AUDIT_KEY.encode()).digest()


def link_digest(
    previous: bytes,
    chain: str,
    seq: int,
    version: int,
    epoch: int,
    after_id: int,
    last: tuple[int, int, int],
    ids: list[int],
    rows: bytes,
) -> bytes:
    """HMAC of one link. `last`: its last row's xid and id, and the transaction that was next.

    `rows`: SHA-256 over the rows' whole digests in order.
    """
    facts = struct.pack(">QIIQQQQQ", seq, version, epoch, after_id, *last, len(ids))
    numbers = hashlib.sha256(struct.pack(f">{len(ids)}q", *ids)).digest()
    return hmac.digest(_key(), previous + chain.encode() + b"\0" + facts + numbers + rows, "sha256")


def head(chain: str) -> Cursor:
    """The last link as a cursor."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq, epoch, after_id, last_xid::text::bigint, last_id, digest FROM audit_chainlink"
            " WHERE chain = %s ORDER BY seq DESC LIMIT 1",
            [chain],
        )
        row = cursor.fetchone()
    return Cursor(row[0], row[1], row[2], row[3], row[4], bytes(row[5])) if row else Cursor()


def seal(
    chain: Chain,
    *,
    batch: int = BATCH,
    most: int | None = None,
    progress: Callable[[int], None] = lambda _count: None,
) -> int:
    """Seal what is settled; returns the number of rows. At most `most` links. One sealer a chain at a time."""
    total = links = 0
    while most is None or links < most:
        with transaction.atomic():
            count, full = _seal_once(chain, batch)
        if count:
            total += count
            links += 1
            progress(count)
        if not full:
            break
    return total


def _seal_once(chain: Chain, batch: int) -> tuple[int, bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, chain.name])
        at = head(chain.name)
        xmin, next_xid = settled(cursor)
        bound = "t.xid < %s::text::xid8"
        limit: list[int] = [xmin]
        moved = at.seq > 0 and next_xid <= at.xid
        if moved:
            # Restored elsewhere, where transactions count from the start again. All rows beyond the last link were
            # there when it was restored; they end the old epoch, whatever they number.
            bound, limit = "TRUE", []
        cursor.execute(
            f"SELECT array_agg(id ORDER BY xid, id), string_agg(substr(d, 1, {SHORT}), ''::bytea ORDER BY xid, id),"
            " sha256(string_agg(d, ''::bytea ORDER BY xid, id)), (array_agg(xid::text::bigint ORDER BY xid DESC, id DESC))[1]"
            f" FROM (SELECT t.id, t.xid, {chain.row_digest(chain.version)} AS d FROM {chain.table} t"
            f" WHERE t.id > %s AND (t.xid, t.id) > (%s::text::xid8, %s) AND {bound} ORDER BY t.xid, t.id LIMIT %s) AS s",
            [at.after_id, at.xid, at.id, *limit, batch],
        )
        ids, short, rows, last_xid = cursor.fetchone()
        if ids is None:
            if not moved:
                return 0, False
            # The old epoch is complete: a link without rows opens the next.
            cursor.execute(
                "SELECT coalesce(max(n), 0) FROM audit_chainlink, unnest(row_ids) AS n WHERE chain = %s",
                [chain.name],
            )
            (after_id,) = cursor.fetchone()
            _write(
                chain,
                Cursor(at.seq, at.epoch + 1, after_id, 0, 0, at.digest),
                [],
                b"",
                hashlib.sha256().digest(),
                (0, 0, next_xid),
            )
            return 0, True
        _write(chain, at, ids, bytes(short), bytes(rows), (last_xid, ids[-1], next_xid))
        return len(ids), len(ids) == batch or moved


def _write(
    chain: Chain, at: Cursor, ids: list[int], short: bytes, rows: bytes, last: tuple[int, int, int]
) -> None:
    digest = link_digest(
        at.digest, chain.name, at.seq + 1, chain.version, at.epoch, at.after_id, last, ids, rows
    )
    ChainLink.objects.create(
        chain=chain.name,
        seq=at.seq + 1,
        version=chain.version,
        epoch=at.epoch,
        after_id=at.after_id,
        row_ids=ids,
        row_digests=short,
        digest=digest,
        last_xid=str(last[0]),
        last_id=last[1],
        next_xid=last[2],
    )


def verify(chain: Chain, *, progress: Callable[[int], None] = lambda _count: None) -> Report:
    """Check every link against the rows; names each row that was changed, removed or inserted."""
    report = Report(chain.name)
    previous = Cursor()
    ends = _epoch_ends(chain.name)
    tops: list[tuple[int, int]] = []
    for link in _links(chain.name):
        if link.seq != previous.seq + 1:
            report.findings.append(
                Finding(
                    chain.name,
                    "link",
                    previous.seq + 1,
                    text=f"links {previous.seq + 1} to {link.seq - 1} were removed",
                )
            )
        if link.version not in chain.versions:
            report.findings.append(
                Finding(
                    chain.name, "link", link.seq, text=f"its column list, version {link.version}, is unknown"
                )
            )
            continue
        start = (previous.xid, previous.id) if link.epoch == previous.epoch else (0, 0)
        ids = list(link.row_ids)
        found = _range(chain, link, start, ends.get(link.epoch))
        digest = link_digest(
            previous.digest,
            chain.name,
            link.seq,
            link.version,
            link.epoch,
            link.after_id,
            (int(str(link.last_xid)), link.last_id, link.next_xid),
            ids,
            found[2],
        )
        if (
            found[0] != ids
            or found[1] != bytes(link.row_digests)
            or not hmac.compare_digest(digest, bytes(link.digest))
        ):
            rows = _compare(chain, link, found[0], found[1])
            report.findings += rows or [
                Finding(
                    chain.name,
                    "link",
                    link.seq,
                    text=UNFIT,
                )
            ]
        report.findings += _backdated(chain, link, tops)
        tops.append((max([*ids, tops[-1][0] if tops else 0]), link.next_xid))
        previous = Cursor(
            link.seq, link.epoch, link.after_id, int(str(link.last_xid)), link.last_id, bytes(link.digest)
        )
        report.links += 1
        report.rows += len(ids)
        progress(len(ids))
    if report.links > 1 and sum(one.text == UNFIT for one in report.findings) == report.links:
        report.findings = [one for one in report.findings if one.text != UNFIT]
        report.findings.insert(0, Finding(chain.name, "key", 0, text=OTHER_KEY))
    report.head = f"{chain.name}:{previous.seq}:{previous.digest.hex()}"
    report.unsealed = _unsealed(chain, previous)
    _outside(chain, report)
    return report


def _links(name: str) -> Iterator[ChainLink]:
    yield from ChainLink.objects.filter(chain=name).order_by("seq").iterator(chunk_size=20)


def _epoch_ends(name: str) -> dict[int, int]:
    """Epoch → highest id that belongs to it, for all but the present one."""
    starts = dict(
        ChainLink.objects.filter(chain=name).order_by("epoch").values_list("epoch", "after_id").distinct()
    )
    return {epoch - 1: after for epoch, after in starts.items() if epoch > 1}


def _range(
    chain: Chain, link: ChainLink, start: tuple[int, int], end: int | None
) -> tuple[list[int], bytes, bytes]:
    """Ids, short digests and the digest over all of the rows that stand where the link's rows stood."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT array_agg(id ORDER BY xid, id), string_agg(substr(d, 1, {SHORT}), ''::bytea ORDER BY xid, id),"
            " sha256(string_agg(d, ''::bytea ORDER BY xid, id))"
            f" FROM (SELECT t.id, t.xid, {chain.row_digest(link.version)} AS d FROM {chain.table} t"
            " WHERE (t.xid, t.id) > (%s::text::xid8, %s) AND (t.xid, t.id) <= (%s::text::xid8, %s) AND t.id > %s"
            f" {'AND t.id <= %s' if end is not None else ''}) AS s",
            [*start, str(link.last_xid), link.last_id, link.after_id, *([end] if end is not None else [])],
        )
        ids, short, rows = cursor.fetchone()
    if ids is None:
        return [], b"", hashlib.sha256().digest()
    return ids, bytes(short), bytes(rows)


def _compare(chain: Chain, link: ChainLink, ids: list[int], short: bytes) -> list[Finding]:
    kept = bytes(link.row_digests)
    sealed = {row: kept[n * SHORT : (n + 1) * SHORT] for n, row in enumerate(link.row_ids)}
    there = {row: short[n * SHORT : (n + 1) * SHORT] for n, row in enumerate(ids)}
    gone = [row for row in sealed if row not in there]
    moved: set[int] = set()
    if gone:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT id FROM {chain.table} WHERE id = ANY(%s)", [gone])
            moved = {row for (row,) in cursor.fetchall()}
    findings = [Finding(chain.name, "changed" if row in moved else "removed", link.seq, row) for row in gone]
    findings += [Finding(chain.name, "inserted", link.seq, row) for row in there if row not in sealed]
    findings += [
        Finding(chain.name, "changed", link.seq, row)
        for row in there
        if row in sealed and sealed[row] != there[row]
    ]
    return sorted(findings, key=lambda finding: finding.row)


def _backdated(chain: Chain, link: ChainLink, tops: list[tuple[int, int]]) -> list[Finding]:
    """Rows that bear a number given out long before their transaction began; `tops`: highest number and next
    transaction of each link so far.
    """
    numbers = [top - NEAR for top, _next in tops]
    low = [row for row in link.row_ids if numbers and row < numbers[-1]]
    if not low:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, xid::text::bigint FROM {chain.table} WHERE id = ANY(%s)", [low])
        began = dict(cursor.fetchall())
    return [
        Finding(chain.name, "inserted", link.seq, row, "its number was passed before its transaction began")
        for row in low
        if row in began and began[row] >= tops[bisect_right(numbers, row)][1]
    ]


def _unsealed(chain: Chain, at: Cursor) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {chain.table} t WHERE t.id > %s AND (t.xid, t.id) > (%s::text::xid8, %s)",
            [at.after_id, at.xid, at.id],
        )
        (count,) = cursor.fetchone()
    return int(count)


def _outside(chain: Chain, report: Report) -> None:
    """Rows that stand in no link's range and are not waiting either; only counted unless the sums differ."""
    named = {finding.row for finding in report.findings if finding.row}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {chain.table}")
        (count,) = cursor.fetchone()
        if int(count) == report.rows + report.unsealed:
            return
        at = head(chain.name)
        cursor.execute(
            f"SELECT t.id FROM {chain.table} t WHERE NOT (t.id > %s AND (t.xid, t.id) > (%s::text::xid8, %s))"
            " AND NOT EXISTS (SELECT FROM (SELECT unnest(row_ids) AS n FROM audit_chainlink WHERE chain = %s) AS k WHERE k.n = t.id)"
            " ORDER BY t.id LIMIT 1000",
            [at.after_id, at.xid, at.id, chain.name],
        )
        report.findings += [
            Finding(chain.name, "inserted", 0, row) for (row,) in cursor.fetchall() if row not in named
        ]
