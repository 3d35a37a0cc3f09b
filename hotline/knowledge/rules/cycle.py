"""The cycle of an entry as one table: verb, from which state to which, whose it is (rules.md section 8).

采编→审核→发布→使用→纠错→修订→下线. A correction is no verb of the entry: it is a duty of its unit, which ends in
`revise` or in an answer. Buttons, permissions, timeline and docs derive from here.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.knowledge.models import EntryState as S

EDIT, PUBLISH, MAINTAIN = "knowledge:edit", "knowledge:publish", "knowledge:maintain"
SERVED = frozenset({S.PUBLISHED, S.REVISING, S.REVISION_REVIEW})
"""States in which a version is in force; what a search finds."""
OPEN_DRAFT = frozenset({S.DRAFT, S.REVISING})
"""States in which words may be changed."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One row of the table. `reason`: a text must be given; `button`: a person may press it."""

    moves: Mapping[S, S]
    permission: str
    label: str | Promise
    done: str | Promise
    reason: bool = False
    button: bool = True


VERBS: Mapping[str, Verb] = {
    "submit": Verb(
        {S.DRAFT: S.IN_REVIEW, S.REVISING: S.REVISION_REVIEW}, EDIT, _("Hand in for review"), _("Handed in for review")
    ),
    "send_back": Verb(
        {S.IN_REVIEW: S.DRAFT, S.REVISION_REVIEW: S.REVISING}, PUBLISH, _("Send back"), _("Sent back"), reason=True
    ),
    "publish": Verb(
        {S.IN_REVIEW: S.PUBLISHED, S.REVISION_REVIEW: S.PUBLISHED}, PUBLISH, _("Publish"), _("Published")
    ),
    "confirm": Verb({S.PUBLISHED: S.PUBLISHED}, EDIT, _("Confirm that it still holds"), _("Confirmed")),
    "revise": Verb(
        {S.PUBLISHED: S.REVISING, S.EXPIRED: S.DRAFT, S.WITHDRAWN: S.DRAFT}, EDIT, _("Revise"), _("Revision begun")
    ),
    "discard": Verb(
        {S.REVISING: S.PUBLISHED, S.DRAFT: S.WITHDRAWN}, EDIT, _("Throw the draft away"), _("Draft thrown away")
    ),
    "withdraw": Verb(
        dict.fromkeys((S.IN_REVIEW, S.PUBLISHED, S.REVISING, S.REVISION_REVIEW, S.EXPIRED), S.WITHDRAWN),
        PUBLISH,
        _("Take offline"),
        _("Taken offline"),
        reason=True,
    ),
    "expire": Verb(
        {S.PUBLISHED: S.EXPIRED, S.REVISING: S.DRAFT, S.REVISION_REVIEW: S.IN_REVIEW},
        MAINTAIN,
        _("Expire"),
        _("Expired"),
        button=False,
    ),
}
"""The table. An entry that expires while it is revised goes on as a draft: its last version is no longer served."""


def next_state(verb: str, state: str) -> S | None:
    """Where `verb` leads from `state`; None when it is not possible there. KeyError for an unknown verb."""
    return VERBS[verb].moves.get(S(state))


def verbs_from(state: str) -> list[str]:
    """Verbs that a person may press in `state`, in the table's order."""
    return [name for name, verb in VERBS.items() if verb.button and S(state) in verb.moves]


def review_due(day: date, months: int) -> date:
    """The same day `months` later, or the last of that month: 2026-08-31 + 6 → 2027-02-28."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
