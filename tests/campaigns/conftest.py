from __future__ import annotations

from typing import Any

import pytest
import time_machine

from hotline.accounts.models import Role
from hotline.accounts.queries import actor_for
from tests.accounts.cast import Cast
from tests.accounts.factories import make_person
from tests.campaigns.factories import MORNING


@pytest.fixture
def leader(cast: Cast) -> Any:
    return actor_for(make_person("值班长", (Role.SHIFT_LEADER, cast.hub)))


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(MORNING, tick=False) as moved:
        yield moved
