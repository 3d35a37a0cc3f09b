"""Which append-only tables are chained, and over which columns. Packages register theirs from `AppConfig.ready`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_NAME = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Chain:
    """A chained table. It has `id bigint` and `xid xid8` and an index on both; `versions[n]` lists version n's columns."""

    name: str
    table: str
    versions: Mapping[int, tuple[str, ...]]

    @property
    def version(self) -> int:
        """The version that new links are sealed with."""
        return max(self.versions)

    def row_digest(self, version: int, alias: str = "t") -> str:
        """SQL of one row's SHA-256 (32 bytes).

        Each column becomes its length and its text, so that no two rows read alike. Times are written in UTC
        whatever the connection's zone is.
        """
        parts = []
        for column in self.versions[version]:
            name, _, kind = column.partition(":")
            text = _TEXT[kind or "text"].format(f"{alias}.{name}")
            parts.append(f"coalesce(length({text})::text || ':' || {text}, '-')")
        return f"sha256(convert_to('{self.name}.{version}' || {' || '.join(parts)}, 'UTF8'))"


_TEXT = {
    "text": "{}::text",
    "time": "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
}

_chains: dict[str, Chain] = {}


def register(name: str, table: str, columns: Sequence[str] | Mapping[int, Sequence[str]]) -> None:
    """Chain a table. `columns` that the digest covers: names, `name:time` for timestamps; `id` and `xid` among them.

    When a column is added later, give a mapping version → columns and keep the former versions: links remember
    theirs.
    """
    versions = columns if isinstance(columns, Mapping) else {1: columns}
    for listed in versions.values():
        for column in listed:
            plain, _, kind = column.partition(":")
            if not _NAME.fullmatch(plain) or (kind and kind not in _TEXT):
                raise ValueError(f"{column!r} is not a column of a chain")
        if not {"id", "xid"} <= set(listed):
            raise ValueError(f"chain {name!r} must cover id and xid")
    if not _NAME.fullmatch(name) or not _NAME.fullmatch(table):
        raise ValueError(f"{name!r} or {table!r} is not a plain name")
    _chains[name] = Chain(name, table, {version: tuple(listed) for version, listed in versions.items()})


def registered() -> dict[str, Chain]:
    """All chains by name."""
    return dict(_chains)
