"""Pages of a big city over HTTP: latency and number of queries, beside the same web server's `/healthz`.

`python -m bench pages --orders 1000000` generates the city once (kept in var/bench/pages-N) and measures each page thrice:

* `alone`: one reader, one page after another; what a person waits when the hall is quiet;
* `hour`: all pages together at the rate of a great city's busiest hour (`views`), whether or not the former are answered;
  a latency counts from the moment that the reader asked. The goals speak of this;
* `full`: four readers who never pause; `per_second` is what the machine gives at most, and how long they wait is then only
  four divided by it.

Goals: p95 ≤ 150 ms each at 1,000,000 orders (≤ 200 ms at 10,000,000), ≤ 15 queries a page. The portal's look-up sends real
numbers with their codes, one after another (an address may try 20 in five minutes), and counts form and page together; it
is measured alone only.
"""

from __future__ import annotations

import asyncio
import re
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from http.cookiejar import CookieJar
from random import Random
from typing import Any

from bench import load
from bench.city import PACK, City, city, django_in

SECONDS = 5.0
CONNECTIONS = 4
DEEP_PAGES = 1000
ALONE = 40
"""Pages that the one reader reads."""
HOUR_SECONDS = 120.0
LEAST = 0.5
"""Views a second of a page at least, lest the p95 of a rare page rest on a handful."""
DISPATCHERS = 8


def views() -> dict[str, float]:
    """Views a second by page in the busiest hour of Shanghai's worst day: 58,000 calls, 41% of them dispatched.

    Counted by what people do, upwards where it is not known: every dispatcher's list is read again when an order comes into
    the pool and when it leaves it; the dispatcher opens the order; its unit looks at the inbox to sign, to contact and to
    reply, and what others do moves every second time an inbox that stands open; the order's page is read at these three
    steps, at the review, at the follow-up, and once when the citizen asks; a list and a filtered list are looked through
    once an order; the agent searches once a call; a citizen comes to the portal for each call.
    """
    import yaml

    from bench.day import CALLS_A_DAY, DISPATCHED

    hours = yaml.safe_load((PACK / "phrases.yaml").read_text(encoding="utf-8"))["rhythm"]["hours"]
    calls = CALLS_A_DAY * max(hours) / sum(hours) / 3600
    orders = calls * DISPATCHED
    known = {
        "pool, read again": orders * 2 * DISPATCHERS,
        "order in the pool": orders,
        "inbox": orders * 4.5,
        "order page": orders * 6,
        "list": orders,
        "filtered list": orders,
        "search": calls,
        "portal home": calls,
    }
    return {name: round(rate, 2) for name, rate in known.items()}


def sign_in(username: str) -> dict[str, str]:
    """A signed-in session of a demo member of staff, as the sign-in page would open it; headers of a browser."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from hotline.accounts.actions.sessions import open_session
    from hotline.accounts.models import Person
    from hotline.accounts.queries import actor_for

    person = Person.objects.get(username=username)
    store = SessionStore()
    store[SESSION_KEY] = str(person.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = person.get_session_auth_hash()
    store.create()
    assert store.session_key
    open_session(actor=actor_for(person), person=person, session_key=store.session_key, ip="127.0.0.1", user_agent="bench")
    return {"Cookie": f"sessionid={store.session_key}", "Accept-Language": "zh-CN"}


def queries_of(path: str, headers: dict[str, str]) -> int:
    """Statements that one request of a page runs, counted in this process on the same database."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="127.0.0.1", headers={"accept-language": "zh-CN"})
    client.cookies["sessionid"] = headers.get("Cookie", "=").split("=", 1)[1]
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return len(seen)


def deep_cursor() -> str:
    """The list's cursor a thousand pages down."""
    import base64
    import json

    from hotline.workorders.models import WorkOrder

    newest = WorkOrder.objects.order_by("-id").values_list("id", flat=True)
    row = newest[min(DEEP_PAGES * 50, newest.count() - 1)]
    return base64.urlsafe_b64encode(json.dumps([False, row], separators=(",", ":")).encode()).decode().rstrip("=")


LOOK_UPS = 18
"""As many as one address may try in five minutes, less two."""


def look_ups(place: City) -> dict[str, Any]:
    """A citizen's look-up of real numbers with their codes: form sent, answer followed, page read; one after another."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from hotline.demo.life.worker import SOURCE
    from hotline.intake.actions.filing import code_of
    from hotline.intake.models import Appeal

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kit_rate_limit WHERE key LIKE 'portal:look_up:%'")
    last = Appeal.objects.order_by("-id").values_list("id", flat=True)[0]
    wanted = [last * step // (LOOK_UPS + 1) for step in range(1, LOOK_UPS + 1)]
    numbers = [
        Appeal.objects.filter(pk__gte=pk, number__isnull=False).exclude(lookup_hash="").order_by("pk").values_list("number", flat=True)[0] or ""
        for pk in wanted
    ]
    seconds: list[float] = []
    for number in numbers:
        jar = CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        with opener.open(f"{place.address}/look-up/") as page:
            page.read()
        token = next(cookie.value or "" for cookie in jar if cookie.name == "csrftoken")
        form = {"csrfmiddlewaretoken": token, "number": number, "code": code_of(SOURCE, number)}
        began = time.perf_counter()
        with opener.open(f"{place.address}/look-up/", urllib.parse.urlencode(form).encode()) as page:
            shown = page.read().decode()
        seconds.append(time.perf_counter() - began)
        assert number in shown, f"{number}: the look-up did not find it"
    client = Client(SERVER_NAME="127.0.0.1", headers={"accept-language": "zh-CN"})
    with CaptureQueriesContext(connection) as seen:
        answer = client.post("/look-up/", {"number": numbers[0], "code": code_of(SOURCE, numbers[0])}, follow=True)
        queries = len(seen)
    assert answer.status_code == 200, answer.status_code
    ordered = sorted(seconds)
    return {
        "page": "portal look-up",
        "alone_p50_ms": round(ordered[len(ordered) // 2] * 1000, 1),
        "alone_p95_ms": round(ordered[int(0.95 * len(ordered))] * 1000, 1),
        "queries": queries,
        "statuses": {200: len(seconds)},
    }


def prepare(place: City, orders: int) -> None:
    """The city's orders, generated once."""
    from hotline.workorders.models import WorkOrder

    if not WorkOrder.objects.exists():
        place.generate(orders)


