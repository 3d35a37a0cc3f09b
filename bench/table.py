"""What is measured against which goal, and docs/limits.md made of bench/out/*.json: no figure is typed by hand."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NAMES = (
    "intake", "pages", "scan", "suggest", "knowledge", "texts", "live", "generate", "day", "hour", "calls", "speech", "emotion",
    "transcripts", "upload", "geo", "portal",
)  # fmt: skip
MANY = "pages-10000000"
OUT = Path(__file__).parent / "out"
LIMITS = Path(__file__).resolve().parents[1] / "docs" / "limits.md"
Result = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of the page: the goal in words, how the measured value and its peer read, and whether it is met."""

    bench: str
    what: str
    goal: str
    measured: Callable[[Result], str]
    peer: Callable[[Result], str]
    met: Callable[[Result], bool]


def _rows(result: Result) -> list[Result]:
    """The pages that the goal speaks of; `/healthz` is their floor."""
    return [row for row in result["rows"] if row["page"] != "health"]


def _page_goal(result: Result) -> int:
    return 200 if result["orders"] > 1_000_000 else 150


def _judged(row: Result) -> float:
    """The p95 that the goal speaks of: in the busiest hour; of the look-up alone, which the rate of one address bounds."""
    return float(row["hour_p95_ms"] if "hour_p95_ms" in row else row["alone_p95_ms"])


def _slowest(result: Result) -> Result:
    return max(_rows(result), key=_judged)


def _alone(result: Result) -> Result:
    return max(_rows(result), key=lambda row: float(row["alone_p95_ms"]))


