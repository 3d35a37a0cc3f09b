"""Where a campaign's list may come from beside a file: queries of the packages that know citizens, each with what may be seen by whom.

A package above says so once, at the start (`register_source`). It is asked as the actor may see; what is confidential it never
gives, and it is asked again before anybody is dialled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django import forms
from django.utils.functional import Promise

from hotline.accounts.models import Citizen
from hotline.campaigns.models import OptOut
from hotline.campaigns.queries.pages import campaign
from hotline.kit.actor import Actor
from hotline.kit.errors import NotVisible

MOST_ROWS = 20_000
SAMPLE = 10


@dataclass(frozen=True, slots=True)
class Found:
    """A citizen, and what they would be called about: its number and a few words for the sample."""

    citizen_id: int
    about: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What the agent sees of what the citizen is called about: pairs of a label and words; where the whole stands."""

    title: str
    url: str
    facts: tuple[tuple[str | Promise, str], ...] = ()


class Source(Protocol):
    """One query. What its form gives is kept as JSON."""

    @property
    def code(self) -> str: ...

    @property
    def label(self) -> str | Promise: ...

    def may(self, actor: Actor) -> bool:
        """Whether the actor sees any of it at all."""

    def form(self, data: Mapping[str, Any] | None) -> forms.Form:
        """What it may be narrowed by; `data` as posted, or as kept."""

    def kept(self, form: forms.Form) -> dict[str, Any]:
        """A valid form as JSON that `form` reads again."""

    def words(self, form: forms.Form) -> str:
        """A valid form in words."""

    def find(self, actor: Actor, form: forms.Form) -> Iterable[Found]:
        """Citizens with a number, newest matter first, of what the actor may see, nothing confidential."""

    def still(self, abouts: Collection[str]) -> set[str]:
        """Those of these about which somebody may be called now: not made confidential meanwhile."""

    def about(self, actor: Actor, number: str) -> About | None:
        """For the agent's screen; None: not for this actor."""


SOURCES: dict[str, Source] = {}


def register_source(source: Source) -> None:
    """One more query."""
    SOURCES[source.code] = source


def sources(actor: Actor) -> list[Source]:
    """Those that this actor may ask."""
    return [one for one in SOURCES.values() if one.may(actor)]


def source_of(actor: Actor, code: str) -> Source:
    """NotVisible unless it is there and the actor may ask it."""
    found = SOURCES.get(code)
    if found is None or not found.may(actor):
        raise NotVisible(code)
    return found


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of a preview."""

    phone_mask: str
    about: str
    words: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a query would add to a campaign's list now. `more`: there are more than a list may hold; the rest is left out."""

    good: int
    there: int
    opted_out: int
    more: bool
    sample: tuple[Sample, ...] = ()
    people: tuple[Found, ...] = field(default=(), repr=False)


def preview(actor: Actor, campaign_id: int, source: Source, form: forms.Form) -> Preview:
    """Count and sample; each citizen once, with what is newest of them. Nothing is kept."""
    row = campaign(actor, campaign_id)
    people: dict[int, Found] = {}
    more = False
    for one in source.find(actor, form):
        if one.citizen_id not in people and len(people) == MOST_ROWS:
            more = True
            break
        people.setdefault(one.citizen_id, one)
    there = set(row.targets.filter(citizen_id__in=people).values_list("citizen_id", flat=True))
    out = set(OptOut.objects.filter(citizen_id__in=people).values_list("citizen_id", flat=True)) - there
    wanted = [one for one in people.values() if one.citizen_id not in there and one.citizen_id not in out]
    shown = wanted[:SAMPLE]
    masks = dict(
        Citizen.objects.filter(pk__in=[one.citizen_id for one in shown]).values_list("pk", "phone_mask")
    )
    sample = tuple(Sample(masks.get(one.citizen_id, ""), one.about, one.words) for one in shown)
    return Preview(len(wanted), len(there), len(out), more, sample, tuple(wanted))


def silenced(rows: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those (source, number) about which nobody may be called any more."""
    by_source: dict[str, set[str]] = {}
    for code, number in rows:
        if code:
            by_source.setdefault(code, set()).add(number)
    gone: set[tuple[str, str]] = set()
    for code, numbers in by_source.items():
        source = SOURCES.get(code)
        still = source.still(numbers) if source is not None else set()
        gone |= {(code, number) for number in numbers - still}
    return gone
