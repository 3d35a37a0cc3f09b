"""What the machine proposed for one order, as a dispatcher sees it beside the order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hotline.dispatch.queries.catalogue import assistants_of
from hotline.dispatch.queries.pool import demand_key
from hotline.dispatch.queries.ranking import UnitProposal, ranked_units
from hotline.suggestions.models import Kind, RiskAlert, Suggestion
from hotline.suggestions.queries import category_paths, proposals_of, risk_kinds, risk_of, risk_words
from hotline.suggestions.rules import MOST_WITHOUT_MODEL
from hotline.workorders.models import WorkOrder

_ORDER = {"": 0, "routine": 0, "elevated": 1, "urgent": 2}


@dataclass(frozen=True, slots=True)
class Proposed:
    """The machine's reading against the order as it is now.

    `made`: something was proposed at all. `category`, `place`: (code, words) where they differ from the order's or it has
    none; `agrees`: the order's own category is the first proposed. `share` 0…1, None when names alone spoke. `unit`: who
    would get it by the proposed category, only where the order has none. `urgency`: higher than the order's.
    """

    made: bool = False
    model: str = ""
    category: tuple[str, str] = ("", "")
    agrees: bool = False
    share: float | None = None
    others: tuple[tuple[str, str, float], ...] = ()
    place: tuple[str, str] = ("", "")
    labels: tuple[str, ...] = ()
    urgency: str = ""
    unit: UnitProposal | None = None
    assistants: tuple[tuple[int, str], ...] = ()
    risk: RiskAlert | None = None
    risk_kinds: tuple[tuple[str, str], ...] = ()
    risk_words: tuple[str, ...] = ()
    unseen: bool = False

    @property
    def all_labels(self) -> str:
        """The proposed labels as the form of labels takes them."""
        return " ".join(self.labels)


def proposed_for(order: WorkOrder, day: date) -> Proposed:
    """Two queries; a few more where the order has no category yet."""
    rows = proposals_of(order.pk)
    risk = risk_of(order.pk)
    category = _first(rows.get(Kind.CATEGORY))
    own, division = demand_key(order)
    code = str(category["value"]) if category else ""
    place = _first(rows.get(Kind.PLACE)) if not division else None
    urgency = _first(rows.get(Kind.URGENCY))
    unit = None
    if code and not own:
        found = ranked_units(code, division or (str(place["value"]) if place else ""), day, most=1)
        unit = found[0] if found else None
    row = rows.get(Kind.CATEGORY)
    sure = row.confidence if row and row.candidates else 0.0
    level = str(urgency["value"]) if urgency else ""
    differs = bool(code) and code != own
    names = category_paths([str(one["value"]) for one in row.candidates]) if row and differs else {}
    return Proposed(
        made=bool(rows),
        model=row.model if row else "",
        category=(code, names.get(code, str(category["label"])) if category else "") if differs else ("", ""),
        agrees=bool(code) and code == own,
        share=sure if sure > MOST_WITHOUT_MODEL else None,
        others=tuple(
            (str(one["value"]), names.get(str(one["value"]), str(one["label"])), float(one["score"]))
            for one in (row.candidates[1:3] if row and differs else ())
            if one["value"] != own
        ),
        place=(str(place["value"]), str(place["label"])) if place else ("", ""),
        labels=tuple(
            str(one["value"])
            for one in (rows[Kind.LABELS].candidates if Kind.LABELS in rows else ())
            if one["value"] not in order.labels
        ),
        urgency=level if _ORDER.get(level, 0) > _ORDER.get(order.urgency, 0) else "",
        unit=unit,
        assistants=tuple(assistants_of(unit.entry_id)) if unit and unit.entry_id else (),
        risk=risk,
        risk_kinds=tuple(risk_kinds(risk.kinds)) if risk else (),
        risk_words=risk_words(order, risk.evidence) if risk else (),
        unseen=any(one.shown_at is None for one in rows.values()),
    )


def _first(row: Suggestion | None) -> dict[str, object] | None:
    return row.candidates[0] if row is not None and row.candidates else None
