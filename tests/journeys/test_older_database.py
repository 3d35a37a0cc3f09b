"""The main job on the oldest PostgreSQL that is promised: Debian's 15, by DATABASE_URL. The whole outcome, in a real Chromium.

Its signs of life are those of `test_whole_outcome`; only the city's database differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.journeys.city import City, built, make_pack, own_database, ready_city
from tests.journeys.older import installed, postgresql_15
from tests.journeys.people import People
from tests.journeys.test_whole_outcome import (
    test_from_the_citizens_word_to_a_verified_result as whole_outcome,
)

pytestmark = pytest.mark.skipif(not installed(), reason="no PostgreSQL 15: apt-get install postgresql-15")


@pytest.fixture(scope="module")
def older_city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """The county on a PostgreSQL 15 of its own."""
    if not built():
        pytest.skip("the frontend is not built: make install")
    folder = tmp_path_factory.mktemp("older")
    pack = make_pack(folder / "pack")
    with (
        postgresql_15() as server,
        own_database(server, "xinsheng") as url,
        ready_city(folder / "var", pack=pack, database_url=url) as running,
    ):
        yield running


def test_the_whole_outcome_on_postgresql_15(older_city: City, browser: Any) -> None:
    version = older_city.value("SELECT current_setting('server_version_num')::int / 10000")
    assert version == 15
    people = People(older_city, browser, {})
    try:
        whole_outcome(people)
    except BaseException:
        people.close("older-database")
        raise
    assert not people.close("")
    said = older_city.command("deadlines", "check")
    assert said.returncode == 0, said.stdout[-2000:] + said.stderr[-2000:]
    said = older_city.command("audit", "verify")
    assert said.returncode == 0, said.stdout[-2000:] + said.stderr[-2000:]
