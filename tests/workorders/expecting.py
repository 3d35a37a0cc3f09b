"""What tests of orders expect again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hotline.kit.errors import Invalid, Refused
from hotline.workorders.actions.checking import check_orders
from hotline.workorders.models import WorkOrder, WorkOrderEvent


def refused(code: str, act: Callable[..., Any], **arguments: Any) -> None:
    """The action raises Refused or Invalid with that code, and writes nothing."""
    before = WorkOrderEvent.objects.count()
    with pytest.raises((Refused, Invalid)) as error:
        act(**arguments)
    assert error.value.code == code
    assert WorkOrderEvent.objects.count() == before


def verbs(order: WorkOrder) -> list[str]:
    return list(WorkOrderEvent.objects.filter(order=order).order_by("id").values_list("verb", flat=True))


def no_differences() -> None:
    """Every row says what the log says."""
    assert [str(difference) for difference in check_orders()] == []
