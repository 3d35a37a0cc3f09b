"""Every package has its contract of doors, none with an exception, and the contract finds what it should."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import grimp

from lint.contracts import DoorsContract

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"][
    "importlinter"
]["contracts"]
PUBLIC = {"kit", "ui", "language", "speech", "__main__"}
"""Open as a whole, or nobody's to import."""


def test_every_package_has_its_contract() -> None:
    layers = next(one["layers"] for one in CONTRACTS if one["type"] == "layers")
    packages = {name.strip() for layer in layers for name in layer.split("|")} - PUBLIC
    assert {
        one["package"].removeprefix("hotline.") for one in CONTRACTS if one["type"] == "doors"
    } == packages


def test_no_import_is_ignored() -> None:
    assert not [one["name"] for one in CONTRACTS if one.get("ignore_imports")]


def test_the_contract_finds_an_import_that_goes_round_the_doors() -> None:
    graph = grimp.ImportGraph()
    for importer, imported in (
        ("hotline.b.views", "hotline.a.actions.filing"),
        ("hotline.b.views", "hotline.a.forms.filing"),
        ("hotline.a.views", "hotline.a.forms.filing"),
    ):
        for module in (importer, imported):
            parts = module.split(".")
            for end in range(1, len(parts) + 1):
                graph.add_module(".".join(parts[:end]))
        graph.add_import(importer=importer, imported=imported, line_number=3, line_contents="")
    options = {"package": "hotline.a", "doors": ["models", "actions"]}
    check = DoorsContract("a", {"root_packages": ["hotline"]}, options).check(graph, verbose=False)
    assert check.metadata["found"] == [("hotline.b.views", "hotline.a.forms.filing", [3])]
    assert not check.kept
