"""Announcements as their page shows them: where, since when, and whether callers can hear them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hotline.calls.models import Announcement, Prompt
from hotline.calls.permissions import can_announce
from hotline.calls.queries.prompting import said_states
from hotline.calls.rules.prompting import AUDIBLE, Said
from hotline.kit.actor import Actor
from hotline.places.queries import path_texts

MOST_ENDED = 30


@dataclass(frozen=True, slots=True)
class Shown:
    """`district`: its name, "" for the whole city. `heard_since`: from when callers hear it, None while they do not."""

    row: Announcement
    district: str
    said: Said
    heard_since: datetime | None
    fault: str

    @property
    def audible(self) -> bool:
        return self.said in AUDIBLE


@dataclass(frozen=True, slots=True)
class Announcements:
    """`on` the line now, `coming` later by the clock, `prepared` to be put on, the last that are `ended`."""

    on: list[Shown]
    coming: list[Shown]
    prepared: list[Shown]
    ended: list[Shown]


def announcements(actor: Actor, at: datetime) -> Announcements:
    """All of them, newest first. NotPermitted unless the actor may announce."""
    can_announce(actor).require("calls:announce")
    rows = Announcement.objects.select_related("line").order_by("-pk")
    alive = _shown(rows.exclude(ends_at__lte=at), at)
    return Announcements(
        on=[one for one in alive if one.row.begins_at is not None and one.row.begins_at <= at],
        coming=[one for one in alive if one.row.begins_at is not None and one.row.begins_at > at],
        prepared=[one for one in alive if one.row.begins_at is None],
        ended=_shown(rows.filter(ends_at__lte=at).order_by("-ends_at")[:MOST_ENDED], at),
    )


def _shown(rows: Iterable[Announcement], at: datetime) -> list[Shown]:
    found = list(rows)
    states = said_states({row.sound: row.text for row in found})
    notes = {row.name: row for row in Prompt.objects.filter(name__in=states)}
    names = path_texts([row.district_code for row in found if row.district_code])
    shown = []
    for row in found:
        state, note = states[row.sound], notes.get(row.sound)
        since = None
        if state in AUDIBLE and note is not None and row.begins_at is not None and row.begins_at <= at:
            since = max(note.at, row.begins_at)
        district = names.get(row.district_code, "").split(" ")[-1] or row.district_code
        shown.append(Shown(row, district, state, since, note.fault if note is not None else ""))
    return shown
