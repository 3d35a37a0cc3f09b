"""The city in which appeals are filed; a `conftest.py` that imports `city` offers it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hotline.intake.queries import forget_reference
from tests.accounts.cast import Cast
from tests.intake.factories import make_reference
from tests.workorders.factories import make_city


@pytest.fixture
def city(cast: Cast) -> Iterator[Cast]:
    """The cast in a city with a policy, categories, divisions, reasons."""
    make_city(cast)
    make_reference()
    forget_reference()
    yield cast
    forget_reference()


__all__ = ["city"]
