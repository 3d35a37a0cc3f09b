"""What looks like a number is not always one."""

import re
from pathlib import Path

import pytest

import hotline
from hotline.kit.numbers import whole, wholes


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0), ("007", 7), (str(2**63 - 1), 2**63 - 1), (str(2**63), None), ("9" * 5000, None), ("", None), (None, None),
        ("²", None), ("٣", None), ("１", None), ("-1", None), ("1.0", None), (" 1", None), ("1\0", None), ("1e3", None),
    ],
)  # fmt: skip
def test_whole(text: str | None, number: int | None) -> None:
    assert whole(text) == number


def test_wholes() -> None:
    assert wholes(["3", "x", "²", "1"]) == [3, 1]


def test_nobody_guards_int_by_isdigit() -> None:
    """`int(text) if text.isdigit()` is an error of the server for "²"."""
    guarded = re.compile(r"\bint\([^()\n]+\)[^\n]*\bif [^\n]*\.isdigit\(\)")
    found = [path.name for path in Path(hotline.__path__[0]).rglob("views*/**/*.py") if guarded.search(path.read_text())]
    found += [path.name for path in Path(hotline.__path__[0]).glob("*/*.py") if guarded.search(path.read_text())]
    assert found == []
