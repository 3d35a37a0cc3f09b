"""The entry of a replay's own process: it must be importable before Django is set up, and takes plain values only."""

from __future__ import annotations

from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path


def serve(
    pipe: Connection,
    path: str,
    limit: int | None,
    moved: timedelta,
    number: int,
    workers: int,
    source: str,
    label_units: dict[str, int],
    propose: bool = False,
) -> None:
    """`(until)` in, `(ended, next moment)` out; None ends it with its report and the numbers acknowledged."""
    import django

    django.setup()
    from hotline.demo.replay import messages, run
    from hotline.demo.replay.staff import load_staff
    from hotline.worktime import queries as worktime

    known = messages.moved(messages.read(Path(path))[:limit], moved)
    part = list(messages.share(known, number, workers))
    player = run.Player(source, part, load_staff(), worktime.calendar_in_effect().calendar, label_units, propose)
    pipe.send((0, player.next_at()))
    while (until := pipe.recv()) is not None:
        pipe.send((player.play(until), player.next_at()))
    pipe.send((player.report, player.acknowledged))
    pipe.close()
