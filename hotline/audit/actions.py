"""Writing the log, and sealing it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from hotline.audit import chains, sealing
from hotline.audit.chains import register as register_chain
from hotline.audit.labels import Field, Kind
from hotline.audit.labels import register as register_labels
from hotline.kit.actor import Actor
from hotline.kit.origin import acting_from
from hotline.kit.progress import Progress
from hotline.kit.statements import fetch_one

__all__ = ["Field", "Kind", "part", "record", "register_chain", "register_labels", "seal_all", "values"]


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
    # One plain statement: this stands in every action's way.
    fetch_one(
        f"INSERT INTO audit_auditentry ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s::jsonb, %s, %s, %s)",
        [*values(actor=actor, verb=verb, object_type=object_type, reason=reason, data=data, ip=ip), str(object_id)[:60]],
    )


_COLUMNS = "actor, actor_name, verb, object_type, data, reason, ip, object_id"


def values(
    *,
    actor: Actor,
    verb: str,
    object_type: str,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
    ip: str | None = None,
) -> list[Any]:
    """Parameters of `part`."""
    return [
        actor.key(), actor.name[:80], verb, object_type, _json(data), reason, ip or acting_from.get(),
    ]  # fmt: skip


def _json(data: Mapping[str, Any] | None) -> str:
    return json.dumps(dict(data), cls=DjangoJSONEncoder, ensure_ascii=False) if data else "{}"


def part(source: str) -> str:
    """The row as part of a larger statement, for each row of the part `source`, whose `id` is the object; parameters: `values`."""
    return f"INSERT INTO audit_auditentry ({_COLUMNS}) SELECT %s, %s, %s, %s, %s::jsonb, %s, %s::inet, {source}.id::text FROM {source}"


def seal_all(*, most: int | None = None, quiet: bool = True) -> dict[str, int]:
    """Seal every chain; chain → rows sealed. `most` links a chain, so that a job stays short."""
    counts = {}
    for name, chain in chains.registered().items():
        with Progress(f"seal {name}", unit="rows", quiet=quiet) as progress:
            counts[name] = sealing.seal(chain, most=most, progress=progress.advance)
    return counts
