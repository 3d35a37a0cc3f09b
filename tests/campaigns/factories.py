"""A campaign with a list and its words spoken, and the switch's words about its calls."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hotline.calls.actions import watch
from hotline.calls.actions.moving import SYSTEM
from hotline.calls.engines import LegStarted
from hotline.calls.models import Ask, Prompt
from hotline.calls.rules.prompting import key_of
from hotline.campaigns import actions
from hotline.campaigns.models import Campaign
from hotline.campaigns.queries import words
from hotline.kit.clock import CITY_ZONE
from tests.calls.factories import Exchange

SCRIPT = """# ask
解决了请按1，没有请按2，人工请按0，不再拨打请按9。
1 已解决 -> thanks
2 没有解决 -> thanks
0 转人工 -> person
9 不再拨打 -> stop

# thanks
谢谢您，再见。
"""
GIVEN = {
    "name": "回访",
    "script": SCRIPT,
    "opens": datetime(2026, 1, 1, 9).time(),
    "closes": datetime(2026, 1, 1, 20).time(),
    "workdays_only": False,
    "lines": 2,
    "tries": 2,
    "rest_days": 7,
}
MORNING = datetime(2026, 11, 23, 10, 0, tzinfo=CITY_ZONE)
LIST = "姓名,电话\n甲,13800000001\n乙,138 0000 0002\n丙,13800000001\n丁,12\n戊,\n".encode()


def spoken() -> None:
    """As the voice would leave it."""
    for name, text in words().items():
        Prompt.objects.update_or_create(name=name, defaults={"key": key_of(text), "at": MORNING})


def made(leader: Any, data: bytes = LIST, **given: Any) -> Campaign:
    row = actions.save(actor=leader, campaign_id=None, given={**GIVEN, **given})
    actions.add_list(actor=leader, campaign_id=row.pk, data=data, dry=False)
    return row


def running(leader: Any, data: bytes = LIST, **given: Any) -> Campaign:
    row = made(leader, data, **given)
    spoken()
    actions.start(actor=leader, campaign_id=row.pk)
    return row


def due() -> list[Ask]:
    """A second passes; what the switch is asked to dial."""
    watch(actor=SYSTEM)
    return list(Ask.objects.filter(verb="originate").order_by("pk"))


def picked_up(exchange: Exchange, row: Ask) -> str:
    leg = rung(exchange, row)
    exchange.answered(leg)
    return leg


def rung(exchange: Exchange, row: Ask) -> str:
    leg = f"out-{row.pk}"
    label = row.arguments["label"]
    row.delete()
    exchange.tell(LegStarted, leg, exchange.facts(leg, direction="out", label=label, caller=""))
    return leg


def asked(leg: str) -> list[str]:
    return [one.verb for one in Ask.objects.order_by("pk") if one.arguments.get("leg") == leg]
