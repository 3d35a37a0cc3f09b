"""Orders found by words, other words and meaning in the list; never what the actor may not see."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.urls import reverse

from hotline.kit.actor import system_actor
from hotline.kit.clock import now
from hotline.kit.errors import NotPermitted
from hotline.kit.vectors import DIMENSIONS
from hotline.knowledge.models import Term
from hotline.knowledge.queries.vocabulary import forget_words
from hotline.language.client import Off
from hotline.suggestions import actions, vectors
from hotline.workorders.models import WorkOrder
from hotline.workorders.queries import OrderFilters, Sort, list_orders
from hotline.workorders.queries.words import Meant, alike, use_meaning
from tests.accounts.cast import Cast
from tests.dispatch.conftest import city as city
from tests.workorders.factories import make_order, signed

pytestmark = pytest.mark.django_db
MACHINE = system_actor("suggestions", "suggestions:make")


@pytest.fixture
def meant() -> Any:
    """Say which orders are near in meaning."""
    yield lambda found: use_meaning(
        lambda text, most, also=(): {pk: Meant(cosine, cosine) for pk, cosine in found.items()}
    )
    use_meaning(vectors.near)


def found(cast: Cast, who: str, words: str, **more: Any) -> list[str]:
    listing = list_orders(cast.actor(who), OrderFilters(words=words, **more), now=now(), sort=Sort.ALIKE)
    return [row.number for row in listing.page.rows]


def test_some_of_the_words_are_enough_and_the_likest_comes_first(city: Cast) -> None:
    lift = make_order(city, title="电梯困人", content="小区电梯经常故障，把老人关在里面。")
    light = make_order(city, title="路灯不亮", content="小区门口的路灯坏了。")
    assert found(city, "dispatcher", "电梯故障关人，小区没人管") == [lift.number, light.number]
    assert found(city, "dispatcher", "，。！") == []
    assert found(city, "dispatcher", "高铁改签") == []
    assert found(city, "dispatcher", "电梯故障", states=("closed",)) == []


def test_synonyms_of_the_knowledge_base_count_as_the_word(city: Cast, settings: Any) -> None:
    order = make_order(city, title="电梯困人", content="电梯故障。")
    assert found(city, "dispatcher", "升降机") == []
    Term.objects.create(words=["电梯", "升降机"], created_by="test", created_at=now())
    forget_words()
    assert found(city, "dispatcher", "升降机") == [order.number]


def test_meaning_adds_only_what_the_actor_may_see(city: Cast, meant: Any) -> None:
    seen = signed(city, title="电梯困人", content="电梯故障。").order
    hidden = make_order(city, title="举报某人", content="保密内容", secret=True)
    meant({seen.pk: 0.95, hidden.pk: 0.99, 999_999: 0.99})
    for who, expected in (
        ("dispatcher", [seen.number]),
        ("handler", [seen.number]),
        ("other_handler", []),
        ("anonymous", []),
    ):
        assert found(city, who, "有人被关在里面") == expected, who
    meant({seen.pk: 0.5})
    assert found(city, "dispatcher", "有人被关在里面") == []


@pytest.mark.parametrize("newest", [1, 3_000])
@pytest.mark.parametrize("words", ["电梯", "电梯故障关人吗小区没人管"])
def test_people_of_a_unit_find_what_is_their_units_however_far_back(
    city: Cast, monkeypatch: pytest.MonkeyPatch, newest: int, words: str
) -> None:
    monkeypatch.setattr("hotline.workorders.queries.words.OF_UNIT", newest)
    own = signed(city, title="电梯困人", content="小区电梯经常故障。").order
    signed(city, title="路灯不亮", content="路灯坏了。")
    make_order(city, title="电梯困人", content="小区电梯经常故障，不归这个单位。")
    hidden = signed(city, title="电梯困人", content="小区电梯经常故障。").order
    WorkOrder.objects.filter(pk=hidden.pk).update(secret=True)
    assert found(city, "handler", words) == [own.number]
    assert found(city, "other_handler", words) == []


def test_in_the_lists_search_box(city: Cast, django_assert_max_num_queries: Any) -> None:
    order = make_order(city, title="电梯困人", content="小区电梯经常故障。")
    for _ in range(3):
        make_order(city, title="路灯不亮", content="小区路灯")
    client, address = city.client("dispatcher"), reverse("workorders:list")
    page = client.get(address, {"find": "电梯老是坏小区", "sort": "alike"}).content.decode()
    assert order.number in page
    assert "含近义说法" in page
    # One statement a window and step more than a list by words, whatever is found.
    with django_assert_max_num_queries(20):
        client.get(address, {"find": "小区电梯老是坏", "sort": "alike"})
    assert client.get(address, {"find": "", "sort": "alike"}).status_code == 200


class Worker:
    """The models' worker, answering at once."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.asked: list[list[str]] = []

    def vectors(self, texts: list[str], kind: str, timeout: float | None = None) -> Any:
        self.asked.append(texts)
        if self.answer is not None:
            return self.answer
        axes = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in enumerate(texts):
            axes[row][0 if "电梯" in text or "升降" in text else 1] = 1
        return axes


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    made = Worker()
    monkeypatch.setattr(vectors, "model_worker", lambda: made)
    monkeypatch.setattr(actions.meaning, "model_worker", lambda: made)
    vectors.TABLE.forget()
    if not vectors.TABLE.is_there():
        pytest.skip("this database has no pgvector")
    return made


