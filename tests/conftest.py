"""One real PostgreSQL for the whole session, closed sockets, and where fixtures live.

- With DATABASE_URL set, that server is used (pytest-django makes `test_…` beside the named database).
- Without it, an embedded server starts once, in the process that was asked to run the tests; xdist's workers
  inherit its address. It gives up fsync: nothing in it outlives the session.

The environment is prepared while this file is imported, because pytest-django loads the settings right after.

Fixtures of a package stand in `tests/<package>/conftest.py`, its factories in `tests/<package>/factories.py`.
The standing cast (agent, dispatcher, handler, handler at another unit, reviewer, follow-up clerk, citizen)
comes from `tests/accounts/factories.py` and is offered to every test by the plugin list below.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import django
import pytest
from hypothesis import HealthCheck, settings

from hotline.ops.machine import PostgresFault
from hotline.ops.postgres import Cluster

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hotline.config.settings")
os.environ["HOTLINE_MODE"] = "test"

# The same examples each time, however slow the machine: a red run means a fault, not bad luck.
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

_cluster: Cluster | None = None
_folder: Path | None = None
_IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
_PREFIX = "xinsheng-test-"


def _sweep() -> None:
    """End what a killed session left, its server, then its folder, whose name holds the session's id."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        number = folder.name.removeprefix(_PREFIX).split("-")[0]
        if number.isdigit() and not Path(f"/proc/{number}").exists():
            with contextlib.suppress(PostgresFault, OSError):
                Cluster(folder).stop()
            shutil.rmtree(folder, ignore_errors=True)


if not _IS_WORKER:
    _sweep()
    _folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    # Ours alone, but the database's system user has to pass through it when root runs the tests.
    _folder.chmod(0o711)
    os.environ["HOTLINE_DATA_DIR"] = str(_folder)
    if not os.environ.get("DATABASE_URL"):
        _cluster = Cluster(_folder, durable=False)
        _cluster.start()
        os.environ["DATABASE_URL"] = _cluster.url

django.setup()  # before fixtures are imported: they import models

pytest_plugins = [
    name for name in ("tests.accounts.cast",) if find_spec("tests.accounts") and find_spec(name)
]


TESTS = Path(__file__).parent
OWN_PROCESSES = tuple(
    TESTS / name for name in ("calls", "campaigns/test_real_calls.py", "emotion", "journeys", "language/test_worker.py", "live", "ops", "softswitch", "transcripts")
)


TELEPHONES = tuple(TESTS / name for name in ("calls/test_distributor.py", "calls/test_softphone.py", "campaigns/test_real_calls.py", "transcripts/test_real_calls.py"))
"""Real calls beside those of tests/softswitch: all of them in one worker, or each would be late by the others' sound."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever talks to processes that keep time by the clock is tried once more; the closing line counts it (ADR 10).

    And what several tests share is made once: they go to one worker. Else both make it, for xdist deals tests out one by one.
    """
    for item in items:
        if any(item.path.is_relative_to(place) for place in OWN_PROCESSES):
            item.add_marker(pytest.mark.flaky(reruns=1))
        if item.path in TELEPHONES:
            item.add_marker(pytest.mark.xdist_group("softswitch"))
        elif item.get_closest_marker("xdist_group") is None and (shared := _shared(item)):
            item.add_marker(pytest.mark.xdist_group(shared))


def _shared(item: pytest.Item) -> str:
    """The file or folder whose fixtures this test shares with others; "" when it has all to itself."""
    found = getattr(item, "_fixtureinfo", None)
    bases = [
        definitions[-1].baseid
        for definitions in (found.name2fixturedefs.values() if found else ())
        if definitions[-1].scope in ("module", "session") and definitions[-1].baseid.startswith("tests/")
    ]
    return min(bases, key=len, default="")


def pytest_unconfigure(config: pytest.Config) -> None:
    if _cluster is not None:
        _cluster.stop()
    if _folder is not None:
        shutil.rmtree(_folder, ignore_errors=True)
