"""`hotline` as a shell meets it."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import pytest

from hotline.kit.progress import Progress, track


def hotline(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hotline", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def test_help_groups_our_commands_with_a_line_each() -> None:
    done = hotline("--help")
    assert done.returncode == 0
    assert re.search(r"^  run +\S", done.stdout, re.M)
    assert re.search(r"^  load-city +\S", done.stdout, re.M)
    assert done.stdout.index("  run ") < done.stdout.index("Django and its packages")


def test_help_of_one_command_uses_its_dashed_name() -> None:
    done = hotline("load-city", "--help")
    assert done.returncode == 0
    assert "usage: hotline load-city" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["lod-city"], 2, "did you mean 'load-city'"),
        (["backup"], 2, "required: target"),
        (["restore", "/nowhere/x.tar"], 1, "There is no file"),
    ],
)
def test_exit_codes(arguments: list[str], code: int, words: str) -> None:
    done = hotline(*arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr


def test_wrong_setting_names_itself() -> None:
    done = hotline("check", HOTLINE_PORT="http")
    assert done.returncode == 78
    assert "HOTLINE_PORT" in done.stderr


def test_unreachable_database_is_told_in_one_line() -> None:
    done = hotline("showmigrations", DATABASE_URL="postgresql://a:b@127.0.0.1:1/c", HOTLINE_MODE="test")
    assert done.returncode == 69, done.stderr
    assert "Traceback" not in done.stderr


def test_progress_without_a_terminal_is_one_closing_line() -> None:
    stream = io.StringIO()
    with Progress("orders", total=10, unit="rows", stream=stream) as progress:
        for _ in range(10):
            progress.advance()
    assert re.fullmatch(r"orders: 10/10 \(100%\) rows, \d+/s\n", stream.getvalue())


def test_quiet_progress_says_nothing_and_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track([1, 2, 3], "numbers", quiet=True)) == [1, 2, 3]
    assert capsys.readouterr() == ("", "")
