"""The lake's folder: snapshots, files, the lock of its one builder, and readers of the newest snapshot."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from django.conf import settings
from django.utils.translation import gettext as _

from hotline.analytics.rules.facts import DICTIONARY, FACTS
from hotline.analytics.rules.snapshots import BadManifest, Manifest, from_text, to_text
from hotline.kit.errors import Refused

CURRENT = "current.json"
LOOK_EVERY = 1.0
"""Seconds for which a reader takes the newest snapshot for the newest without looking."""


class LakeBroken(Refused):
    """The lake cannot be read as its manifest says."""


class LakeEmpty(Refused):
    """Nothing was built yet."""


def root() -> Path:
    """The lake's folder; made when it is not there."""
    folder = Path(settings.LAKE_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def read_manifest() -> Manifest:
    """The newest snapshot; an empty one before the first. LakeBroken with advice when it cannot be read."""
    try:
        return from_text((root() / CURRENT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Manifest()
    except (BadManifest, OSError, UnicodeDecodeError) as error:
        raise LakeBroken(
            "lake_broken",
            _("The lake's manifest cannot be read (%(error)s). Run “hotline lake build --afresh”.") % {"error": error},
        ) from None


def publish(manifest: Manifest) -> None:
    """Make this the snapshot that readers see: one rename, after everything it names is on the disk."""
    folder = root()
    draft = folder / f"{CURRENT}.{os.getpid()}"
    with draft.open("w", encoding="utf-8") as file:
        file.write(to_text(manifest))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / CURRENT)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def only_builder() -> Iterator[None]:
    """One at a time; the lock ends with its process. Refused at once when somebody else builds."""
    with (root() / "builder.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("lake_busy", _("Somebody else is building the lake; try again in a minute.")) from None
        yield


def scratch(folder: Path | None = None) -> duckdb.DuckDBPyConnection:
    """An empty DuckDB of its own, that spills to `folder`; two threads, a gigabyte."""
    engine = duckdb.connect(":memory:")
    engine.execute("SET threads = 2")
    engine.execute("SET memory_limit = '1GB'")
    engine.execute("SET preserve_insertion_order = false")
    if folder is not None:
        engine.execute("SET temp_directory = ?", [str(folder)])
    return engine


def files_sql(paths: Sequence[str]) -> str:
    """The list of files as DuckDB writes it; names come from manifests, never from outside."""
    return "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in paths) + "]"


def view_sql(manifest: Manifest, table: str) -> str:
    """A SELECT of a fact as the snapshot has it; of no rows when it has none."""
    columns = DICTIONARY if table == "dictionary" else FACTS[table].columns
    parts = [manifest.dictionary] if table == "dictionary" and manifest.dictionary else []
    if table != "dictionary":
        parts = list(manifest.parts(table))
    if not parts:
        return "SELECT " + ", ".join(f"NULL::{kind} AS {name}" for name, kind in columns.items()) + " WHERE false"
    named = files_sql([str(root() / part.path) for part in parts])
    return f"SELECT {', '.join(columns)} FROM read_parquet({named})"


class Reader:
    """Questions to the newest snapshot. One DuckDB a process, one cursor a question; a question sees one snapshot to its end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine: duckdb.DuckDBPyConnection | None = None
        self._key: tuple[str, int] = ("", -1)
        self._looked = 0.0
        self.manifest = Manifest()

    def _fresh(self) -> tuple[duckdb.DuckDBPyConnection, Manifest]:
        with self._lock:
            place = str(root())
            if self._engine is not None and self._key[0] == place and time.monotonic() - self._looked < LOOK_EVERY:
                return self._engine, self.manifest
            manifest = read_manifest()
            self._looked = time.monotonic()
            if self._engine is None or self._key != (place, manifest.number):
                self._engine = self._open(manifest)
                self._key, self.manifest = (place, manifest.number), manifest
            return self._engine, self.manifest

    def _open(self, manifest: Manifest) -> duckdb.DuckDBPyConnection:
        engine = scratch(root() / "spill")
        engine.execute("SET parquet_metadata_cache = true")
        for table in (*FACTS, "dictionary"):
            engine.execute(f"CREATE VIEW {table} AS {view_sql(manifest, table)}")
        return engine

    def ask(self, sql: str) -> tuple[list[tuple[Any, ...]], Manifest]:
        """Rows of a question in DuckDB's SQL, and the snapshot they are of. LakeEmpty, LakeBroken."""
        try:
            engine, manifest = self._fresh()
            if manifest.number == 0:
                raise LakeEmpty("lake_empty", _("No figures were built yet. They come by themselves within five minutes."))
            return engine.cursor().execute(sql).fetchall(), manifest
        except duckdb.IOException as error:
            self.forget()
            raise LakeBroken(
                "lake_broken",
                _("A file of the lake is missing or damaged (%(error)s). Run “hotline lake verify”, then “hotline lake build”.")
                % {"error": str(error).splitlines()[0]},
            ) from None

    def forget(self) -> None:
        """Open anew at the next question."""
        with self._lock:
            self._engine, self._key = None, ("", -1)


reader = Reader()
