"""What people call those who deliver messages: a source is stored as `kind:<id>`, and the package of a kind knows its names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from hotline.intake.models import ImportBatch
from hotline.kit.numbers import whole

Names = Callable[[Collection[int]], Mapping[int, str]]
_names: dict[str, Names] = {}


def name_sources(kind: str, names: Names) -> None:
    """Say what sources `kind:<id>` are called: `names(ids)` gives id → name, in one query."""
    _names[kind] = names


def source_names(sources: Iterable[str]) -> dict[str, str]:
    """Source → name; one that nobody knows by name is called as it is stored. One query a kind."""
    found = {source: source for source in sources}
    wanted: dict[str, dict[int, str]] = {}
    for source in found:
        kind, _colon, text = source.partition(":")
        if kind in _names and (number := whole(text)) is not None:
            wanted.setdefault(kind, {})[number] = source
    for kind, given in wanted.items():
        found |= {given[number]: name for number, name in _names[kind](given).items() if number in given}
    return found


def import_names(ids: Collection[int]) -> dict[int, str]:
    """Imports by the name of their file."""
    return dict(ImportBatch.objects.filter(pk__in=ids).values_list("pk", "file_name"))
