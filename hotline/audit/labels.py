"""Words of the log: verbs, kinds of objects, and what a row's data say. Packages add theirs from `AppConfig.ready`.

A verb without words shows itself. Special names: `chain.<name>` for a chain, `system.<name>` for a machine that acts, `reason.<code>` for a
reason that a machine gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object. `model` (`app.Model`) and `shows` (its field) give one object's name; `by` is the field that
    the log's `object_id` holds. Never a field with identity: the log shows numbers of citizens, not their names.
    `single`: there is but one, so that its number says nothing.
    """

    label: Words
    model: str = ""
    shows: str = "name"
    by: str = "pk"
    single: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One key of `data`. `kind`: its value is the id of such an object; `choices`: words for its codes."""

    label: Words
    kind: str = ""
    choices: Mapping[str, Words] = field(default_factory=dict)


_labels: dict[str, Words] = {"chain.audit": _("Audit log")}
_changes: set[str] = set()
_kinds: dict[str, Kind] = {"key": Kind(_("Identity key"))}
#: By package, then by key; "" holds what means the same everywhere.
_fields: dict[str, dict[str, Field]] = {
    "": {
        "name": Field(_("What it is called")),
        "title": Field(_("Title")),
        "version": Field(_("Version")),
        "rows": Field(_("Rows")),
        "old": Field(_("Before")),
        "new": Field(_("After")),
        "from": Field(_("From")),
        "to": Field(_("To")),
        "until": Field(_("Until")),
        "at": Field(_("Moment of it")),
        "on": Field(_("On")),
        "day": Field(_("Day")),
        "days": Field(_("Number of days")),
        "year": Field(_("Year")),
        "years": Field(_("Years")),
        "last_day": Field(_("Last day")),
        "effective_from": Field(_("In force from")),
        "sha256": Field(_("Checksum")),
        "size": Field(_("Size in bytes")),
        "count": Field(_("How many")),
        "done": Field(_("Carried out")),
        "made": Field(_("Made")),
        "written": Field(_("Written")),
        "accepted": Field(_("Rows accepted")),
        "failed": Field(_("Rows failed")),
        "faults": Field(_("Faults")),
        "found": Field(_("Found")),
        "why": Field(_("Why")),
        "fields": Field(_("Fields")),
        "first": Field(_("First number")),
        "last": Field(_("Last number")),
        "kind": Field(_("Kind")),
        "state": Field(_("New state")),
        "decision": Field(_("Decision")),
        "right": Field(_("Right")),
        "source": Field(_("Source")),
        "outcome": Field(_("What came of it")),
        "words": Field(_("Words given")),
        "filters": Field(_("Filters")),
        "scopes": Field(_("Scopes")),
        "parent": Field(_("Above it"), "unit"),
        "unit": Field(_("Unit"), "unit"),
        "category": Field(_("Category"), "category"),
        "order": Field(_("Work order")),
        "order_id": Field(_("Work order"), "work_order"),
        "orders": Field(_("Work orders"), "work_order"),
        "attachment": Field(_("File no.")),
        "file": Field(_("File no.")),
        "session": Field(_("Session no.")),
        "url": Field(_("Address")),
        "type": Field(_("Type")),
        "code": Field(_("Code")),
        "area": Field(_("Area")),
        "area_code": Field(_("Area")),
    }
}


def register(
    labels: Mapping[str, Words],
    *,
    kinds: Mapping[str, Kind] | None = None,
    fields: Mapping[str, Mapping[str, Words | Field]] | None = None,
    changes: Iterable[str] = (),
) -> None:
    """Add words: `{"accounts.reveal_identity": _("Identity revealed")}`, kinds by object type, fields by package and key.

    `changes`: verbs whose data hold [before, after] for each field.
    """
    _labels.update(labels)
    _changes.update(changes)
    _kinds.update(kinds or {})
    for package, words in (fields or {}).items():
        known = _fields.setdefault(package, {})
        known.update({key: one if isinstance(one, Field) else Field(one) for key, one in words.items()})


def label_of(verb: str) -> str:
    """The verb in words."""
    return str(_labels.get(verb, verb))


def is_change(verb: str) -> bool:
    """True when the verb's data hold [before, after] for each field."""
    return verb in _changes


def kinds() -> dict[str, Kind]:
    """All kinds of objects by object type."""
    return dict(_kinds)


def field_of(verb: str, key: str) -> Field:
    """What a key of a verb's data means; an unknown one shows itself."""
    package = verb.partition(".")[0]
    return _fields.get(package, {}).get(key) or _fields[""].get(key) or Field(key)
