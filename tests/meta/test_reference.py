"""docs/reference.md knows every permission, event and hook; the settings are tested beside operations.md."""

from __future__ import annotations

from pathlib import Path

from hotline.accounts.rules import PERMISSIONS
from hotline.kit import events
from hotline.ops import reference

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")
AGAIN = "run `hotline reference`"


def listed(section: str) -> set[str]:
    body = PAGE.split(f"## {section}\n")[1].split("\n## ")[0]
    return {line.split("`")[1] for line in body.splitlines() if line.startswith("| `")}


def test_every_permission_is_listed() -> None:
    assert listed("Permissions") == set(PERMISSIONS), AGAIN


def test_every_event_is_listed() -> None:
    reference.render()  # loads what declares them
    assert listed("Events") == set(events.KNOWN), AGAIN


def test_every_hook_is_listed_and_says_what_it_is_for() -> None:
    assert listed("Hooks") == set(reference.hooks()), AGAIN
    assert all(reference.hooks().values())
    assert "hotline.audit.chains.register" in reference.hooks()
