"""Models of Chinese text against their baselines in one run: `python -m bench.language_models [category|names|retrieval …]`.

Reads the real messages where they are (XINSHENG_DATA, default ../shared/data); without them nothing is measured and it says so.
Prints one line of JSON a figure.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hotline.language import embedding
from hotline.language.alike import cosines, ranking
from hotline.language.evaluate import (
    category_figures,
    f1_by_class,
    grouped_folds,
    ranking_figures,
    ranks,
    read_labelled,
    read_taxonomy,
)
from hotline.language.similar import (
    DEFAULT_WEIGHTS,
    REPLY_WEIGHTS,
    bm25_matrix,
    cosine_matrix,
    fuse,
    grams,
    words,
)
from hotline.language.training import cross_validate, train
from hotline.language.zeroshot import teach

DATA = Path(os.environ.get("XINSHENG_DATA", Path(__file__).parents[2] / "shared" / "data")) / "messages"

CUT, POOL = 500, 120
"""Characters of a message that are compared and its nearest by meaning, as in `workorders.queries.words`."""

EVERY = 4
"""Every fourth title is asked with where the ranking itself is measured."""
ASKED = 200
"""Titles whose mean stands for what is asked, as in `suggestions.actions.meaning`."""

OUT = Path(__file__).parent / "out" / "language_models.json"


def tell(work: str, **figures: object) -> None:
    """One line of JSON, also kept by its work in bench/out/language_models.json."""
    print(json.dumps({"work": work, **figures}, ensure_ascii=False), flush=True)
    kept = json.loads(OUT.read_text()) if OUT.exists() else {}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({**kept, work: figures}, ensure_ascii=False, indent=1))


def category() -> dict[str, float]:
    """Five folds beside the baseline, and how fast one process reads; also as one result for `bench.texts`."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    examples = read_labelled(DATA / "labelled_messages.csv")
    truth = np.array([one.path[0] for one in examples])
    both = [f"{one.title} {one.text}" for one in examples]
    given = truth.copy()
    folds = grouped_folds(examples, 5)
    for test in folds:
        kept = np.setdiff1d(np.arange(len(examples)), test)
        seen = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        model = LinearSVC(random_state=0).fit(seen.fit_transform([both[i] for i in kept]), truth[kept])
        given[test] = model.predict(seen.transform([both[i] for i in test]))
    baseline = f1_by_class(truth.tolist(), given.tolist())
    tell(
        "category, baseline: characters TF-IDF + LinearSVC",
        macro_f1=round(float(np.mean(list(baseline.values()))), 4),
    )
    ours = cross_validate(examples, 5)
    tell("category, ours, five folds grouped by text", **ours)
    kept = np.setdiff1d(np.arange(len(examples)), folds[0])
    predictor = train([examples[i] for i in kept]).predictor
    tests = [examples[i] for i in folds[0]]
    began, clock = time.process_time(), time.perf_counter()
    predictor.first_level(tests)
    speed = {
        "texts_per_cpu_second": round(len(tests) / (time.process_time() - began), 1),
        "texts_per_second": round(len(tests) / (time.perf_counter() - clock), 1),
    }
    tell("category, one process", **speed)
    return {
        "baseline_macro_f1": round(float(np.mean(list(baseline.values()))), 4),
        "macro_f1": ours["macro_f1"],
        "calibration_error": ours["calibration_error"],
        "surest_70": ours["accuracy_at_coverage"]["0.7"],
        "texts": len(examples),
        **speed,
    }


def names() -> None:
    examples = read_labelled(DATA / "labelled_messages.csv")
    truth = [one.path[0] for one in examples]
    occurring = set(truth)
    paths = [path for path in read_taxonomy(DATA / "taxonomy.csv") if path[0] in occurring]
    tell("names alone, baseline: majority", accuracy=round(max(Counter(truth).values()) / len(truth), 4))
    predictor = teach(paths, examples).predictor
    shares = predictor.first_level(examples)
    given = [predictor.labels[i] for i in shares.argmax(axis=1)]
    tell("names alone, ours", **category_figures(truth, given, shares.max(axis=1).tolist()))


