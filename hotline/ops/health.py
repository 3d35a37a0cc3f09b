"""What is well and what is not, from plain facts. Pure: no database, no clock."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from hotline.kit.health import Level, Result

SILENT = timedelta(seconds=45)
"""A process signs every 10 s; three missed and a bit."""
SLOW_DATABASE = timedelta(milliseconds=250)
WAIT_WARN, WAIT_FAIL = timedelta(minutes=2), timedelta(minutes=15)
DISK_WARN, DISK_FAIL = 5 * 2**30, 2**30


def judge_database(took: timedelta, version: int) -> Result:
    """`took`: one trivial query; `version` as PostgreSQL numbers itself, 180003."""
    text = _("PostgreSQL %(version)s answers in %(ms)d ms.") % {
        "version": f"{version // 10000}.{version % 10000}",
        "ms": round(took.total_seconds() * 1000),
    }
    if took > SLOW_DATABASE:
        return Result(Level.WARN, text, _("Look at the load of the database and its disks."))
    return Result(Level.OK, text)


def judge_workers(silences: list[timedelta]) -> Result:
    """`silences`: since each registered job process last signed."""
    alive = sum(silence <= SILENT for silence in silences)
    text = _("%(count)d job processes are at work.") % {"count": alive}
    if not alive:
        return Result(
            Level.FAIL,
            text,
            _(
                "Start one: `hotline run`, or `hotline procrastinate worker`. Notices and deadline "
                "warnings wait until then."
            ),
        )
    return Result(Level.OK, text)


def judge_live(silences: list[timedelta], listeners: int) -> Result:
    """`silences`: since each live process last signed."""
    if not any(silence <= SILENT for silence in silences):
        return Result(
            Level.FAIL,
            _("No live process is at work."),
            _("Start it: `hotline run`. Screens do not update by themselves until then."),
        )
    return Result(Level.OK, _("Live screens: %(count)d connected.") % {"count": listeners})


def judge_queue(waiting: int, oldest: timedelta | None) -> Result:
    """`waiting`: jobs due now; `oldest`: since the first of them became due."""
    minutes = int(oldest.total_seconds() // 60) if oldest else 0
    text = _("%(count)d jobs wait, the oldest for %(minutes)d minutes.") % {
        "count": waiting,
        "minutes": minutes,
    }
    if oldest is None or oldest < WAIT_WARN:
        return Result(Level.OK, text)
    return Result(
        Level.WARN if oldest < WAIT_FAIL else Level.FAIL,
        text,
        _("Start more job processes (HOTLINE_JOB_WORKERS) or look for one that hangs."),
    )


def judge_stalled(stalled: int) -> Result:
    """`stalled`: jobs that belong to dead job processes."""
    if stalled:
        return Result(
            Level.WARN,
            _("%(count)d jobs belong to job processes that died.") % {"count": stalled},
            _("They go back to the queue by themselves within a minute; if not, no job process is at work."),
        )
    return Result(Level.OK, _("No job is stuck."))


def judge_failed(failed: int) -> Result:
    """`failed`: jobs of the last day that ended in failure."""
    if failed:
        return Result(
            Level.WARN,
            _("%(count)d jobs failed in the last day.") % {"count": failed},
            _("`hotline procrastinate shell` lists and retries them; the log says why."),
        )
    return Result(Level.OK, _("No job failed in the last day."))


def judge_disk(free: int) -> Result:
    """`free`: bytes left where files and the embedded database lie."""
    text = _("%(gb).1f GB are free on the data disk.") % {"gb": free / 2**30}
    if free < DISK_WARN:
        return Result(
            Level.WARN if free >= DISK_FAIL else Level.FAIL,
            text,
            _("Make room; the database stops when the disk is full."),
        )
    return Result(Level.OK, text)
