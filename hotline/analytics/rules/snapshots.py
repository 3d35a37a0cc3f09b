"""A snapshot's manifest: which files hold together, and up to where of the log they go. Pure; JSON in and out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class BadManifest(ValueError):
    """The text is no manifest of a lake; the message says why."""


@dataclass(frozen=True, slots=True)
class Position:
    """Place in the event log: the last event read in commit order, the highest id, and the transaction that was next."""

    xid: int = 0
    id: int = 0
    last_id: int = 0
    next_xid: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One file, by its path below the lake's folder, with `/`."""

    path: str
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """`tables`: fact → month (`2026-11`) → parts. `marks`: moments (UTC, ISO) up to which tables without events were read."""

    number: int = 0
    data_at: datetime | None = None
    position: Position = Position()
    marks: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, tuple[Part, ...]]] = field(default_factory=dict)
    dictionary: Part | None = None

    def parts(self, table: str) -> list[Part]:
        """All files of a table, by month."""
        months = self.tables.get(table, {})
        return [part for month in sorted(months) for part in months[month]]

    def rows(self, table: str) -> int:
        return sum(part.rows for part in self.parts(table))

    def paths(self) -> set[str]:
        """Every file that this snapshot needs."""
        named = {part.path for table in self.tables for part in self.parts(table)}
        return named | ({self.dictionary.path} if self.dictionary else set())

    def with_parts(self, table: str, months: Mapping[str, Iterable[Part]], *, replace: bool) -> Manifest:
        """The same with other files in these months: instead of the old ones, or beside them. A month without rows vanishes."""
        have = {month: tuple(parts) for month, parts in self.tables.get(table, {}).items()}
        for month, parts in months.items():
            new = tuple(part for part in parts if part.rows)
            have[month] = new if replace else (*have.get(month, ()), *new)
            if not have[month]:
                del have[month]
        return Manifest(self.number, self.data_at, self.position, self.marks, {**self.tables, table: have}, self.dictionary)


def to_text(manifest: Manifest) -> str:
    """JSON, one object, keys sorted: the same snapshot always gives the same bytes."""
    at = manifest.position
    return json.dumps(
        {
            "number": manifest.number,
            "data_at": manifest.data_at.isoformat() if manifest.data_at else None,
            "position": {"xid": at.xid, "id": at.id, "last_id": at.last_id, "next_xid": at.next_xid},
            "marks": dict(manifest.marks),
            "tables": {
                table: {month: [[part.path, part.rows, part.size] for part in parts] for month, parts in months.items()}
                for table, months in manifest.tables.items()
            },
            "dictionary": [manifest.dictionary.path, manifest.dictionary.rows, manifest.dictionary.size]
            if manifest.dictionary
            else None,
        },
        sort_keys=True,
        indent=1,
    )


def from_text(text: str) -> Manifest:
    """The manifest of `to_text`. BadManifest when it is none."""
    try:
        it: dict[str, Any] = json.loads(text)
        return Manifest(
            number=int(it["number"]),
            data_at=datetime.fromisoformat(it["data_at"]) if it["data_at"] else None,
            position=Position(**{name: int(value) for name, value in it["position"].items()}),
            marks=dict(it["marks"]),
            tables={
                table: {month: tuple(_part(row) for row in rows) for month, rows in months.items()}
                for table, months in it["tables"].items()
            },
            dictionary=_part(it["dictionary"]) if it["dictionary"] else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadManifest(f"not a manifest of the lake: {error}") from None


def _part(row: list[Any]) -> Part:
    path, rows, size = row
    if not isinstance(path, str) or path.startswith("/") or ".." in path:
        raise ValueError(f"a file outside the lake: {path!r}")
    return Part(path, int(rows), int(size))
