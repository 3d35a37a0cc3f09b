"""Markdown to safe HTML, and to the paragraphs that a search cites.

Raw HTML is switched off in the parser and whatever is left is cleaned against a list; a paragraph's number is the same
in `render` (its anchor `p-3`) and in `parts_of`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from hotline.kit.numbers import whole

LONGEST_PART: Final = 700
"""Characters of one part; a longer list or table is cut between its lines."""
PIECE: Final = 100_000
"""Added to the position for each further piece of a long block; the anchor is the rest."""
FILES: Final = "attachment:"
_TAGS: Final = {
    "p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a", "img",
    "table", "thead", "tbody", "tr", "th", "td", "div",
}  # fmt: skip
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start", "id"},
    "div": {"class", "id", "tabindex"},
} | {tag: {"id"} for tag in ("p", "ul", "code", "blockquote")}
_TABLE = re.compile(r"<table( id=\"p-\d+\")?>")
_ANCHOR = re.compile(r"p-\d{1,5}")
_BLOCKS: Final = frozenset({"paragraph_open", "bullet_list_open", "ordered_list_open", "table_open", "blockquote_open", "fence", "code_block"})


@dataclass(frozen=True, slots=True)
class Part:
    """What can be cited: `position` its anchor, `heading` the headings above it joined by ›, `text` its plain words."""

    position: int
    heading: str
    text: str


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable(["table", "strikethrough"])


def render(source: str, files: Mapping[int, str] | None = None) -> str:
    """Safe HTML of `source`. `files`: number of an attachment → its address, for `attachment:7`."""
    tokens = _parser().parse(source.replace("\0", ""))
    _anchored(tokens)
    parser = _parser()
    html = parser.renderer.render(_linked(tokens, files or {}), parser.options, {})
    html = _TABLE.sub(r'<div class="table-frame" tabindex="0"\1><table>', html).replace("</table>", "</table></div>")
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_allowed,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="nofollow noopener noreferrer",
    )


def _allowed(tag: str, name: str, value: str) -> str | None:
    if name == "id":
        return value if _ANCHOR.fullmatch(value) else None
    if tag == "div":
        return value if (name, value) in (("class", "table-frame"), ("tabindex", "0")) else None
    if tag == "img" and name == "src":
        # Pictures of other hosts would tell them who reads what; only files of this entry are shown.
        return value if value.startswith("/knowledge/files/") else None
    return value


def _anchored(tokens: Sequence[Token]) -> None:
    """Number the blocks of the outermost level; headings go one level down, because the page has its own h1."""
    position = 0
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
        if token.level == 0 and token.type in _BLOCKS:
            position += 1
            token.attrSet("id", f"p-{position}")
            token.meta = {**token.meta, "position": position}


def _linked(tokens: Sequence[Token], files: Mapping[int, str]) -> Sequence[Token]:
    for token in tokens:
        for child in token.children or ():
            for name in ("href", "src"):
                value = str(child.attrGet(name) or "")
                if value.startswith(FILES):
                    child.attrSet(name, files.get(whole(value.removeprefix(FILES)) or 0, ""))
    return tokens


def parts_of(source: str) -> list[Part]:
    """The citable parts in order. A list or table is one part with a line an item or row; a long one gives several."""
    tokens = _parser().parse(source.replace("\0", ""))
    _anchored(tokens)
    parts: list[Part] = []
    headings: dict[int, str] = {}
    index = 0
    while index < len(tokens):
        token = tokens[index]
        end = _end(tokens, index)
        if token.type == "heading_open":
            level = int(token.tag[1])
            headings = {at: text for at, text in headings.items() if at < level}
            headings[level] = _inline(tokens[index + 1])
        elif "position" in token.meta:
            heading = " › ".join(text for _level, text in sorted(headings.items()) if text)[:200]
            for text in _chunks(_lines(tokens[index : end + 1])):
                parts.append(Part(int(token.meta["position"]), heading, text))
        index = end + 1
    return _numbered_once(parts)


def _numbered_once(parts: Iterable[Part]) -> list[Part]:
    """Pieces of one long block share an anchor but not a position: 3, 3 → 3, 3 + PIECE."""
    seen: dict[int, int] = {}
    once = []
    for part in parts:
        again = seen.get(part.position, 0)
        seen[part.position] = again + 1
        once.append(Part(part.position + PIECE * again, part.heading, part.text))
    return once


def _end(tokens: Sequence[Token], start: int) -> int:
    depth = 0
    for index in range(start, len(tokens)):
        depth += tokens[index].nesting
        if depth <= 0:
            return index
    return len(tokens) - 1


def _inline(token: Token) -> str:
    words = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            words.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            words.append(" ")
        elif child.type == "image":
            words.append(child.content)
    return "".join(words).strip()


def _lines(tokens: Sequence[Token]) -> list[str]:
    """Plain lines of a block: a paragraph, an item, a row as "name: value; name: value"."""
    if tokens[0].type == "table_open":
        return _rows(tokens)
    lines = []
    for token in tokens:
        if token.type == "inline" and (text := _inline(token)):
            lines.append(text)
        elif token.type in ("fence", "code_block"):
            lines += [line for line in token.content.splitlines() if line.strip()]
    return lines


def _rows(tokens: Sequence[Token]) -> list[str]:
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_inline(token))
    head, *rest = rows
    if not rest:
        return ["；".join(head)]
    return ["；".join(f"{name}：{cell}" if name else cell for name, cell in zip(head, row, strict=False) if cell) for row in rest]


def _chunks(lines: Iterable[str]) -> list[str]:
    chunks: list[str] = []
    size = LONGEST_PART + 1
    for line in lines:
        for piece in [line[at : at + LONGEST_PART] for at in range(0, len(line), LONGEST_PART)]:
            if size + len(piece) > LONGEST_PART:
                chunks.append(piece)
                size = len(piece)
            else:
                chunks[-1] += "\n" + piece
                size += len(piece) + 1
    return chunks