LINES = (
    Line(
        "intake", "Accepted appeals over HTTP, 16 connections", "≥ 0.5 of a bare view, ≥ 250/s",
        lambda r: f"{r['rate']}/s, p95 {r['p95_ms']} ms, lost {r['lost']}",
        lambda r: f"one row and one job: {r['peer_rate']}/s; ratio {r['ratio']}",
        lambda r: r["ratio"] >= 0.5 and r["rate"] >= 250 and not r["lost"],
    ),
    Line(
        "pages", "The slowest page of the big city in its busiest hour", "p95 ≤ 150 ms at 1,000,000 orders, ≤ 200 ms at 10,000,000",
        lambda r: f"{_slowest(r)['page']}: p95 {_judged(_slowest(r))} ms at {r['orders']:,} orders and {r['views_per_second']} views/s",
        lambda r: f"the same page alone: p95 {_slowest(r)['alone_p95_ms']} ms; `/healthz`: {r['rows'][0]['alone_p95_ms']} ms",
        lambda r: all(_judged(row) <= _page_goal(r) for row in _rows(r)) and not r["unanswered"],
    ),
    Line(
        "pages", "The slowest page for one reader", "p95 ≤ 150 ms at 1,000,000 orders, ≤ 200 ms at 10,000,000",
        lambda r: f"{_alone(r)['page']}: p95 {_alone(r)['alone_p95_ms']} ms, p50 {_alone(r)['alone_p50_ms']} ms at {r['orders']:,} orders",
        lambda r: f"`/healthz`: p95 {r['rows'][0]['alone_p95_ms']} ms",
        lambda r: float(_alone(r)["alone_p95_ms"]) <= _page_goal(r),
    ),
    Line(
        "pages", "Queries of the busiest page", "≤ 15",
        lambda r: f"{max(row['queries'] for row in _rows(r))}",
        lambda r: f"{r['rows'][0]['queries']} of `/healthz`",
        lambda r: all(row["queries"] <= 15 for row in _rows(r)),
    ),
    Line(
        "scan", "A pass over 50,000 open orders in the busiest half-minute of two weeks", "≤ 5 s",
        lambda r: f"{r['busiest_seconds']} s: {r['busiest_clocks']:,} clocks due ({r['busiest_at']}) of {r['open_orders']:,} open orders",
        lambda r: f"with nothing due: {r['rows'][0]['seconds']} s",
        lambda r: float(r["busiest_seconds"]) <= 5,
    ),
    Line(
        "scan", "The same pass when every order's mark comes at once", "≤ 5 s",
        lambda r: f"{r['seconds_per_50000']} s ({r['clocks']:,} clocks in {r['seconds']} s), again: {r['again']}",
        lambda r: f"the same clocks, events, cards and messages by four bare statements and one commit: {r['bare_seconds']} s",
        lambda r: r["seconds_per_50000"] <= 5 and not r["again"],
    ),
    Line(
        "suggest", "What the machine says beside the desk's form", "p95 ≤ 150 ms",
        lambda r: f"p95 {r['panel_p95_ms']} ms at {r['orders']:,} orders",
        lambda r: f"{r['rows'][0]['cpu_ms']} ms of CPU in the web's process",
        lambda r: r["panel_p95_ms"] <= 150,
    ),
    Line(
        "suggest", "Similar cases, two common words too", "p95 ≤ 100 ms at 1,000,000 orders",
        lambda r: f"p95 {r['similar_p95_ms']} ms at {r['orders']:,} orders; a search over them {r['search_p95_ms']} ms",
        lambda r: f"`ILIKE` for two common words, the newest ten: p95 {r['rows'][-1]['p95_ms']} ms",
        lambda r: r["similar_p95_ms"] <= 100,
    ),
    Line(
        "knowledge", "Search in the knowledge base", "p95 ≤ 100 ms at 100,000 entries",
        lambda r: f"p95 {r['p95_ms']} ms at {r['entries']:,} entries, the slowest kind of question {max(row['p95_ms'] for row in r['rows'])} ms",
        lambda r: f"`ILIKE` over the same rows: p95 {r['ilike_p95_ms']} ms",
        lambda r: r["p95_ms"] <= r["goal_ms"],
    ),
    Line(
        "texts", "Categories of real messages, five folds", "macro-F1 ≥ 0.94, calibration error ≤ 0.03, ≥ 0.985 on the surest 70%",
        lambda r: f"macro-F1 {r['macro_f1']}, error {r['calibration_error']}, surest 70% {r['surest_70']} over {r['texts']:,} messages",
        lambda r: f"characters TF-IDF + LinearSVC: {r['baseline_macro_f1']}",
        lambda r: r["macro_f1"] >= 0.94 and r["calibration_error"] <= 0.03 and r["surest_70"] >= 0.985,
    ),
    Line(
        "texts", "Categories, texts a second of one process", "≥ 500/s on two cores",
        lambda r: f"{r['texts_per_second']}/s",
        lambda r: f"{r['texts_per_cpu_second']}/s of CPU time",
        lambda r: r["texts_per_second"] >= 500,
    ),
    Line(
        "live", "An event to 800 listeners", "p95 ≤ 200 ms",
        lambda r: f"p95 {r['p95_ms']} ms to {r['listeners']} listeners, lost {r['lost']}, doubled {r['doubled']}",
        lambda r: f"bare `NOTIFY` to one `LISTEN`: p95 {r['limit_p95_ms']} ms",
        lambda r: (r["p95_ms"] or 1e9) <= 200 and not r["lost"],
    ),
    Line(
        "generate", "Orders with complete lives by COPY", "1,000,000 in < 10 minutes",
        lambda r: f"{r['orders_per_s']:,} orders/s: {r['minutes_per_1000000']} minutes a million ({r['orders']:,} made)",
        lambda r: f"bare `COPY`: {r['bare_copy_rows_per_s']:,} rows/s; ours {r['table_rows_per_s']:,} rows/s",
        lambda r: r["minutes_per_1000000"] < 10,
    ),
    Line(
        "day", "A day of 58,000 calls, 41% dispatched", "≥ 20 × life, lost 0",
        lambda r: f"{r['times_life']} × life over {r['calls']:,} calls, {r['actions_per_s']} actions/s, lost {r['lost']}",
        lambda r: f"{r['cpu_ms_per_action']} ms of CPU an action, all processes together",
        lambda r: r["times_life"] >= 20 and not (r["lost"] or r["not_final"] or r["jobs_left"]),
    ),
    Line(
        "day", "An action meanwhile", "p95 ≤ 300 ms",
        lambda r: f"p50 {r['action_p50_ms']} ms, p95 {r['action_p95_ms']} ms",
        lambda r: f"{r['sessions']} sessions heard {r['live_delivered']:,} events, lost {r['live_lost']}",
        lambda r: r["action_p95_ms"] <= 300,
    ),
    Line(
        "hour", "A compressed hour of the record day through queue and events", "≥ 8,000 calls/h, nobody lost, no state that differs from the switch's",
        lambda r: f"{r['calls_per_hour']:,} calls/h, {r['answered']:,} of {r['calls']:,} answered, lost {r['lost']}, differing {r['differing']}",
        lambda r: f"the rows of a call by bare statements: {r['bare_calls_per_hour']:,} calls/h",
        lambda r: r["calls_per_hour"] >= 8_000 and r["answered"] == r["calls"] and not (r["lost"] or r["differing"] or r["asks_left"]),
    ),
    Line(
        "hour", "From a free seat and a waiting call to the seat's ringing", "p95 ≤ 200 ms",
        lambda r: f"p50 {r['offer_p50_ms']} ms, p95 {r['offer_p95_ms']} ms",
        lambda r: f"CPU a call: distributor {r['cpu_ms_a_call_distributor']} ms, database {r['cpu_ms_a_call_database']} ms; callers and switch {r['cpu_ms_a_call_switch_and_callers']} ms",
        lambda r: (r["offer_p95_ms"] or 1e9) <= 200,
    ),
    Line(
        "calls", "100 concurrent SIP calls, sound both ways: greeting, queue, 20 agents", "tick p99 ≤ 10 ms, each answered once, lost 0",
        lambda r: f"tick p99 {r['tick_p99_ms']} ms over {r['calls']} calls and {r['agents']} agents; answered once {r['answered_once']}, lost {r['lost']}",
        lambda r: f"{r['cpu_percent_a_leg']}% of a core a leg; a bare echo of the same library {r['bare_echo_cpu_percent_a_leg']}%",
        lambda r: r["calls"] >= 100 and r["tick_p99_ms"] <= 10 and r["answered_once"] == r["calls"] and not r["lost"],
    ),
    Line(
        "speech", "Words of a call on the screen after the pause", "none is named; recognition keeps up with what is said",
        lambda r: f"p50 {r['delay_after_the_pause_p50']} s, p95 {r['delay_after_the_pause_p95']} s of computing; {r['channels_that_two_cores_carry']} channels on two cores; wrong characters {min(row['wrong'] for row in r['rows'])} to {max(row['wrong'] for row in r['rows'])}",
        lambda r: f"real time: recognition takes {r['recognition_of_real_time']} of it, the voice {r['synthesis_of_real_time']}",
        lambda r: r["recognition_of_real_time"] <= 1,
    ),
    Line(
        "emotion", "Calm and agitated voice told apart", "none is named; better than by its level alone",
        lambda r: f"ROC area {r['area']} over {r['windows']:,} windows, agitated calls told {r['agitated_calls_told']:.0%}, {r['false_alarms_an_hour']} false alarms an hour in {r['calm_minutes']} minutes",
        lambda r: f"the level alone: {r['limit_area']}",
        lambda r: r["area"] > r["limit_area"],
    ),
    Line(
        "transcripts", "From the end of an utterance to its words on the agent's screen; filed after hang-up", "p95 within the bare model's and 1.5 s more; filed ≤ 10 s",
        lambda r: f"p50 {round(r['delay_p50_s'], 2)} s, p95 {round(r['delay_p95_s'], 2)} s; filed within {r['filed_max_s']} s; {r['calls_carried']} calls at once on two cores",
        lambda r: f"the bare model: p95 {r['bare_model_p95_s']} s; allowed {r['limit_s']} s",
        lambda r: r["delay_p95_s"] <= r["limit_s"] and r["filed_max_s"] <= 10,
    ),
    Line(
        "upload", "A photo of 5 MB over a line of 256 kbit/s that is cut three times", "arrives, announced once, ≤ 1.15 of its bytes sent",
        lambda r: f"{r['sent_of_size']} of its bytes in {r['seconds']} s, {r['cuts']} cuts, announced {r['announced']} time",
        lambda r: f"the bytes alone at that rate: {r['line_alone_seconds']} s",
        lambda r: r["cuts"] == 3 and r["announced"] == 1 and r["sent_of_size"] <= 1.15,
    ),
    Line(
        "geo", "Point to district, to street, to grid, one process", "≥ 20,000/s at each level",
        lambda r: "; ".join(f"{row['level']} {row['per_second']:,}/s of {row['areas']:,}" for row in r["rows"]) + f"; all and nearest place {r['whole_per_second']:,}/s",
        lambda r: "the bare tree: " + ", ".join(f"{row['bare_tree']:,}/s" for row in r["rows"]),
        lambda r: all(row["per_second"] >= 20_000 for row in r["rows"]),
    ),
    Line(
        "portal", "The citizens' first page and look-up; the photo report beside them", "≥ 300 requests/s on two cores for the first two",
        lambda r: "; ".join(f"{row['page']} {row['per_second']}/s, p95 {row['p95_ms']} ms" for row in r["rows"][1:]),
        lambda r: f"a static file of the same server: {r['rows'][0]['per_second']}/s",
        lambda r: all(row["per_second"] >= 300 for row in r["rows"] if row["page"] in ("home", "look-up")),
    ),
)  # fmt: skip

