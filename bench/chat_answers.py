"""How sure the online help must be: what it would quote, name or not know of real consultations, for a person to judge.

`DATABASE_URL=… python -m bench.chat_answers` on a city whose knowledge base has the demo pack's entries (`hotline run` loads them).
Two sets: 19 questions in citizens' words that the entries answer (`tests/knowledge/test_quality.py`), and the first 600 titles of real
messages that ask something (`XINSHENG_DATA`), which with few exceptions no entry answers: whatever is quoted there is listed.
"""

from __future__ import annotations

import csv
import os
import random

ASKING = ("咨询", "如何", "怎么", "请问", "？", "吗")
MOST = 600
STEPS = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hotline.config.settings")
    import django

    django.setup()
    from bench.language_models import DATA
    from hotline.accounts.queries import citizen_actor
    from hotline.chat.rules import SURE_COVER
    from hotline.knowledge.queries import search
    from tests.knowledge.test_quality import ASKED

    visitor = citizen_actor(0)

    def best(text: str) -> tuple[str, float]:
        hits = search(visitor, text, size=1).hits
        return (hits[0].entry.title, hits[0].cover) if hits else ("", 0.0)

    known = {text: best(text) for text in ASKED}
    titles: list[str] = []
    for name in ("labelled_messages", "message_stream", "replied_messages"):
        with (DATA / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
            titles += [row["title"] for row in csv.DictReader(stream)]
    random.Random(7).shuffle(titles)
    real = {text: best(text) for text in [one for one in titles if any(word in one for word in ASKING)][:MOST]}
    print(f"{'from cover':>10} {'right of 19':>12} {'wrong of 19':>12} {f'quoted of {len(real)} real':>20}")
    for step in STEPS:
        right = sum(cover >= step and entry == ASKED[text] for text, (entry, cover) in known.items())
        wrong = sum(cover >= step and entry != ASKED[text] for text, (entry, cover) in known.items())
        print(f"{step:>10} {right:>12} {wrong:>12} {sum(cover >= step for _e, cover in real.values()):>20}")
    print(f"in use: {SURE_COVER}. Real ones from 0.6 on, to judge:")
    for text, (entry, cover) in sorted(real.items(), key=lambda one: -one[1][1]):
        if cover >= 0.6:
            print(f"  {cover:.2f} {text} -> {entry}")


if __name__ == "__main__":
    main()
