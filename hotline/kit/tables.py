"""Lists that people bring as CSV: read once, line by line, with faults that say what to do. And cells of lists taken out."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from typing import Any, Final

from django.utils.translation import gettext as _

from hotline.kit.errors import Invalid

MOST_CELL = 20_000
"""Characters of a cell; the longest that anybody means is a legal basis."""

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
Cell = str | int | float | None


def plain_cell(value: Any) -> Cell:
    """A cell that no spreadsheet takes for a formula (OWASP CSV injection); numbers stay numbers."""
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    text = str(value).replace("\x00", "")
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def decoded(raw: bytes) -> str:
    """The text of a file from a Chinese office, UTF-8 or GB 18030; Invalid `file` when it is neither."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    words = _("The file is neither UTF-8 nor GB 18030 text.")
    raise Invalid("file", words, details={"file": words})


def read_table(text: str, needed: Collection[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line of the file, cells by column, stripped) for each line with content; Invalid `file` when it cannot be read.

    Cells without a column are dropped, columns without a cell are "". The first line names the columns.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    try:
        missing = sorted(set(needed) - {(name or "").strip() for name in reader.fieldnames or ()})
        if missing:
            words = _("These columns are missing: %(names)s.") % {"names": ", ".join(missing)}
            raise Invalid("file", words, details={"file": words})
        for row in reader:
            cells = {
                name.strip(): (value or "").strip()
                for name, value in row.items()
                if isinstance(name, str) and not isinstance(value, list)
            }
            if any(len(value) > MOST_CELL for value in cells.values()):
                # csv's own limit is one for the whole process, and others raise it.
                raise csv.Error("field larger than field limit")
            if any(cells.values()):
                yield reader.line_num, cells
    except csv.Error as error:
        words = _("Line %(line)d cannot be read as CSV: a cell is too long or a quotation mark is not closed.") % {
            "line": reader.line_num
        }
        raise Invalid("file", words, details={"file": words}) from error
