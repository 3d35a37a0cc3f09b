"""Orders that journeys start from, made by the same actions as people's, in one go."""

from __future__ import annotations

import json

from tests.journeys.city import City

SCRIPT = """
import json, os
from hotline.accounts.models import Person, Unit
from hotline.accounts.queries import actor_for
from hotline.intake.actions import file_appeal
from hotline.intake.rules import AppealForm, CitizenInput
from hotline.workorders import actions
from hotline.workorders.models import Assignment, WorkOrder

def who(name):
    return actor_for(Person.objects.get(username=name))

made = {}
for name, given in json.loads(%r).items():
    filed = file_appeal(
        actor=who("agent"), channel="phone", source="seed", idempotency_key=f"seed-{name}-{os.getpid()}",
        demand=AppealForm(
            title=given["title"], content=given["title"] + "，已经持续一个多星期，影响出行，希望尽快处理。",
            demand_type=given.get("kind", "help"), category=given.get("category", "01.02.02"), division="990123100001",
            address="湖滨路" + given["phone"][-2:] + "号", secret=given.get("secret", False),
        ),
        citizen=CitizenInput(phone=given["phone"], name="王小明"),
    )
    order = WorkOrder.objects.get(pk=filed.order_id)
    if order.state == "pending_review":
        actions.pass_review(actor=who("dispatcher"), order_id=order.pk)
    if given["state"] != "pool":
        unit = Unit.objects.get(code=given.get("unit", "ZJ"))
        actions.dispatch_order(actor=who("dispatcher"), order_id=order.pk, lead_unit_id=unit.pk)
    if given["state"] == "signed":
        at = Assignment.objects.get(order=order)
        actions.sign(actor=who(given.get("handler", "handler")), assignment_id=at.pk)
    made[name] = [filed.number, filed.lookup_code]
print("MADE", json.dumps(made))
"""

ORDERS = {
    "secret": {
        "title": "举报有人在仓库聚众赌博",
        "phone": "13911110001",
        "state": "signed",
        "kind": "report",
        "category": "07.01.02",
        "unit": "GA",
        "handler": "ga",
        "secret": True,
    },
    "return": {"title": "湖滨路公交站牌歪斜", "phone": "13911110002", "state": "sent"},
    "extend": {"title": "解放路人行道塌陷", "phone": "13911110003", "state": "signed"},
    "main": {"title": "学宫街路面大坑", "phone": "13911110004", "state": "pool", "category": "01.02.01"},
    "double": {
        "title": "学宫街路上有个大坑",
        "phone": "13911110005",
        "state": "pool",
        "category": "01.02.01",
    },
    "two": {"title": "东渡路井盖松动", "phone": "13911110006", "state": "signed"},
    "expire": {"title": "柳河大街路灯闪烁", "phone": "13911110007", "state": "signed"},
    "look": {"title": "西关路积水", "phone": "13911110008", "state": "signed"},
    "waits": {"title": "石门公路护栏破损", "phone": "13911110009", "state": "pool"},
    "append": {"title": "环湖路路灯不亮", "phone": "13911110010", "state": "signed"},
}
"""Each journey has orders of its own: none disturbs another."""


def seed(city: City) -> dict[str, tuple[str, str]]:
    """Name → number and look-up code."""
    said = city.command("shell", "-c", SCRIPT % json.dumps(ORDERS))
    assert "MADE " in said.stdout, said.stdout[-1000:] + said.stderr[-3000:]
    made = json.loads(said.stdout.partition("MADE ")[2])
    return {name: (number, code) for name, (number, code) in made.items()}
