"""Calls written down while they are spoken: how late the words are on the agent's screen, how many calls two cores carry.

The real `hotline run` with its live service on an embedded PostgreSQL with fsync on, the real process `hotline transcripts run` with the
real model, and an exchange made here that gives each party's sound at the pace of life (`/audio/LEG`, as the softswitch gives it).
Citizen and agent take turns: synthesised sentences at 8 kHz, a second and a half between them. The delay runs from the last sample of
a sentence to the moment at which the live stream has told of it **and** the agent's pane has been fetched with its words. After the
last sentence the citizen hangs up: filing runs from there to the transcript's last state. One step after the other, more calls at once.

The limit in the same run: the same sentences by the same model, one after another, with nothing around them. Goals: p95 of the delay at one
call within the time that the bare model takes plus the pause that ends a sentence plus a second; filed within 10 s of hang-up.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import secrets
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.calls import cpu_seconds
from bench.city import ROOT, City, city, django_in
from bench.live import listening, quantile
from bench.pages import sign_in
from hotline.speech.activity import LEAST_SILENCE

STEPS = (1, 2, 4, 6)
"""Calls at once."""
SENTENCES_A_CALL = 6
BETWEEN = 1.5
"""Seconds from the end of one side's sentence to the beginning of the other's."""
PIECE = 800
"""Samples that the exchange gives at once: 100 ms."""
FILED_WITHIN = 10.0
CARRIED_WITHIN = 5.0
PATIENCE = 120.0
RATE = 8_000


@dataclass
class Party:
    """What one leg says, 16 bits at 8 kHz."""

    sound: np.ndarray[Any, Any]


@dataclass
class Spoken:
    """One call: its number, its legs, when it began."""

    call: int
    legs: dict[str, Party]
    began: float


def talk(sentences: list[Any]) -> list[Party]:
    """Both sides of a call, the citizen first, turn by turn."""
    sides: tuple[list[Any], list[Any]] = ([], [])
    quiet = np.zeros(round(BETWEEN * RATE), np.float32)
    for number, said in enumerate(sentences):
        sides[number % 2].extend([said, quiet])
        sides[1 - number % 2].extend([np.zeros(len(said), np.float32), quiet])
    noise = np.random.default_rng(12345)
    found = []
    for parts in sides:
        whole = np.concatenate(parts)
        whole = whole + noise.normal(0, 0.002, len(whole))
        found.append(Party((np.clip(whole, -1, 1) * 32767).astype("<i2")))
    return found


class Exchange:
    """Gives the sound of legs; knows nothing else of a softswitch."""

    def __init__(self) -> None:
        self.token, self.port = secrets.token_hex(32), 0
        self.legs: dict[str, tuple[Party, float]] = {}

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Exchange]:
        from websockets.asyncio.server import serve

        async with serve(self._connected, "127.0.0.1", 0, compression=None) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            yield self

    async def _connected(self, line: Any) -> None:
        leg = line.request.path.rpartition("/")[2]
        if leg not in self.legs:
            await line.close(1008, "no such leg")
            return
        party, began = self.legs[leg]
        first = max(0, int((time.time() - began) * RATE) // PIECE * PIECE)
        while leg in self.legs:
            await asyncio.sleep(max(0.0, began + (first + PIECE) / RATE - time.time()))
            piece = party.sound[first : first + PIECE]
            quiet = np.zeros(PIECE - len(piece), "<i2").tobytes()
            await line.send(first.to_bytes(8, "big") + piece.tobytes() + quiet)
            first += PIECE
        await line.close(1000)


def staff(count: int) -> tuple[Any, list[Any]]:
    """A line, and so many agents signed in to the telephone: their sessions."""
    from hotline.accounts.models import Membership, Person, Role, Unit, UnitLevel
    from hotline.calls.models import AgentSession, Lane, Line, Skill, Station
    from hotline.kit.clock import now

    name = f"bench-{secrets.token_hex(3)}"
    skill = Skill.objects.create(code=name, name=name)
    lane = Lane.objects.create(code=name, name=name, skill=skill)
    line = Line.objects.create(code=name, number=f"9{secrets.randbelow(10**6):06d}", name=name, lane=lane)
    unit = Unit.objects.filter(level=UnitLevel.HUB).first() or Unit.objects.create(
        code=name, name=name, short_name=name, level=UnitLevel.HUB
    )
    sessions = []
    for number in range(count):
        person = Person.objects.create(username=f"{name}-{number}", name=f"坐席{number}")
        Membership.objects.create(person=person, unit=unit, role=Role.AGENT)
        sessions.append(
            AgentSession.objects.create(
                person=person,
                station=Station.PHONE,
                trunk="bench",
                number=f"7{number:03d}",
                state_since=now(),
                idle_since=now(),
                signed_in_at=now(),
                state="paused",
            )
        )
    return line, sessions


def connected(line: Any, session: Any, citizen: str, agent: str) -> int:
    """A call that is talked in from now on, with its recording begun; its number."""
    from hotline.calls.models import AgentSession, Call, Recording, Segment
    from hotline.kit.clock import now

    moment = now()
    call = Call.objects.create(
        line=line, lane=line.lane, leg=citizen, state="talking", state_since=moment, arrived_at=moment, queued_at=moment,
        connected_at=moment,
    )  # fmt: skip
    AgentSession.objects.filter(pk=session.pk).update(call=call, state="talking")
    Segment.objects.create(call=call, session=session, leg=agent, offered_at=moment, answered_at=moment)
    Recording.objects.create(call=call, name=citizen, path=f"{citizen}.wav", started_at=moment)
    _wake()
    return call.pk


def hung_up(spoken: Spoken) -> None:
    """The call is over and its recording closed, as the distributor and the exchange leave them."""
    from django.conf import settings

    from hotline.calls.models import AgentSession, Call, Recording, Segment
    from hotline.kit.clock import now
    from softswitch.recording import header

    moment = now()
    Segment.objects.filter(call_id=spoken.call).update(ended_at=moment, outcome="answered")
    AgentSession.objects.filter(call_id=spoken.call).update(state="wrap_up")
    Call.objects.filter(pk=spoken.call).update(state="ended", outcome="answered", ended_at=moment)
    row = Recording.objects.get(call_id=spoken.call)
    count = round((moment - row.started_at).total_seconds() * RATE)
    both = np.zeros((count, 2), "<i2")
    for side, party in enumerate(spoken.legs.values()):
        both[: len(party.sound), side] = party.sound[:count]
    content = header(both.nbytes) + both.tobytes()
    path = settings.SWITCH_DIR / "recordings" / row.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    row.sha256, row.bytes, row.seconds = hashlib.sha256(content).hexdigest(), len(content), count / RATE
    row.silent_left = row.silent_right = False
    row.save()
    _wake()


def _wake() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('calls', '')")


def rows_of(call: int) -> tuple[float, dict[int, int], bool, list[Any], bool]:
    """The transcript as it stands: its zero, utterance → end in ms, filed, gaps, behind."""
    from hotline.transcripts.models import Transcript, Utterance

    row = Transcript.objects.get(call_id=call)
    ends = dict(Utterance.objects.filter(transcript=row).values_list("pk", "end_ms"))
    return row.zero_at.timestamp(), ends, row.filed_at is not None, row.gaps, row.behind


class Screen:
    """The agent's pane of one call: told by the live stream, it asks for what is new, like the page's script."""

    def __init__(self, place: City, call: int, headers: dict[str, str]) -> None:
        self.place, self.call, self.headers = place, call, headers
        self.shown: dict[int, float] = {}
        self.filed: float | None = None
        self.last = 0

    def look(self) -> None:
        url = f"{self.place.address}/recordings/calls/{self.call}/live?after={self.last}"
        request = urllib.request.Request(url, headers={**self.headers, "HX-Request": "true"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            page = answer.read().decode()
        moment = time.time()
        for number in map(int, re.findall(r'id="said-(\d+)"', page)):
            self.shown.setdefault(number, moment)
            self.last = max(self.last, number)
        if self.filed is None and "<span data-status>" in page:
            with contextlib.suppress(Exception):
                if rows_of(self.call)[2]:
                    self.filed = moment

    async def follow(self, port: int, key: str, over: asyncio.Event) -> None:
        topics = [f"transcript:{self.call}"]
        async with listening(port, key, [topics]) as (stream,):
            seen = 0
            while not over.is_set():
                if len(stream.seen) > seen:
                    seen = len(stream.seen)
                    await asyncio.to_thread(self.look)
                else:
                    await asyncio.sleep(0.02)


async def step(
    place: City, key: str, exchange: Exchange, scribe: int, line: Any, sessions: list[Any], said: list[Any]
) -> dict[str, Any]:
    """So many calls at once, from the first word to the last one filed."""
    over = asyncio.Event()
    calls: list[Spoken] = []
    screens: list[Screen] = []
    before = cpu_seconds(scribe)
    for number, session in enumerate(sessions):
        turn = [said[(number * 5 + at) % len(said)] for at in range(SENTENCES_A_CALL)]
        legs = {f"bench-{secrets.token_hex(6)}": party for party in talk(turn)}
        began = time.time()
        for name, party in legs.items():
            exchange.legs[name] = (party, began)
        pk = await asyncio.to_thread(connected, line, session, *legs)
        calls.append(Spoken(pk, legs, began))
        screens.append(Screen(place, pk, await asyncio.to_thread(sign_in, session.person.username)))
        await asyncio.sleep(1.7)  # not all in the same breath
    followers = [asyncio.create_task(one.follow(place.live_port, key, over)) for one in screens]
    filed: list[float | None] = []

    async def to_the_end(spoken: Spoken, screen: Screen) -> None:
        last = max(len(party.sound) for party in spoken.legs.values()) / RATE - BETWEEN
        await asyncio.sleep(max(0.0, spoken.began + last + 0.3 - time.time()))
        end = time.time()
        for leg in spoken.legs:
            exchange.legs.pop(leg)
        await asyncio.to_thread(hung_up, spoken)
        while screen.filed is None and time.time() < end + PATIENCE:
            await asyncio.sleep(0.05)
        filed.append(None if screen.filed is None else screen.filed - end)

    await asyncio.gather(*map(to_the_end, calls, screens))
    over.set()
    await asyncio.gather(*followers)
    delays, late, missing, seconds = [], False, 0.0, 0.0
    for spoken, screen in zip(calls, screens, strict=True):
        zero, ends, _filed, gaps, behind = await asyncio.to_thread(rows_of, spoken.call)
        late = late or behind
        missing += sum(end - start for _who, start, end in gaps) / 1000
        delays += [
            1000 * (screen.shown[pk] - zero - end / 1000 + LEAST_SILENCE)
            for pk, end in ends.items()
            if pk in screen.shown
        ]
        seconds += max(len(party.sound) for party in spoken.legs.values()) / RATE
    whole = [one for one in filed if one is not None]
    return {
        "calls": len(sessions),
        "utterances": len(delays),
        "delay_p50_s": (quantile(delays, 0.5) or 0) / 1000,
        "delay_p95_s": (quantile(delays, 0.95) or 0) / 1000,
        "filed_max_s": round(max(whole), 1) if len(whole) == len(calls) else None,
        "seconds_missing": round(missing, 1),
        "fell_behind": late,
        "core_seconds_a_second": round((cpu_seconds(scribe) - before) / seconds, 3),
    }


def made() -> tuple[list[Any], dict[str, Any]]:
    """The sentences at 8 kHz, and what the bare model takes for them."""
    from bench.speech import SENTENCES, line
    from hotline.speech.recognition import Whisper
    from hotline.speech.sound import TELEPHONE, Doubler
    from hotline.speech.synthesis import Speaker

    speaker, whisper = Speaker(threads=2), Whisper(threads=1)
    said = [speaker.say(one) for one in SENTENCES]
    whisper.hear(np.zeros(16_000, np.float32))
    taken = []
    for sound in said:
        began = time.perf_counter()
        whisper.hear(Doubler()(line(sound, None)))
        taken.append(time.perf_counter() - began)
    seconds = sum(sound.seconds for sound in said)
    bare = {
        "bare_model_p50_s": round(statistics.median(taken), 2),
        "bare_model_p95_s": round(sorted(taken)[int(0.95 * (len(taken) - 1))], 2),
        "bare_model_of_real_time": round(sum(taken) / seconds, 3),
    }
    return [sound.at(TELEPHONE).samples for sound in said], bare


async def measured(place: City, key: str, said: list[Any], bare: dict[str, Any]) -> dict[str, Any]:
    exchange, rows = Exchange(), []
    async with exchange.serving():
        environment = {
            **place.environment, "HOTLINE_TELEPHONE": "on", "HOTLINE_SWITCH_PORT": str(exchange.port),
            "HOTLINE_SWITCH_TOKEN": exchange.token,
        }  # fmt: skip
        with (place.folder / "scribe.log").open("wb") as log:
            scribe = subprocess.Popen(
                [sys.executable, "-m", "hotline", "transcripts", "run"],
                env=environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
            try:
                await asyncio.to_thread(awake, scribe.pid)
                for count in STEPS:
                    line, sessions = await asyncio.to_thread(staff, count)
                    rows.append(await step(place, key, exchange, scribe.pid, line, sessions, said))
            finally:
                scribe.terminate()
                await asyncio.to_thread(scribe.wait, 60)
    kept_up = [
        row["calls"] for row in rows if not row["fell_behind"] and row["delay_p95_s"] <= CARRIED_WITHIN
    ]
    first = rows[0]
    allowed = bare["bare_model_p95_s"] + LEAST_SILENCE + 1
    return {
        "name": "transcripts",
        "rows": rows,
        **bare,
        "delay_p50_s": first["delay_p50_s"],
        "delay_p95_s": first["delay_p95_s"],
        "filed_max_s": first["filed_max_s"],
        "calls_carried": max(kept_up, default=0),
        "limit": "the bare model's p95 + the pause that ends a sentence + 1 s",
        "limit_s": round(allowed, 2),
        "ratio": round(first["delay_p95_s"] / allowed, 2),
        "goal": f"p95 within the limit, filed within {FILED_WITHIN:.0f} s of hang-up; calls are carried while p95 ≤ {CARRIED_WITHIN:.0f} s",
    }


def awake(pid: int) -> None:
    """Until the scribe has signed without a fault."""
    from django.db import connection

    from hotline.kit.models import Heartbeat

    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        row = Heartbeat.objects.filter(kind="transcripts", name__endswith=f":{pid}").first()
        connection.close()
        if row is not None:
            if row.details.get("fault"):
                raise SystemExit(f"the scribe cannot: {row.details['fault']}")
            return
        time.sleep(0.5)
    raise SystemExit("the scribe did not come")


def run() -> dict[str, Any]:
    """On a city of its own."""
    said, bare = made()
    with city("transcripts") as place:
        django_in(place)
        from hotline.config.environment import environment

        return asyncio.run(measured(place, environment().secret_key(), said, bare))
