"""Many small files of a month become one; what no snapshot needs any more is deleted an hour later."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, replace

from hotline.analytics import folder, permissions
from hotline.analytics.rules.facts import FACTS
from hotline.analytics.rules.snapshots import Manifest, Part
from hotline.kit.actor import Actor

GRACE_SECONDS = 3600.0
"""For how long a file stays that only readers of an older snapshot may still have open."""
FEW = 1
"""Files of a month that are left as they are."""


@dataclass(frozen=True, slots=True)
class Compacted:
    merged: int
    deleted: int


def compact(*, actor: Actor, grace_seconds: float = GRACE_SECONDS) -> Compacted:
    """One file a month; then delete what is older than the grace and nobody names. Refused while somebody builds."""
    permissions.can_build(actor).require("analytics:build")
    with folder.only_builder():
        before = folder.read_manifest()
        after = _merged(before)
        if after is not before:
            folder.publish(after)
            folder.reader.forget()
        merged = sum(len(before.parts(table)) - len(after.parts(table)) for table in before.tables)
        return Compacted(merged, _sweep(after, grace_seconds))


def _merged(before: Manifest) -> Manifest:
    after, number = before, before.number + 1
    with folder.scratch(folder.root() / "spill") as engine:
        for table, months in before.tables.items():
            made: dict[str, list[Part]] = {}
            for month, parts in months.items():
                if len(parts) <= FEW:
                    continue
                path = f"{table}/{month}/{number:08d}.parquet"
                named = folder.files_sql([str(folder.root() / part.path) for part in parts])
                draft = folder.root() / f"{path}.draft"
                engine.execute(
                    f"COPY (SELECT * FROM read_parquet({named}) ORDER BY {', '.join(FACTS[table].key)}) TO '{draft}' (FORMAT parquet, COMPRESSION zstd)"
                )
                draft.replace(folder.root() / path)
                made[month] = [Part(path, sum(part.rows for part in parts), (folder.root() / path).stat().st_size)]
            if made:
                after = replace(after.with_parts(table, made, replace=True), number=number)
    return after


def _sweep(manifest: Manifest, grace_seconds: float) -> int:
    named, deleted, old = manifest.paths(), 0, time.time() - grace_seconds
    top = folder.root()
    for file in [*top.glob("*/*/*.parquet*"), *top.glob("dictionary/*.parquet")]:
        if file.relative_to(top).as_posix() not in named and file.stat().st_mtime < old:
            file.unlink()
            deleted += 1
    for work in top.glob("work-*"):  # of builders that were killed: nobody builds now
        shutil.rmtree(work, ignore_errors=True)
    return deleted
