"""Entries in Word files: one entry a first-level heading, a table of two columns with its facts, then its content."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import docx
from django.utils.translation import gettext as _
from docx.document import Document as WordDocument
from docx.table import Table
from docx.text.paragraph import Paragraph

from hotline.kit.errors import Invalid
from hotline.knowledge.files import open_package
from hotline.knowledge.rules.tables import COLUMNS, MOST_ROWS, Fault

_NAMES = {label: name for name, label in COLUMNS.items()}
_HEADING = re.compile(r"(?:Heading|标题) ?([1-6])")


def read_word(data: bytes) -> tuple[list[dict[str, str]], list[Fault]]:
    """Rows as `tables.read_csv` gives them; `row` counts the entries. Invalid for a file that is no Word document."""
    names = open_package(data)
    if "word/document.xml" not in names:
        raise Invalid("file", _("This is no Word document (.docx)."), details={"file": _("This is no Word document (.docx).")})
    try:
        document = docx.Document(io.BytesIO(data))
    except (KeyError, ValueError, AttributeError, SyntaxError):
        raise Invalid("file", _("The file is damaged."), details={"file": _("The file is damaged.")}) from None
    rows: list[dict[str, str]] = []
    faults: list[Fault] = []
    lines: list[str] = []
    for block in document.iter_inner_content():
        if isinstance(block, Paragraph) and _level(block) == 1:
            _close(rows, lines)
            rows.append({"title": block.text.strip(), "row": str(len(rows) + 1)})
            lines = []
        elif not rows:
            if not isinstance(block, Paragraph) or block.text.strip():
                continue  # A cover or a foreword before the first entry.
        elif isinstance(block, Table):
            facts = _facts(block) if not any(lines) else None
            if facts is not None:
                rows[-1] |= facts
            else:
                lines += ["", *_table_lines(block), ""]
        else:
            lines += _paragraph_lines(block)
    _close(rows, lines)
    if not rows:
        faults.append(Fault(0, "", _("There is no entry: begin each with its title as “Heading 1”.")))
    if len(rows) > MOST_ROWS:
        faults.append(Fault(0, "", _("At most %(n)d rows at once; divide the file.") % {"n": MOST_ROWS}))
    return rows, faults


def _close(rows: list[dict[str, str]], lines: list[str]) -> None:
    if rows:
        rows[-1]["content"] = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _level(paragraph: Paragraph) -> int:
    style = paragraph.style.name if paragraph.style is not None else ""
    found = _HEADING.fullmatch(style or "")
    return int(found.group(1)) if found else 0


def _facts(table: Table) -> dict[str, str] | None:
    """The table of facts; None when it is one of the content's own."""
    pairs = [[cell.text.strip() for cell in row.cells] for row in table.rows]
    if not pairs or any(len(pair) != 2 or (pair[0] not in _NAMES and pair[0] not in COLUMNS) for pair in pairs):
        return None
    return {_NAMES.get(name, name): value for name, value in pairs if _NAMES.get(name, name) not in ("title", "content")}


def _paragraph_lines(paragraph: Paragraph) -> list[str]:
    text = paragraph.text.strip()
    if not text:
        return [""]
    level = _level(paragraph)
    style = (paragraph.style.name if paragraph.style is not None else "") or ""
    if level:
        return ["", "#" * level + " " + text, ""]
    if style.startswith("List Number"):
        return [f"1. {text}"]
    if style.startswith("List"):
        return [f"- {text}"]
    return ["", text.replace("\n", "  \n"), ""]


def _table_lines(table: Table) -> list[str]:
    rows = [[cell.text.strip().replace("|", "\\|").replace("\n", " ") for cell in row.cells] for row in table.rows]
    if not rows:
        return []
    head, *rest = rows
    return [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rest)]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def write_word(rows: Iterable[Mapping[str, str]]) -> bytes:
    """The same shape, so that what was exported can be imported again."""
    document = docx.Document()
    for row in rows:
        document.add_heading(row["title"], level=1)
        facts = [(label, row.get(name, "")) for name, label in COLUMNS.items() if name not in ("title", "content")]
        table = document.add_table(rows=0, cols=2)
        table.style = "Table Grid"
        for label, value in facts:
            cells = table.add_row().cells
            cells[0].text, cells[1].text = label, _clean(value)
        for kind, value in _blocks(row.get("content", "")):
            _add(document, kind, value)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _clean(text: str) -> str:
    # XML cannot hold control characters.
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text)


def _blocks(content: str) -> Iterator[tuple[str, Any]]:
    """Markdown's lines as blocks: heading, list item, table row group, paragraph. What else it knows stays as text."""
    table: list[list[str]] = []
    paragraph: list[str] = []
    for line in [*content.splitlines(), ""]:
        text = line.strip()
        row = re.fullmatch(r"\|(.*)\|", text)
        if table and not row:
            yield "table", table
            table = []
        mark = re.match(r"(#{1,6}|[-*+]|\d+[.)])\s+(.*)", text)
        if paragraph and (not text or mark or row):
            yield "paragraph", "\n".join(paragraph)
            paragraph = []
        if row:
            cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row.group(1))]
            if not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
                table.append(cells)
        elif mark:
            kind = {"#": "heading"}.get(mark.group(1)[0], "number" if mark.group(1)[0].isdigit() else "item")
            yield kind, (len(mark.group(1)), mark.group(2))
        elif text:
            paragraph.append(text)


def _add(document: WordDocument, kind: str, value: Any) -> None:
    if kind == "table":
        width = max(len(row) for row in value)
        table = document.add_table(rows=0, cols=width)
        table.style = "Table Grid"
        for row in value:
            cells = table.add_row().cells
            for at, text in enumerate(row):
                cells[at].text = _clean(text)
    elif kind == "paragraph":
        document.add_paragraph(_clean(value))
    elif kind == "heading":
        document.add_heading(_clean(value[1]), level=min(max(value[0], 2), 6))
    else:
        document.add_paragraph(_clean(value[1]), style="List Number" if kind == "number" else "List Bullet")
