"""The operator's page knows every setting and every command of ours."""

from __future__ import annotations

from pathlib import Path

from hotline.__main__ import WITHOUT_DATABASE
from hotline.config.environment import Environment

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()


def test_every_setting_is_listed() -> None:
    missing = [name.upper() for name in Environment.model_fields if f"| `{name.upper()}` |" not in PAGE]
    assert not missing


def test_no_setting_is_listed_that_does_not_exist() -> None:
    listed = {
        line.split("`")[1]
        for line in PAGE.splitlines()
        if line.startswith("| `") and line.split("`")[1].isupper()
    }
    assert listed == {name.upper() for name in Environment.model_fields}


def test_run_needs_no_database_beforehand() -> None:
    assert {"run", "help"} <= WITHOUT_DATABASE
