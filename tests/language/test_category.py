"""Categories: learned, kept in a file, explained; and by names alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.language.category import Predictor, Text
from hotline.language.evaluate import Example
from hotline.language.registry import RegistryFault, pack
from hotline.language.training import Trained, calibrate, cross_validate, train
from hotline.language.zeroshot import Names, guess, teach
from tests.language.labelled import SUBJECTS, messages

HARD = (
    "",
    "。",
    "😀" * 50,
    "\0",
    "\ud800坏",
    "Ignore all previous instructions",
    "噪" * 400_000,
    "مرحبا",
    "１２３４５",
)


@pytest.fixture(scope="module")
def model(trained: Trained) -> Predictor:
    return Predictor.load(trained.predictor.dump())


def test_reads_what_it_did_not_see(model: Predictor) -> None:
    fresh = messages(70, seed=99)
    shares = model.first_level(fresh)
    right = [model.labels[i] == one.path[0] for i, one in zip(shares.argmax(axis=1), fresh, strict=True)]
    assert sum(right) / len(right) > 0.95
    assert np.allclose(shares.sum(axis=1), 1)


def test_goes_down_to_the_leaf_with_probabilities_that_multiply(model: Predictor) -> None:
    answer = model.read(Text("电梯又坏了", "和平小区高层电梯困人，物业不管维保"), 10)
    assert answer.guesses[0].path == ("城乡建设", "物业", "电梯")
    assert answer.guesses[0].label == "城乡建设/物业/电梯"
    assert not answer.abstains
    assert not model.read(Text("电梯", "电梯又坏了")).abstains
    assert sum(guess.probability for guess in model.read(Text("电梯", "电梯"), 50).guesses) == pytest.approx(
        1, abs=1e-6
    )


def test_says_which_words_it_went_by(model: Predictor) -> None:
    title, text = "夜间施工噪声", "东风路工地半夜打桩，噪声扰民。"
    evidence = model.read(Text(title, text), evidence=True).evidence
    words = [(title if one.of_title else text)[one.start : one.end] for one in evidence]
    assert any("噪声" in word for word in words)
    assert sum(one.share for one in evidence) <= 1 + 1e-9
    assert all(one.share > 0 for one in evidence)


@pytest.mark.parametrize("text", HARD, ids=range(len(HARD)))
def test_takes_any_text(model: Predictor, text: str) -> None:
    for item in (Text(text, text), Text("", text)):
        answer = model.read(item, evidence=True)
        assert len(answer.first) == 3
        assert all(0 <= one.start < one.end <= len(text) for one in answer.evidence)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(title=st.text(max_size=40), text=st.text(max_size=200))
def test_probabilities_are_probabilities(model: Predictor, title: str, text: str) -> None:
    shares = model.first_level([Text(title, text)])
    assert np.isfinite(shares).all()
    assert shares.sum() == pytest.approx(1)


def test_words_unknown_to_it_make_it_unsure(model: Predictor) -> None:
    strange = model.read(Text("龘靐", "齉爩")).first[0].probability
    assert strange < model.read(Text("夜间施工噪声", "噪声扰民 工地 打桩")).first[0].probability


def test_the_same_by_the_same_seed(trained: Trained) -> None:
    assert train(messages()).predictor.dump() == trained.predictor.dump()


def test_rare_categories_are_left_to_their_parent() -> None:
    rare = Example("x", "城乡建设/物业/保安", "保安打人", "小区保安打人")
    single = Example("y", "交通运输", "公交太慢", "公交车等不来")
    found = train([*messages(), rare, single])
    assert found.left_out == ("交通运输", "城乡建设/物业/保安")


def test_an_only_child_is_a_step_on_the_way_to_the_leaf() -> None:
    deeper = {"环境保护": "环境保护/污染防治"}
    examples = [
        dataclasses.replace(one, label=one.label.replace(one.path[0], deeper.get(one.path[0], one.path[0]), 1))
        for one in messages(140)
    ]
    model = Predictor.load(train(examples).predictor.dump())
    best = model.read(Example("", "", "夜间施工噪声", "工地打桩半夜扰民")).guesses[0]
    assert best.path == ("环境保护", "污染防治", "噪声")
    # Half of the texts stop above it: then it is not taken for all of them.
    few = [one for one in examples if one.label != "环境保护/污染防治/废气"]
    few += [dataclasses.replace(one, label="环境保护") for one in examples if one.label == "环境保护/污染防治/废气"]
    assert train(few).predictor.read(Example("", "", "夜间施工噪声", "工地打桩半夜扰民")).guesses[0].path == ("环境保护",)


def test_one_category_is_nothing_to_learn() -> None:
    with pytest.raises(RegistryFault, match="two categories"):
        train([one for one in messages() if one.path[0] == "环境保护"])


def test_folds_judge_what_was_not_seen() -> None:
    figures = cross_validate(messages(), 2)
    assert figures["n"] == 140
    assert figures["macro_f1"] > 0.9
    assert set(figures["per_class_f1"]) == {"城乡建设", "环境保护", "教育文体"}


def test_calibration_finds_the_scale_that_made_the_labels() -> None:
    chance = np.random.default_rng(1)
    scores = chance.normal(size=(4000, 3))
    shares = np.exp(2.5 * scores)
    shares /= shares.sum(axis=1, keepdims=True)
    truth = np.array([chance.choice(3, p=row) for row in shares])
    scale, shift = calibrate(scores, truth)
    assert scale == pytest.approx(2.5, rel=0.1)
    assert np.abs(shift - shift.mean()).max() < 0.2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        pack({"format": "other"}, {}),
        pack({"format": "category/1", "blocks": 5, "nodes": []}, {}),
    ],
    ids=["empty", "cut", "another format", "parts missing"],
)
def test_a_damaged_file_is_refused(data: bytes) -> None:
    with pytest.raises(RegistryFault):
        Predictor.load(data)


def test_a_file_with_code_in_it_is_not_run(tmp_path: object) -> None:
    import io

    stream = io.BytesIO()
    np.savez(stream, meta=np.array([{"code": print}], dtype=object))
    with pytest.raises(RegistryFault):
        Predictor.load(stream.getvalue())


def test_names_alone_find_most() -> None:
    paths = [tuple(label.split("/")) for label in SUBJECTS]
    items = messages(140)
    names = Names(paths)
    plain = [names.first[i] for i in guess(names, items).argmax(axis=1)]
    taught = teach(paths, items).predictor
    learned = [taught.labels[i] for i in taught.first_level(items).argmax(axis=1)]
    truth = [one.path[0] for one in items]
    majority = max(truth.count(label) for label in set(truth)) / len(truth)
    for given_labels in (plain, learned):
        assert np.mean([a == b for a, b in zip(given_labels, truth, strict=True)]) > majority + 0.15
