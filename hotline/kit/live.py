"""Publishing to live screens, inside the transaction of the change itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from hotline.kit.statements import fetch_one


def publish(topics: Iterable[str], kind: str, **payload: object) -> None:
    """Write one numbered message a topic and wake the listeners at commit.

    Topics: `order:<id>`, `unit:<id>`, `person:<id>`, `pool`, `board`, `desk`. The payload carries ids and codes,
    never text of an order or identity: a screen asks for what it may see.
    """
    wanted = list(dict.fromkeys(topics))
    if wanted:
        fetch_one(_PUBLISH, [*values(kind, payload), wanted])


def values(kind: str, payload: Mapping[str, object]) -> list[str]:
    """Parameters of `PART`, before the topics (each once)."""
    return [kind, json.dumps(payload, default=str, ensure_ascii=False)]


PART = (
    "INSERT INTO kit_live_event (topic, kind, payload)"
    " SELECT topic, %s, %s::jsonb FROM unnest(%s::text[]) AS topic RETURNING id"
)
"""The messages as part of a larger statement, which notifies `CHANNEL` itself."""
CHANNEL = "live"
_PUBLISH = f"WITH written AS ({PART}) SELECT pg_notify('{CHANNEL}', '') FROM written LIMIT 1"
