"""Writing the log, and sealing it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from hotline.audit import chains, sealing
from hotline.kit.actor import Actor
from hotline.kit.origin import acting_from
from hotline.kit.progress import Progress


def record(
    *,
    actor: Actor,
    verb: str,
    object_type: str,
    object_id: object,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
    ip: str | None = None,
) -> None:
    """Write one row, in the transaction of the act itself. `verb` is `package.verb`, e.g. `accounts.reveal_identity`.

    `data`: ids, codes, old and new values; never identity, a password or a key.
    """
    with connection.cursor() as cursor:
        # One plain statement: this stands in every action's way.
        cursor.execute(
            "INSERT INTO audit_auditentry (actor, actor_name, verb, object_type, object_id, reason, data, ip)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb, %s)",
            [
                actor.key(),
                actor.name[:80],
                verb,
                object_type,
                str(object_id)[:60],
                reason,
                json.dumps(dict(data or {}), cls=DjangoJSONEncoder, ensure_ascii=False),
                ip or acting_from.get(),
            ],
        )


def seal_all(*, most: int | None = None, quiet: bool = True) -> dict[str, int]:
    """Seal every chain; chain → rows sealed. `most` links a chain, so that a job stays short."""
    counts = {}
    for name, chain in chains.registered().items():
        with Progress(f"seal {name}", unit="rows", quiet=quiet) as progress:
            counts[name] = sealing.seal(chain, most=most, progress=progress.advance)
    return counts
