"""What happens with a new order without anybody: read, proposed, risky, sent by itself, settled. Jobs by their actions."""

from __future__ import annotations

from typing import Any

import pytest
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from hotline.config import subscriptions
from hotline.dispatch import actions, tasks
from hotline.dispatch.rules import Hold
from hotline.intake.actions import filing
from hotline.kit import events
from hotline.kit.errors import NotVisible
from hotline.language.category import Answer, Evidence, Guess
from hotline.language.client import Off
from hotline.suggestions import queries as readings
from hotline.suggestions.models import RiskAlert, Suggestion
from hotline.suggestions.queries import reading
from hotline.workorders import actions as orders
from hotline.workorders.models import Category, WorkOrder
from tests.accounts.cast import Cast
from tests.dispatch.test_views import entry, noise, waiting
from tests.intake.factories import filed
from tests.workorders.factories import closed, make_order

pytestmark = pytest.mark.django_db


class Worker:
    """The models' worker as a double: what it answers, or why it does not."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def categories(self, _title: str, _text: str, **_more: Any) -> Any:
        return self.answer


def says(monkeypatch: pytest.MonkeyPatch, *guesses: tuple[str, float], abstains: bool = False) -> None:
    """The model names these categories, by code."""
    paths = {one.code: tuple(one.path_name.split(" › ")) for one in Category.objects.all()}
    found = tuple(Guess(paths.get(code, (code,)), share) for code, share in guesses)
    answer = Answer(found, found, abstains, (Evidence(False, 0, 2, 0.5),))
    monkeypatch.setattr(reading, "model_worker", lambda: Worker((answer, "7")))


def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "model_worker", lambda: Worker(Off("gone", "nobody answers")))


def test_an_order_is_read_once(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, ("02.01.01", 0.94), ("02.01.02", 0.04), ("nowhere", 0.03))
    entry(city)
    order = make_order(
        city,
        category_id=None,
        division_id="310106010000",
        title="夜里施工",
        content="工地半夜还在施工，吵得睡不着。",
    )
    assert tasks.propose(order_id=order.pk, appeal_id=1) == 6
    assert tasks.propose(order_id=order.pk, appeal_id=1) == 0
    found = readings.proposals_of(order.pk)
    assert [one["value"] for one in found["category"].candidates] == ["02.01.01", "02.01.02"]
    assert (found["category"].model, found["category"].confidence) == ("category 7", 0.94)
    assert found["category"].evidence == [["content", 0, 2]]
    assert found["unit"].candidates[0]["value"] == str(city.a.pk)
    assert not RiskAlert.objects.exists()
    assert tasks.propose(order_id=10**9) == 0


def test_what_the_machine_is_unsure_of_is_no_proposal(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, ("02.01.01", 0.3), abstains=True)
    order = waiting(city)
    tasks.propose(order_id=order.pk)
    assert readings.proposals_of(order.pk)["category"].candidates == []


def test_a_leaf_that_is_hardly_likely_is_no_proposal_either(
    city: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, ("02.01.01", 0.2), ("02.01.02", 0.01))
    found = readings.read_text("", "😀😀😀😀")
    assert not found.sure
    assert [one.value for one in found.categories] == ["02.01.01"]
    assert found.proposals()[0].candidates == ()


def test_without_a_model_the_names_of_categories_speak_and_never_for_automatic_dispatch(
    city: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent(monkeypatch)
    wanted = noise()
    order = make_order(city, category_id=None, title="吵", content=f"小区旁边{wanted.name}，天天如此。")
    tasks.propose(order_id=order.pk)
    found = readings.proposals_of(order.pk)["category"]
    assert (found.model, found.candidates[0]["value"]) == ("names", wanted.code)
    assert found.confidence < 0.5


def test_a_risk_is_raised_once_and_holds_the_order(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, ("02.01.01", 0.99))
    trust(city)
    order = waiting(city, title="邻居扬言放火", content="邻居多次扬言要放火烧死我们一家。")
    tasks.propose(order_id=order.pk)
    alert = RiskAlert.objects.get()
    assert (alert.order_id, alert.level, alert.kinds) == (order.pk, "urgent", ["threat"])
    assert actions.send_by_itself(actor=tasks.SENDER, order_id=order.pk) == Hold.RISK


def test_what_was_answered_on_the_line_is_read_for_its_dangers_only(city: Cast) -> None:
    harmless = closed(city)
    order = closed(city, title="邻居扬言放火", content="邻居多次扬言要放火烧死我们一家。")
    for one in (harmless, order, order):
        assert tasks.propose(order_id=one.pk) == 0
    assert RiskAlert.objects.get().order_id == order.pk
    assert not readings.proposals_of(order.pk)


def test_a_trusted_category_goes_out_by_itself(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, ("02.01.01", 0.99))
    order = waiting(city)
    assert tasks.send_by_itself(order_id=order.pk) == Hold.SWITCHED_OFF
    trust(city)
    assert tasks.send_by_itself(order_id=order.pk) == Hold.NO_CATEGORY
    actions.propose(actor=tasks.READER, order_id=order.pk)
    assert tasks.send_by_itself(order_id=order.pk) == ""
    order.refresh_from_db()
    assert (order.state, order.lead_unit_id) == ("pending_sign", city.a.pk)
    assert tasks.send_by_itself(order_id=order.pk) == Hold.CLAIMED
    assert tasks.settle(order_id=order.pk) > 0
    assert Suggestion.objects.get(order=order, kind="category").decided_by.startswith("system:")
    assert not tasks.note_returned(order_id=make_order(city).pk)
    assert tasks.note_returned(order_id=order.pk)
    assert not tasks.note_returned(order_id=order.pk), "judged once"


def work(wanted: str) -> None:
    """Do the jobs that wait, those of one package, as a worker would: each once, and what follows from them."""
    done: set[int] = set()
    while waiting_jobs := list(ProcrastinateJob.objects.exclude(pk__in=done).order_by("-priority", "id")):
        for job in waiting_jobs:
            done.add(job.pk)
            if job.task_name == events.HAPPENED or job.task_name.startswith(wanted):
                app.tasks[job.task_name].func(**job.args)


@pytest.mark.parametrize("review", ["never", "always"])
def test_what_comes_in_goes_out_by_itself_with_and_without_review(
    city: Cast, monkeypatch: pytest.MonkeyPatch, review: str
) -> None:
    says(monkeypatch, ("02.01.01", 0.99))
    trust(city)
    monkeypatch.setattr(
        filing, "city_option", lambda name, default=None: review if name == "intake_review" else default
    )
    number = filed(city, category="02.01.01", division="310106010000").number
    work("dispatch.")
    order = WorkOrder.objects.get(number=number)
    if review == "always":
        assert order.state == "pending_review", "a person reads it first"
        orders.pass_review(actor=city.actor("dispatcher"), order_id=order.pk)
        work("dispatch.")
        order.refresh_from_db()
    assert (order.state, order.lead_unit_id) == ("pending_sign", city.a.pk)


def test_what_people_did_is_settled_also_when_they_were_faster(
    city: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, ("02.01.02", 0.8))
    order = waiting(city)
    assert tasks.settle(order_id=order.pk) == 0, "nothing was sent yet"
    orders.dispatch_order(actor=city.actor("dispatcher"), order_id=order.pk, lead_unit_id=city.a.pk)
    tasks.propose(order_id=order.pk)
    row = Suggestion.objects.get(order=order, kind="category")
    assert (row.outcome, row.final) == ("changed", "02.01.01")
    assert row.decided_by == city.actor("dispatcher").key()


def test_one_key_sets_the_category_and_sends(city: Cast) -> None:
    order = make_order(city, category_id=None)
    sent = actions.dispatch_as_proposed(
        actor=city.actor("dispatcher"), order_id=order.pk, category_code="02.01.01", unit_id=city.a.pk
    )
    assert (sent.state, sent.lead_unit_id) == ("pending_sign", city.a.pk)
    sent.refresh_from_db()
    assert sent.category == noise()
    with pytest.raises(NotVisible):
        actions.dispatch_as_proposed(
            actor=city.actor("handler"), order_id=waiting(city).pk, category_code="", unit_id=city.a.pk
        )


def test_filing_defers_the_reading_within_its_one_statement() -> None:
    assert ("appeal.filed", "hotline.dispatch.tasks", "propose") in subscriptions.SUBSCRIPTIONS
    assert "dispatch.propose" in events.subscribers()["appeal.filed"]
    # A lock would need a statement of its own.
    assert (tasks.propose.lock, tasks.propose.queueing_lock) == (None, None)


def trust(city: Cast) -> None:
    entry(city)
    actions.switch(actor=city.actor("dispatcher"), on=True, why="试运行")
    actions.trust_category(
        actor=city.actor("dispatcher"),
        category_id=Category.objects.get(code="02.01").pk,
        threshold=0.9,
        sample=1,
        most_errors=0.05,
    )
