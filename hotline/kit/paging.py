"""Keyset paging: a page costs the same at any depth, and nothing is counted."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.dateparse import parse_datetime

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page; `next` and `previous` are opaque cursors or empty."""

    rows: Sequence[M]
    next: str = ""
    previous: str = ""


def _encode(values: list[Any], backwards: bool) -> str:
    # Django's own encoder would cut microseconds, and with them rows.
    text = json.dumps([backwards, *values], default=_plain, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def _decode(cursor: str, width: int) -> tuple[bool, list[Any]] | None:
    try:
        backwards, *values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError):
        return None
    if (
        not isinstance(backwards, bool)
        or len(values) != width
        or any(isinstance(v, (dict, list)) for v in values)
    ):
        return None
    return backwards, values


def keyset(rows: QuerySet[M], *, order: Sequence[str], cursor: str = "", size: int = 50) -> Page[M]:
    """Page through `rows` by `order` (Django order terms, the last one unique, none nullable).

    A cursor that cannot be read gives the first page: it is only a position, never a permission.
    """
    names = [term.lstrip("-") for term in order]
    decoded = _decode(cursor, len(names)) if cursor else None
    backwards, values = decoded if decoded else (False, [])
    terms = [_flip(term) if backwards else term for term in order]
    found = rows.order_by(*terms)
    if values:
        condition = Q()
        for depth, term in enumerate(terms):
            step = Q(
                **{name: _value(value) for name, value in zip(names[:depth], values[:depth], strict=True)}
            )
            operator = "lt" if term.startswith("-") else "gt"
            condition |= step & Q(**{f"{names[depth]}__{operator}": _value(values[depth])})
        # The plain bound on the first column is what lets the index start at the cursor.
        first = "lte" if terms[0].startswith("-") else "gte"
        found = found.filter(Q(**{f"{names[0]}__{first}": _value(values[0])}) & condition)
    got = list(found[: size + 1])
    more, got = len(got) > size, got[:size]
    if backwards:
        got.reverse()
    has_next, has_previous = (bool(values), more) if backwards else (more, bool(values))
    return Page(
        rows=got,
        next=_encode([_read(got[-1], n) for n in names], False) if got and has_next else "",
        previous=_encode([_read(got[0], n) for n in names], True) if got and has_previous else "",
    )


def _flip(term: str) -> str:
    return term[1:] if term.startswith("-") else f"-{term}"


def _read(row: Model, name: str) -> Any:
    value: Any = row
    for part in name.split("__"):
        value = getattr(value, part)
    return value


def _value(value: Any) -> Any:
    if isinstance(value, str) and len(value) >= 20 and value[4:5] == "-" and "T" in value:
        return parse_datetime(value) or value
    return value
