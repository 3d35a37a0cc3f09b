from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from tests.accounts.cast import Cast
from tests.workorders.factories import MONDAY, make_city


@pytest.fixture
def city(cast: Cast) -> Cast:
    """The cast in a city with a calendar and a policy."""
    make_city(cast)
    return cast


@pytest.fixture
def monday() -> Iterator[None]:
    """Time stands still on a working Monday morning."""
    with time_machine.travel(MONDAY, tick=False):
        yield
