"""Pages of a big city over HTTP: p95 and number of queries, beside the same web server's `/healthz`.

`python -m bench pages --orders 1000000` generates the city once (kept in var/bench/pages-N) and measures with 4 connections.
Goals: p95 ≤ 150 ms each at 1,000,000 orders (≤ 200 ms at 10,000,000), ≤ 15 queries a page. The portal's look-up sends real
numbers with their codes, one after another (an address may try 20 in five minutes), and counts form and page together.
"""

from __future__ import annotations

import asyncio
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from typing import Any

from bench import load
from bench.city import PACK, City, city, django_in

SECONDS = 6.0
CONNECTIONS = 4
DEEP_PAGES = 1000


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
    with CaptureQueriesContext(connection, ) as seen:
        answer = client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return len(seen)


def deep_cursor() -> str:
    """The list's cursor a thousand pages down."""
    import base64
    import json

    from hotline.workorders.models import WorkOrder

    row = WorkOrder.objects.order_by("-id").values_list("id", flat=True)[DEEP_PAGES * 50]
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
        Appeal.objects.filter(pk__gte=pk, number__isnull=False).exclude(lookup_hash="").order_by("pk").values_list("number", flat=True)[0]
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
        "p50_ms": round(ordered[len(ordered) // 2] * 1000, 1),
        "p95_ms": round(ordered[int(0.95 * len(ordered))] * 1000, 1),
        "per_second": round(len(seconds) / sum(seconds), 1),
        "queries": queries,
        "statuses": {200: len(seconds)},
    }


def prepare(place: City, orders: int) -> None:
    """The city's orders, generated once."""
    from hotline.accounts.models import Unit
    from hotline.workorders.models import WorkOrder

    if not Unit.objects.exists():
        place.run("load-city", str(PACK))
    if WorkOrder.objects.order_by("-id").values_list("id", flat=True).first() is None:
        began = time.monotonic()
        place.run("generate", "--orders", str(orders), "--years", "3", "--open", str(max(orders // 20, 1)))
        (place.folder / "generated.txt").write_text(f"{orders} orders in {time.monotonic() - began:.0f} s\n")
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


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
    assert order is not None
    yield "health", "/healthz", {}
    yield "pool", "/dispatch/", dispatcher
    yield "inbox", "/orders/inbox/", handler
    yield "list", "/orders/", hub
    yield "filtered list", "/orders/?state=in_progress&urgency=routine", hub
    yield "search", "/orders/?find=噪声", hub
    yield "page 1,000 deep", f"/orders/?cursor={deep_cursor()}", hub
    yield "order page", f"/orders/{order.number}/", hub
    yield "supervision board", "/orders/supervision/", hub
    yield "portal home", "/", {}


def run(orders: int = 1_000_000) -> dict[str, Any]:
    """Measure every page; the city is kept for the next time."""
    with city(f"pages-{orders}") as place:
        django_in(place)
        prepare(place, orders)
        rows = []
        for name, path, headers in pages():
            encoded = re.sub(r"[^\x00-\x7f]+", lambda m: "".join(f"%{b:02X}" for b in m[0].encode()), path)
            request = load.request("GET", encoded, headers=headers)
            asyncio.run(load.drive("127.0.0.1", place.port, lambda _n, r=request: r, connections=CONNECTIONS, seconds=1.5))
            result = asyncio.run(
                load.drive("127.0.0.1", place.port, lambda _n, r=request: r, connections=CONNECTIONS, seconds=SECONDS)
            )
            rows.append(
                {
                    "page": name,
                    "p50_ms": round(result.percentile(0.5), 1),
                    "p95_ms": round(result.percentile(0.95), 1),
                    "per_second": round(result.rate, 1),
                    "queries": queries_of(path, headers),
                    "statuses": dict(result.statuses),
                }
            )
        rows.append(look_ups(place))
        floor = rows[0]["p95_ms"]
        for row in rows:
            row["ratio"] = round(row["p95_ms"] / floor, 1) if floor else None
        worst = max(row["p95_ms"] for row in rows)
        return {"name": "pages", "orders": orders, "connections": CONNECTIONS, "worst_p95_ms": worst, "rows": rows, "goal": "p95 ≤ 150 ms, queries ≤ 15"}
