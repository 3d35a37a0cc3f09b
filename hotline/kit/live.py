"""Publishing to live screens, inside the transaction of the change itself."""

from __future__ import annotations

import json
from collections.abc import Iterable

from hotline.kit.statements import fetch_one


def publish(topics: Iterable[str], kind: str, **payload: object) -> None:
    """Write one numbered message a topic and wake the listeners at commit.

    Topics: `order:<id>`, `unit:<id>`, `person:<id>`, `pool`, `board`, `desk`. The payload carries ids and codes,
    never text of an order or identity: a screen asks for what it may see.
    """
    wanted = list(dict.fromkeys(topics))
    if not wanted:
        return
    fetch_one(_PUBLISH, [kind, json.dumps(payload, default=str, ensure_ascii=False), wanted])


_PUBLISH = (
    "WITH written AS (INSERT INTO kit_live_event (topic, kind, payload)"
    " SELECT topic, %s, %s::jsonb FROM unnest(%s::text[]) AS topic RETURNING id)"
    " SELECT pg_notify('live', '') FROM written LIMIT 1"
)