def pages() -> Iterator[tuple[str, str, dict[str, str]]]:
    """(name, path, headers) of each page measured."""
    from hotline.accounts.models import Membership
    from hotline.workorders.models import OPEN_ASSIGNMENT_STATES, Assignment, WorkOrder

    dispatcher, hub = sign_in("dispatcher"), sign_in("supervisor")
    busiest = (
        Assignment.objects.filter(state__in=OPEN_ASSIGNMENT_STATES, unit__memberships__role="handler").values_list("unit_id", flat=True)[:2000]
    )
    unit_id = max(set(busiest), key=list(busiest).count)
    person = Membership.objects.filter(unit_id=unit_id, role="handler").select_related("person")[0].person
    handler = sign_in(person.username)
    order = WorkOrder.objects.filter(state="in_progress", secret=False).order_by("-id").first()
    waiting = WorkOrder.objects.filter(state="pending_dispatch", secret=False).order_by("id").first()
    assert order is not None
    assert waiting is not None
    yield "health", "/healthz", {}
    yield "pool", "/dispatch/", dispatcher
    yield "pool, read again", "/dispatch/list?tab=pool&size=60", dispatcher | {"HX-Request": "true"}
    yield "order in the pool", f"/dispatch/orders/{waiting.pk}", dispatcher | {"HX-Request": "true"}
    yield "inbox", "/orders/inbox/", handler
    yield "list", "/orders/", hub
    yield "filtered list", "/orders/?state=in_progress&urgency=routine", hub
    yield "search", "/orders/?find=噪声", hub
    yield "page 1,000 deep", f"/orders/?cursor={deep_cursor()}", hub
    yield "order page", f"/orders/{order.number}/", hub
    yield "supervision board", "/orders/supervision/", hub
    yield "portal home", "/", {}


def schedule(requests: dict[str, bytes]) -> list[tuple[float, str, bytes]]:
    """When which page is asked for: by chance, the same in every run."""
    chance = Random(12345)
    rates = views()
    found = []
    for name, wanted in requests.items():
        at, rate = 0.0, max(rates.get(name, 0.0), LEAST)
        while (at := at + chance.expovariate(rate)) < HOUR_SECONDS:
            found.append((at, name, wanted))
    return sorted(found)


def run(orders: int = 1_000_000) -> dict[str, Any]:
    """Measure every page; the city is kept for the next time."""
    with city(f"pages-{orders}") as place:
        django_in(place)
        prepare(place, orders)
        requests: dict[str, bytes] = {}
        rows: list[dict[str, Any]] = []

        def drive(wanted: bytes, connections: int, seconds: float) -> load.Result:
            return asyncio.run(
                load.drive("127.0.0.1", place.port, lambda _n: wanted, connections=connections, seconds=seconds)
            )

        for name, path, headers in pages():
            encoded = re.sub(r"[^\x00-\x7f]+", lambda m: "".join(f"%{b:02X}" for b in m[0].encode()), path)
            wanted = requests[name] = load.request("GET", encoded, headers=headers)
            drive(wanted, CONNECTIONS, 1.5)
            alone = asyncio.run(load.repeat("127.0.0.1", place.port, wanted, ALONE))
            full = drive(wanted, CONNECTIONS, SECONDS)
            rows.append(
                {
                    "page": name,
                    **_figures("alone", alone),
                    **_figures("full", full),
                    "per_second": round(full.rate, 1),
                    "queries": queries_of(path, headers),
                    "statuses": dict(alone.statuses + full.statuses),
                }
            )
        asked = {name: wanted for name, wanted in requests.items() if name != "health"}
        times = schedule(asked)
        hour = asyncio.run(load.arrive("127.0.0.1", place.port, times, seconds=HOUR_SECONDS))
        for row in rows[1:]:
            seen = hour[row["page"]]
            row |= _figures("hour", seen) | {"asked_per_second": round(seen.statuses.total() / HOUR_SECONDS, 2)}
            row["statuses"] = dict(Counter(row["statuses"]) + seen.statuses)
        rows.append(look_ups(place))
        judged = [row.get("hour_p95_ms", row["alone_p95_ms"]) for row in rows[1:]]
        return {
            "name": "pages",
            "orders": orders,
            "views_per_second": round(len(times) / HOUR_SECONDS, 1),
            "worst_p95_ms": max(judged),
            "unanswered": sum(count for row in rows for status, count in row["statuses"].items() if status != 200),
            "rows": rows,
            "goal": "p95 ≤ 150 ms in the busiest hour, queries ≤ 15",
        }


def _figures(name: str, result: load.Result) -> dict[str, float]:
    return {
        f"{name}_p50_ms": round(result.percentile(0.5), 1),
        f"{name}_p95_ms": round(result.percentile(0.95), 1),
    }