HOW = {
    "intake": "Each appeal is authenticated, validated, stored raw, its identity encrypted, its order made with deadline, event, audit row and job. In turns with a Django view that inserts a row and defers a job; medians of the turns. Nobody does the jobs of either meanwhile.",
    "pages": "The busiest hour is that of Shanghai's worst day, 58,000 calls, counted by what people read for each call and order (`bench/pages.py`, `views`); pages are asked for by chance whether or not the former are answered, for two minutes, and waiting counts from the asking. Queries are counted in a process of its own. The city is generated once and kept in `var/bench/`.",
    "scan": "In a copy of the city, with real commits and the two connections side by side that the job uses. First the clocks of the city as they stand, in the half-minute in which most marks come, all before it raised already; then all open orders' marks at one moment, warnings and cards, of which the slower pass is shown. What people of a city at work read all day is read once before. Beside it the same rows (clocks, events, cards, messages to screens) with the same indexes and keys, written by four bare statements.",
    "suggest": "One question after another in this process, on the city's database, as a web thread asks them; the jobs stand still meanwhile. The order table has been read once and fifty other questions asked before, as in a city at work. The slowest kind of question counts.",
    "knowledge": "The whole search of the product in this process, by words, over entries made by COPY; questions of six kinds, common words unevenly as in life.",
    "texts": "Every message is judged by a model that did not see it or its like; the speed is of the fifth part, by the model of the others.",
    "live": "Rows published as an action publishes them, 10 a second, the moment of sending in each; the listeners are connections in one process.",
    "generate": "The whole command, from its start to the commit with all indexes made and foreign keys checked.",
    "day": "Two processes play the people through the same actions; the real web, live and job processes run, and the clock stops when the last job is done. The seconds of the day that so many calls stand for, divided by the seconds they took.",
    "hour": "The real distributor in a process of its own, at a switch that keeps legs only and speaks the exchange's protocol; 40 desk telephones, conversations a tenth as long as in life, so that callers come evenly at 10,800 an hour. Waiting counts from the moment at which a call waits and a seat is free to the moment at which the switch is asked to ring it. CPU is counted by process; callers and switch apart.",
    "calls": "Real SIP and RTP on the loopback from `sipp`; the exchange of the product, steered over its own interface by a platform made here: greeting, music, one of 20 agents (SIP legs too), recorded. All calls are up at once while it is counted. The bare echo answers as many legs.",
    "speech": "Sentences spoken by the product's own voice and by the same voice lowered, at 8 kHz through µ-law, without noise and with noise at the named distances; a real person's sentence where there is one. Delay is the time of computing after the pause that ends an utterance.",
    "emotion": "Six synthetic voices, each with its own baseline over calm calls; level, pitch, melody, pace and pauses changed for the agitated ones. A floor for the method, no promise about people.",
    "transcripts": "The real process that writes down, the real live stream and the agent's pane, at an exchange made here that gives each party's sound at the pace of life; one call, then more at once. The delay runs from the last sample of a sentence to the pane fetched with its words. A number of calls is carried while their p95 is within 5 s.",
    "upload": "Chromium with the built filing page, the real web process, and between them a relay that lets 32,000 bytes a second up and drops every connection at a quarter, a half and three quarters of the file, dark for two seconds each time. All that went up is counted: headers, what was sent twice.",
    "geo": "The demo city's districts, and the same cut into squares of 6 km and 1 km for streets and grid; points drawn evenly over the city's box. Every answer is compared with the bare tree's.",
    "portal": "Eight connections that never pause, without cookies, in turns with a built style sheet of the same web server; client and server share the two cores.",
}