def retrieval(with_meaning: bool = False) -> None:
    csv.field_size_limit(10**7)
    with (DATA / "replied_messages.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    wanted = list(range(len(rows)))
    titles, texts, replies = ([row[name] for row in rows] for name in ("title", "text", "reply"))
    asked = [f"{title} {text}" for title, text in zip(titles, texts, strict=True)]
    model = (
        embedding.load(embedding.Cache(20_000, Path("bench/out/vectors.sqlite3"))) if with_meaning else None
    )
    if isinstance(model, embedding.Missing):
        tell("retrieval", missing=model.reason)
        model = None
    around = _others(set(titles))
    for work, documents, queries, weights in (
        ("title finds its message", texts, titles, DEFAULT_WEIGHTS),
        ("message finds its reply", replies, asked, REPLY_WEIGHTS),
    ):
        by_words, by_grams = bm25_matrix(documents, queries, words), bm25_matrix(documents, queries, grams)
        near = [cosine_matrix(documents, queries, terms) for terms in (words, grams)]
        evened = [cosine_matrix(documents, queries, terms, around) for terms in (words, grams)]
        figures = {
            "baseline: BM25 over words": by_words,
            "BM25 over words and characters": fuse(by_words, by_grams, None),
            "cosines": fuse(by_words, by_grams, None, REPLY_WEIGHTS, near),
            "ours": fuse(by_words, by_grams, None, weights, evened),
        }
        if model is not None:
            vectors = (
                model.queries([one[:220] for one in queries]),
                model.passages([one[:220] for one in documents]),
            )
            near = vectors[0] @ vectors[1].T
            figures["ours, with meaning"] = fuse(by_words, by_grams, near, weights, evened)
            if work.startswith("title"):
                _searched(f"{work}, as a search over orders, with meaning", by_words, near, documents, queries)
                told = _centred(*vectors)
                _searched(f"{work}, the same, meaning centred", by_words, near, documents, queries, told)
        if work.startswith("title"):
            _searched(f"{work}, as a search over orders, by words alone", by_words, None, documents, queries)
        for name, scores in figures.items():
            tell(f"{work}, {name}", **ranking_figures(ranks(scores, wanted)))
        _reranked(work, by_words, documents, queries)


def _others(known: set[str], most: int = 2500) -> list[str]:
    """Messages that are in neither of the collections; they say how rare a term is."""
    with (DATA / "message_stream.csv").open(encoding="utf-8-sig", newline="") as stream:
        found = [
            f"{row['title']} {row['text']}" for row in csv.DictReader(stream) if row["title"] not in known
        ]
    return found[:most]


def _reranked(
    work: str, by_words: np.ndarray, documents: list[str], queries: list[str], every: int = 10
) -> None:
    """A hundred candidates of BM25 in the order of `alike.cosines`, as the product shows similar cases; every tenth query."""
    places, began = [], time.process_time()
    for row in range(0, len(queries), every):
        best = np.argsort(-by_words[row], kind="stable")[:100].tolist()
        scores = cosines(queries[row], [documents[i][:400] for i in best])
        own = scores[best.index(row)] if row in best else -1.0
        places.append(sum(one >= own for one in scores) if row in best else 1000)
    spent = (time.process_time() - began) / len(places)
    tell(
        f"{work}, a hundred candidates of BM25 by cosines",
        **ranking_figures(np.array(places)),
        cpu_ms=round(spent * 1000, 1),
    )


def _searched(
    work: str,
    by_words: np.ndarray,
    near: np.ndarray | None,
    documents: list[str],
    queries: list[str],
    told: np.ndarray | None = None,
    every: int = EVERY,
) -> None:
    """What a search over orders does: 80 candidates by words and 120 by meaning, in the order of `alike.ranking`; every fourth query.

    `told`: the meaning that ranks them, where it is not the plain cosine that finds them.
    """
    ranks_by = near if told is None else told
    places, began = [], time.process_time()
    for row in range(0, len(queries), every):
        pool = dict.fromkeys(np.argsort(-by_words[row], kind="stable")[:80].tolist())
        if near is not None:
            pool |= dict.fromkeys(np.argsort(-near[row], kind="stable")[:POOL].tolist())
        chosen = list(pool)
        scores = ranking(
            queries[row],
            [documents[i][:CUT] for i in chosen],
            ranks_by[row][chosen].tolist() if ranks_by is not None else (),
        )
        own = scores[chosen.index(row)] if row in pool else 0.0
        places.append(sum(one >= own for one in scores) if row in pool else 1000)
    spent = (time.process_time() - began) / len(places)
    asked = np.arange(0, len(queries), every)
    alone = (1 / ranks(by_words[asked], asked.tolist())).mean()
    tell(
        work,
        **ranking_figures(np.array(places)),
        bm25_of_the_same=round(float(alone), 4),
        cpu_ms=round(spent * 1000, 1),
        queries=len(places),
    )


def _centred(asked: np.ndarray, stored: np.ndarray) -> np.ndarray:
    """Cosines as the product compares: without the mean of what is stored, and of two hundred titles that are not asked with."""
    others = np.setdiff1d(np.arange(len(asked)), np.arange(0, len(asked), EVERY))
    drawn = np.random.default_rng(0).choice(others, ASKED, replace=False)
    asked, stored = asked - asked[drawn].mean(axis=0), stored - stored.mean(axis=0)
    found: np.ndarray = (asked / np.linalg.norm(asked, axis=1, keepdims=True)) @ (
        stored / np.linalg.norm(stored, axis=1, keepdims=True)
    ).T
    return found


def meaning() -> None:
    retrieval(with_meaning=True)


PARTS: dict[str, Callable[[], object]] = {"category": category, "names": names, "retrieval": retrieval, "meaning": meaning}


def main(chosen: list[str]) -> None:
    if not DATA.exists():
        sys.exit(f"The messages are not at {DATA}; set XINSHENG_DATA.")
    for name in chosen or ["category", "names", "retrieval"]:
        PARTS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
