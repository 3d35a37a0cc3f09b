"""`hotline` as a shell meets it."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import pytest
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandError

from hotline.__main__ import main
from hotline.kit.errors import ActionError
from hotline.kit.progress import Progress, track


def hotline(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hotline", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def within(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The same in this process, which has all of the platform loaded: exit code, output, errors."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    said = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return left.value.code, said.out, said.err


def test_help_groups_our_commands_with_a_line_each() -> None:
    done = hotline("--help")
    assert done.returncode == 0
    assert re.search(r"^  run +\S", done.stdout, re.M)
    assert re.search(r"^  load-city +\S", done.stdout, re.M)
    assert done.stdout.index("  run ") < done.stdout.index("Django and its packages")


def test_help_of_one_command_uses_its_dashed_name(capsys: pytest.CaptureFixture[str]) -> None:
    code, words, _errors = within(capsys, "load-city", "--help")
    assert code == 0
    assert "usage: hotline load-city" in words


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["lod-city"], 2, "did you mean 'load-city'"),
        (["backup"], 2, "required: target"),
        (["restore", "/nowhere/x.tar"], 1, "There is no file"),
    ],
)
def test_exit_codes(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str) -> None:
    found, _words, errors = within(capsys, *arguments)
    assert found == code, errors
    assert words in errors


OWN = (
    "run", "load-city", "generate", "replay", "import", "import-divisions", "deadlines", "audit", "backup", "restore",
)


@pytest.mark.parametrize("name", OWN)
def test_every_command_of_ours_has_help(name: str) -> None:
    """Its own parser, in this process: a sentence on what it does, and words for each argument of its own."""
    command = load_command_class(get_commands()[name.replace("-", "_")], name.replace("-", "_"))
    parser = command.create_parser("hotline", name)
    assert len(command.help) > 20
    framework = {option for action in BaseCommand().create_parser("hotline", name)._actions for option in action.option_strings}
    for action in parser._actions:
        if not framework & set(action.option_strings):
            assert action.help or action.choices, f"{name}: {action.dest} says nothing"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "arguments",
    [
        ["load_city", "/nowhere/pack"],
        ["replay", "/nowhere/messages.csv"],
        ["import", "/nowhere/appeals.csv"],
        ["generate", "--orders", "0"],
        ["audit", "verify", "--chain", "nothing"],
        ["restore", "/nowhere/x.tar"],
    ],
)
def test_what_cannot_be_done_fails_with_words(arguments: list[str]) -> None:
    with pytest.raises((CommandError, ActionError)) as fault:
        call_command(*arguments)
    assert str(fault.value)
    assert getattr(fault.value, "returncode", 1) == 1


@pytest.mark.django_db
def test_what_is_found_well_succeeds() -> None:
    for arguments in (["deadlines", "check"], ["audit", "verify"]):
        call_command(*arguments)


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
