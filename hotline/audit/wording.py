"""Rows of the log as people read them: who did what to which thing, why, and what exactly was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from hotline.audit.labels import Field, Kind, field_of, is_change, kinds, label_of
from hotline.audit.models import AuditEntry
from hotline.kit.clock import CITY_ZONE

LONGEST = 200
"""Characters of one value; the whole row is in the database."""

Names = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Told:
    """One row in words. `object` is empty when somebody acted on their own account; `details` are label and value."""

    entry: AuditEntry
    who: str
    act: str
    kind: str
    object: str
    reason: str
    details: Sequence[tuple[str, str]]


def tell(rows: Sequence[AuditEntry]) -> list[Told]:
    """The rows of a page in words, with one query for each kind of object that occurs."""
    names = _names(rows)
    return [
        Told(
            row,
            who_of(row.actor, row.actor_name),
            label_of(row.verb),
            "" if _single(row.object_type) else kind_of(row.object_type),
            "" if _own(row) else object_of(row.object_type, row.object_id, names),
            reason_of(row.reason),
            _details(row, names),
        )
        for row in rows
    ]


def who_of(actor: str, name: str) -> str:
    """The actor in words: a name for staff, what it is for anything else."""
    kind, _sep, key = actor.partition(":")
    if kind == "system":
        words = label_of(f"system.{key}")
        return _("System") if words.startswith("system.") else words
    if kind == "citizen":
        return _("Citizen %(number)s") % {"number": key}
    return name or actor


def reason_of(reason: str) -> str:
    """The reason as written by people; a machine's code in words."""
    words = label_of(f"reason.{reason}")
    return reason if words.startswith("reason.") else words


def kind_of(object_type: str) -> str:
    """The kind of an object in words."""
    known = kinds().get(object_type)
    return str(known.label) if known else object_type


def object_of(object_type: str, object_id: str, names: Names | None = None) -> str:
    """One object's name, or its number where it has none."""
    if _single(object_type):
        return kind_of(object_type)
    names = _found({object_type: {object_id}}) if names is None else names
    if name := names.get(object_type, {}).get(object_id):
        return name
    return _("no. %(number)s") % {"number": object_id} if object_id.isdigit() else object_id


def _single(object_type: str) -> bool:
    known = kinds().get(object_type)
    return known is not None and known.single


def _own(row: AuditEntry) -> bool:
    return row.object_type == "person" and row.actor == f"staff:{row.object_id}"


def _names(rows: Iterable[AuditEntry]) -> Names:
    wanted: dict[str, set[str]] = {}
    for row in rows:
        wanted.setdefault(row.object_type, set()).add(row.object_id)
        for key, value in row.data.items():
            if kind := field_of(row.verb, key).kind:
                wanted.setdefault(kind, set()).update(str(one) for one in _each(value))
    return _found(wanted)


def _found(wanted: Mapping[str, set[str]]) -> Names:
    known = kinds()
    return {
        name: _named(known[name], ids) for name, ids in wanted.items() if name in known and known[name].model
    }


def _named(kind: Kind, ids: set[str]) -> dict[str, str]:
    model = apps.get_model(kind.model)
    column = model._meta.pk if kind.by == "pk" else model._meta.get_field(kind.by)
    assert column is not None
    keys = []
    for one in ids:
        try:
            keys.append(column.to_python(one))
        except ValidationError:
            continue
    rows = model._default_manager.filter(**{f"{kind.by}__in": keys}).values_list(kind.by, kind.shows)
    return {str(key): str(name) for key, name in rows}


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _details(row: AuditEntry, names: Names) -> list[tuple[str, str]]:
    told = []
    for key, value in row.data.items():
        field = field_of(row.verb, key)
        if text := _text(value, row.verb, field, names):
            told.append((str(field.label), text))
    return told


def _text(value: Any, verb: str, field: Field, names: Names) -> str:
    if value is None or value == "" or value == [] or value == {}:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return _inner(value, verb, names)
    if isinstance(value, list):
        return _listed(value, verb, field, names)
    text = str(value)
    if field.kind:
        return object_of(field.kind, text, names)
    if text in field.choices:
        return str(field.choices[text])
    return _moment(text) or (text if len(text) <= LONGEST else text[:LONGEST] + "…")


def _inner(value: dict[str, Any], verb: str, names: Names) -> str:
    if set(value) == {"old", "new"}:
        return _change(value["old"], value["new"], verb, Field(""), names)
    parts = []
    for key, one in value.items():
        field = field_of(verb, key)
        if text := _text(one, verb, field, names):
            parts.append(_("%(label)s: %(value)s") % {"label": field.label, "value": text})
    return _("; ").join(parts)


def _listed(value: list[Any], verb: str, field: Field, names: Names) -> str:
    if len(value) == 2 and is_change(verb):
        return _change(value[0], value[1], verb, field, names)
    shown = [_text(one, verb, field, names) for one in value[:20]]
    more = _(" and %(n)s more") % {"n": len(value) - 20} if len(value) > 20 else ""
    return _(", ").join(text for text in shown if text) + more


def _change(old: Any, new: Any, verb: str, field: Field, names: Names) -> str:
    before, after = _text(old, verb, field, names), _text(new, verb, field, names)
    return f"{before or _('nothing')} → {after or _('nothing')}"


def _moment(text: str) -> str:
    if "T" not in text:
        return ""
    try:
        found = parse_datetime(text)
    except ValueError:
        return ""
    if not isinstance(found, datetime) or found.tzinfo is None:
        return ""
    return found.astimezone(CITY_ZONE).strftime("%Y-%m-%d %H:%M")
