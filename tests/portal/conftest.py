from __future__ import annotations

from collections.abc import Iterator

import pytest

from hotline.intake.queries import forget_reference
from hotline.places.models import Division
from tests.accounts.cast import Cast
from tests.intake.factories import make_reference
from tests.workorders.factories import make_city


@pytest.fixture
def city(cast: Cast) -> Iterator[Cast]:
    make_city(cast)
    make_reference()
    Division.objects.filter(pk="310106010000").update(parent="310106000000")
    forget_reference()
    yield cast
    forget_reference()