def load() -> dict[str, Result]:
    """Name → result of every benchmark that has been run; without its day and machine a result is none."""
    found = {
        name: json.loads((OUT / f"{name}.json").read_text())
        for name in (*NAMES, MANY)
        if (OUT / f"{name}.json").exists()
    }
    return {name: result for name, result in found.items() if "measured_at" in result and "missing" not in result}


def render(results: dict[str, Result] | None = None, page: str = "") -> str:
    """The page of results; what was not measured here stands as it stood in the former `page`."""
    return "\n".join(_page(load() if results is None else results, page.splitlines())) + "\n"


def _page(results: dict[str, Result], former: list[str]) -> Iterator[str]:
    def kept(start: str, instead: str) -> str:
        return next((line for line in former if line.startswith(start)), instead)

    yield "# Limits, measured"
    yield ""
    yield "Made by `python -m bench table` from the results of `make bench`; no figure here is typed by hand. PostgreSQL runs with"
    yield "fsync on, in the same machine as everything else. How each is measured stands below and in `bench/README.md`."
    yield ""
    yield "| | Goal | Measured | Beside it, in the same run | Met |"
    yield "|---|---|---|---|---|"
    for line in LINES:
        found = results.get(line.bench)
        start = f"| {line.what} | {line.goal} |"
        if found is None:
            yield kept(start, f"{start} not measured yet | | |")
        else:
            yield f"{start} {line.measured(found)} | {line.peer(found)} | {'yes' if line.met(found) else 'no'} |"
    for name, title in (("pages", "## Pages at 1,000,000 orders"), (MANY, "## Pages at 10,000,000 orders")):
        if name in results:
            yield from ("", title, "", *_pages(results[name]))
        elif title in former:
            at = former.index(title)
            end = next((n for n, line in enumerate(former[at + 1 :], at + 1) if line.startswith("## ")), len(former))
            yield from ("", *former[at : end - 1])
    yield ""
    yield "## How, when and where"
    yield ""
    for name in NAMES:
        found = results.get(name)
        if found is None:
            yield kept(f"- `{name}`: ", f"- `{name}`: {HOW[name]} Not measured yet.")
        else:
            yield f"- `{name}`: {HOW[name]} Measured {found['measured_at']} on {found['machine']}."


