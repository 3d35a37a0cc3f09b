"""One running city and one browser for all journeys; each test brings its own people.

All journeys carry the group "journeys", so that xdist gives them to one worker and one city serves them.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.city import City, built, make_pack, own_database, ready_city
from tests.journeys.seed import seed

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.journey)
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.xdist_group("journeys"))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.when == "call":  # type: ignore[attr-defined]
        item.stash[FAILED] = report.failed  # type: ignore[attr-defined]
    return report


FAILED = pytest.StashKey[bool]()


def _chromium() -> str:
    return (
        CHROMIUM
        if Path(CHROMIUM).exists()
        else shutil.which("chromium") or shutil.which("google-chrome") or ""
    )


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """The county, run as `make run` runs a city, on a database of its own."""
    if not _chromium():
        pytest.skip("no Chromium: apt-get install chromium")
    if not built():
        pytest.skip("the frontend is not built: make install")
    folder = tmp_path_factory.mktemp("journeys")
    pack = make_pack(folder / "pack")
    with (
        own_database(os.environ["DATABASE_URL"], f"xinsheng_journeys_{os.getpid()}") as url,
        ready_city(folder / "var", pack=pack, database_url=url) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def browser(city: City) -> Iterator[Any]:
    from playwright.sync_api import expect, sync_playwright

    from tests.journeys.people import PATIENCE

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_chromium(), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def sign_ins() -> dict[str, Any]:
    """Sessions by user name, as the browser keeps them."""
    return {}


@pytest.fixture
def people(
    city: City, browser: Any, sign_ins: dict[str, Any], request: pytest.FixtureRequest
) -> Iterator[Any]:
    """Who takes part; see `People`."""
    from tests.journeys.people import People

    everybody = People(city, browser, sign_ins)
    yield everybody
    failed = request.node.stash.get(FAILED, False)
    faults = everybody.close(re.sub(r"\W+", "-", request.node.name) if failed else "")
    assert failed or not faults, f"scripts failed in the browser: {faults}"


@pytest.fixture(scope="session")
def first_orders(city: City) -> dict[str, tuple[str, str]]:
    return seed(city)


@pytest.fixture
def orders(
    city: City, first_orders: dict[str, tuple[str, str]], request: pytest.FixtureRequest
) -> dict[str, tuple[str, str]]:
    """Orders by name, as number and look-up code; see `seed.ORDERS`. A second try gets fresh ones."""
    return first_orders if getattr(request.node, "execution_count", 1) == 1 else seed(city)