def test_vectors_are_made_once_for_new_orders(city: Cast, worker: Worker) -> None:
    lift = make_order(city, title="电梯困人", content="电梯故障。")
    light = make_order(city, title="路灯不亮", content="路灯坏了。")
    assert actions.embed_orders(actor=MACHINE) == 2
    assert actions.embed_orders(actor=MACHINE) == 0
    near = vectors.near("升降机", 10)
    assert near[lift.pk] == pytest.approx((1, 1), abs=0.01)
    assert near[light.pk] == pytest.approx((0, 0), abs=0.01)
    assert alike(WorkOrder.objects.all(), "升降机把人关住") == [lift.pk]
    with pytest.raises(NotPermitted):
        actions.embed_orders(actor=city.actor("dispatcher"))


def test_what_all_orders_have_in_common_is_taken_off(
    city: Cast, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    lift = make_order(city, title="电梯困人", content="电梯故障。")
    light = make_order(city, title="路灯不亮", content="路灯坏了。")
    assert actions.embed_orders(actor=MACHINE) == 2
    assert actions.centre_orders(actor=MACHINE) == 0, "two orders have nothing in common yet"
    monkeypatch.setattr(actions.meaning, "LEAST", 2)
    assert actions.centre_orders(actor=MACHINE) == 2
    # Half of the orders lie on either axis: without their mean they point away from each other.
    near = vectors.near("升降机", 10)
    assert near[lift.pk] == pytest.approx((1, 1), abs=0.01)
    assert near[light.pk] == pytest.approx((0, -1), abs=0.01)
    assert vectors.near("升降机", 1, [light.pk])[light.pk].centred == pytest.approx(-1, abs=0.01)
    centre = vectors.TABLE.centre_of(vectors.stamp())
    assert centre is not None
    assert centre.counted == 2
    assert vectors.TABLE.centre_of("another-model") is None
    worker.answer = Off("slow", "")
    assert actions.centre_orders(actor=MACHINE) == 0
    vectors.TABLE.forget()


def test_vectors_of_old_orders_are_let_go_of(
    city: Cast, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [make_order(city, title="电梯困人", content="电梯故障。") for _ in range(3)]
    actions.embed_orders(actor=MACHINE)
    assert actions.forget_old_vectors(actor=MACHINE) == 0
    monkeypatch.setattr(actions.meaning, "KEPT", 1)
    assert actions.forget_old_vectors(actor=MACHINE) == 1
    assert set(vectors.near("电梯", 10)) == {one.pk for one in made[1:]}


def test_without_an_answer_words_do_the_work(city: Cast, worker: Worker) -> None:
    order = make_order(city, title="电梯困人", content="电梯故障。")
    worker.answer = Off("slow", "")
    assert actions.embed_orders(actor=MACHINE) == 0
    assert vectors.near("电梯", 5) == {}
    assert found(city, "dispatcher", "电梯") == [order.number]


def test_without_models_nothing_is_asked(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "model_worker", lambda: None)
    monkeypatch.setattr(actions.meaning, "model_worker", lambda: None)
    make_order(city)
    assert vectors.near("电梯", 5) == {}
    assert actions.embed_orders(actor=MACHINE) == 0