def _pages(result: Result) -> Iterator[str]:
    if result["orders"] > 1_000_000:
        yield f"By `bench.tenfold`: closed orders told again with the rows that lists read. Measured {result['measured_at']} on {result['machine']}."
    else:
        yield "Alone: one reader after another. The busiest hour: all pages together, as often a second as the column says. Four who"
        yield "never pause: what the machine gives at most; their waiting is four divided by it."
    yield ""
    yield "| Page | Alone p50 | p95 ms | Busiest hour, a second | p50 | p95 ms | Never pausing, pages/s | p95 ms | Queries |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    names = ("alone_p50_ms", "alone_p95_ms", "asked_per_second", "hour_p50_ms", "hour_p95_ms", "per_second", "full_p95_ms", "queries")
    for row in result["rows"]:
        yield f"| {row['page']} | {' | '.join(str(row.get(name, '–')) for name in names)} |"


def stamp() -> str:
    """When and of what: day, minute (UTC) and the commit."""
    asked = ["git", "describe", "--always", "--dirty"]
    try:
        commit = subprocess.run(
            asked, cwd=OUT.parent, capture_output=True, text=True, timeout=10
        ).stdout.strip()
    except OSError:
        commit = ""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC{f' at {commit}' if commit else ''}"


def machine() -> str:
    """Cores, processor, memory, kernel."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GB, {platform.system()} {platform.release()}, Python {platform.python_version()}"
