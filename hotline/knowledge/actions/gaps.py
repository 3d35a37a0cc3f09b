"""Questions without an answer: noted, gathered by likeness, and given to the unit that should know."""

from __future__ import annotations

import hashlib

from django.db import transaction
from django.db.models import Case, F, When

from hotline.accounts.models import Unit
from hotline.kit import clock
from hotline.kit.actor import Actor, system_actor
from hotline.kit.ratelimit import allow
from hotline.knowledge import permissions
from hotline.knowledge.actions.duties import due_after, make_duty
from hotline.knowledge.models import Duty, DutyKind, DutyState, Gap, GapSource
from hotline.knowledge.queries.vocabulary import city_settings
from hotline.knowledge.rules import alike, scrub
from hotline.knowledge.rules.words import cut, says_something
from hotline.language.phrases import for_clustering

SYSTEM = system_actor("knowledge", permissions.MAINTAIN)
ALIKE = 0.55
"""From here on two questions are one matter; tuned on the tests' questions (X)."""
MOST_GAPS = 2000
MOST_LINES = 20
"""Questions shown in a duty's text; all of them stay as gaps behind it."""


@transaction.atomic
def note_gap(
    *,
    actor: Actor,
    source: str,
    text: str,
    key: str = "",
    category_code: str = "",
    region: str = "",
    unit_id: int | None = None,
    nearest_id: int | None = None,
) -> Gap | None:
    """Write down a question that had no good answer; asked again it counts. None when it holds no word.

    `key` makes it once (`order:12`); without one the question's words do. Long numbers and mail addresses are removed
    before anything is stored. A gap whose duty has ended opens again. Anybody who may ask may leave one.
    """
    said = scrub(text)
    # Salutations, thanks, dates and amounts are in every letter and say nothing of what is asked.
    words = (cut(for_clustering(said)) or cut(said))[:40]
    if not words:
        return None
    at = clock.now()
    named = key or hashlib.sha256(" ".join([source, region, *sorted(words)]).encode()).hexdigest()
    gap, fresh = Gap.objects.get_or_create(
        key=named,
        defaults={
            "source": source,
            "text": said,
            "words": [word[:40] for word in words],
            "category_code": category_code,
            "region": region,
            "unit_id": unit_id,
            "nearest_id": nearest_id,
            "first_at": at,
            "last_at": at,
        },
    )
    if not fresh and not key:
        over = Gap.objects.filter(pk=gap.pk, duty__isnull=False).exclude(duty__state=DutyState.OPEN).exists()
        Gap.objects.filter(pk=gap.pk).update(
            times=1 if over else F("times") + 1, last_at=at, duty=None if over else F("duty"), nearest_id=nearest_id
        )
        gap.refresh_from_db()
    return gap


def note_search(
    *, actor: Actor, asker: str, source: str, text: str, region: str = "", unit_id: int | None = None, nearest_id: int | None = None
) -> Gap | None:
    """A person searched and found no good answer: a gap, if it says anything, counted once an hour for each asker.

    Who types nonsense twice, or opens the same address again, gives nobody work. Not within a transaction (`allow`).
    """
    if not says_something(scrub(text)):
        return None
    mark = hashlib.sha256(" ".join([source, region, *sorted(cut(text))]).encode()).hexdigest()[:16]
    if not allow(f"gap:{asker}:{mark}", 1, 3600):
        return None
    return note_gap(
        actor=actor, source=source, text=text, region=region, unit_id=unit_id, nearest_id=nearest_id
    )


@transaction.atomic
def gather_gaps(*, actor: Actor) -> dict[str, int]:
    """Put loose gaps to the open duties that they resemble, and make duties of what was asked often enough.

    A dispatched consultation weighs as much as the city's threshold: it makes a duty by itself (rules.md section 8).
    """
    permissions.can_maintain(actor).require(permissions.MAINTAIN)
    wishes = city_settings()
    loose = list(
        Gap.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(duty__isnull=True)
        .select_related("nearest")
        .order_by(Case(When(source=GapSource.ORDER, then=0), default=1), "-times", "id")[:MOST_GAPS]
    )
    clusters = _open_clusters()
    joined = made = 0
    fresh: list[list[Gap]] = []
    for gap in loose:
        duty = max(
            (one for one in clusters if _near(gap, one[1], one[2])),
            key=lambda one: alike(gap.words, one[1]),
            default=None,
        )
        if duty is not None:
            Gap.objects.filter(pk=gap.pk).update(duty_id=duty[0])
            joined += 1
            continue
        group = next((one for one in fresh if _near(gap, one[0].words, one[0].category_code)), None)
        if group is None:
            fresh.append([gap])
        else:
            group.append(gap)
    for group in fresh:
        weight = sum(wishes.gap_weight if gap.source == GapSource.ORDER else gap.times for gap in group)
        if weight >= wishes.gap_weight:
            _make(actor, group, wishes.gap_workdays)
            made += 1
    return {"joined": joined, "made": made}


def _near(gap: Gap, words: list[str], category_code: str) -> bool:
    if gap.category_code and category_code and gap.category_code.split(".")[0] != category_code.split(".")[0]:
        return False
    return alike(gap.words, words) >= ALIKE


def _open_clusters() -> list[tuple[int, list[str], str]]:
    """(duty, words of its first gap, category) of every open duty of this kind."""
    rows = (
        Gap.objects.filter(duty__state=DutyState.OPEN, duty__kind=DutyKind.GAP)
        .order_by("duty_id", "id")
        .distinct("duty_id")
        .values_list("duty_id", "words", "category_code")
    )
    return [(int(duty_id or 0), words, code) for duty_id, words, code in rows]


def _make(actor: Actor, group: list[Gap], workdays: int) -> Duty:
    first = group[0]
    unit_id = next((gap.unit_id for gap in group if gap.unit_id), None)
    nearest = next((gap.nearest for gap in group if gap.nearest), None)
    if unit_id is None:
        unit_id = nearest.unit_id if nearest else Unit.objects.filter(parent__isnull=True).values_list("pk", flat=True)[0]
    duty = make_duty(
        actor,
        kind=DutyKind.GAP,
        unit_id=unit_id,
        title=first.text,
        text="\n".join(gap.text for gap in group[:MOST_LINES]),
        category_code=next((gap.category_code for gap in group if gap.category_code), ""),
        region=first.region,
        due_at=due_after(clock.now(), workdays),
    )
    Gap.objects.filter(pk__in=[gap.pk for gap in group]).update(duty=duty)
    return duty
