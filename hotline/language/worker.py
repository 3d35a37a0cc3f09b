"""The process that holds the heavy models: `hotline models serve`.

A Unix socket for this user alone, one JSON object a line: {"do": "status"}, {"do": "category", "title": …, "text": …, "limit": 3,
"evidence": true}, {"do": "embed", "kind": "query", "texts": […]}. Memory is bounded by the kernel; a model that wants more, or
dies, takes this process with it and nothing else. Which model is in use is read from the registry again whenever that changes.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import resource
import socketserver
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hotline.language import embedding
from hotline.language.category import Predictor, Text
from hotline.language.client import socket_path
from hotline.language.embedding import Cache, Missing, Nano
from hotline.language.registry import Registry, RegistryFault

LONGEST_LINE = 4 * 2**20
MOST_TEXTS = 256
WAITING = 32
"""Requests that may wait for a model; more are refused at once rather than answered too late."""


class Busy(Exception):
    """Too many wait."""


class Models:
    """The models of a folder, loaded when first asked for. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        self._registry = Registry(folder)
        self._folder = folder
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._category: Predictor | Missing = Missing("not_trained", "", "")
        self._version = ""
        self._embedder: Nano | Missing | None = None
        self._room = threading.BoundedSemaphore(WAITING)

    def category(self) -> tuple[Predictor | Missing, str]:
        """The predictor in use and its version."""
        with self._lock:
            stamp = self._registry.stamp()
            if stamp != self._stamp:
                self._stamp = stamp
                self._category, self._version = load_category(self._registry)
            return self._category, self._version

    def embedder(self) -> Nano | Missing:
        """The embedding model."""
        with self._lock:
            if self._embedder is None:
                self._embedder = embedding.load(Cache(path=self._folder / "vectors.sqlite3"))
            return self._embedder

    def warm(self) -> None:
        """Load what there is, so that the first who asks need not wait."""
        self.category()
        self.embedder()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """One request's answer. Raises ValueError for what makes no sense, Busy, MemoryError."""
        if not self._room.acquire(blocking=False):
            raise Busy
        try:
            return self._doings()[str(request.get("do"))](request)
        except KeyError as error:
            raise ValueError(f"no {error}") from None
        finally:
            self._room.release()

    def _doings(self) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        return {"status": self._status, "category": self._read_category, "embed": self._embed}

    def _status(self, _request: dict[str, Any]) -> dict[str, Any]:
        predictor, version = self.category()
        return {
            "pid": os.getpid(),
            "memory_mb": _memory_mb(),
            "functions": {
                "category": _state(predictor) | {"version": version},
                "embedding": _state(self.embedder())
                | {"version": f"{embedding.PACKAGE}-{embedding.PACKAGE_VERSION}"},
            },
        }

    def _read_category(self, request: dict[str, Any]) -> dict[str, Any]:
        predictor, version = self.category()
        if isinstance(predictor, Missing):
            return _refusal(predictor.code, predictor.reason)
        found = predictor.read(
            Text(str(request["title"]), str(request["text"])),
            min(max(int(request.get("limit", 3)), 1), 20),
            bool(request.get("evidence", True)),
        )
        return {
            "version": version,
            "first": [[guess.path, guess.probability] for guess in found.first],
            "guesses": [[guess.path, guess.probability] for guess in found.guesses],
            "abstains": found.abstains,
            "evidence": [[one.of_title, one.start, one.end, one.share] for one in found.evidence],
        }

    def _embed(self, request: dict[str, Any]) -> dict[str, Any]:
        texts = request["texts"]
        if (
            not isinstance(texts, list)
            or len(texts) > MOST_TEXTS
            or request["kind"] not in ("query", "passage")
        ):
            raise ValueError(f"at most {MOST_TEXTS} texts, of kind query or passage")
        model = self.embedder()
        if isinstance(model, Missing):
            return _refusal(model.code, model.reason)
        strings = [str(text) for text in texts]
        vectors = model.queries(strings) if request["kind"] == "query" else model.passages(strings)
        return {"vectors": base64.b64encode(vectors.tobytes()).decode()}


def load_category(registry: Registry) -> tuple[Predictor | Missing, str]:
    """The category model in use, or why there is none."""
    try:
        model = registry.current("category")
        if model is None:
            return Missing(
                "not_trained",
                "No category model was trained.",
                "hotline models train category --from FILE.csv, or from the city's own closed orders without --from.",
            ), ""
        return Predictor.load(registry.read(model)), model.version
    except RegistryFault as fault:
        return Missing(fault.code, fault.text, "hotline models list; hotline models rollback category"), ""
    except MemoryError:
        return Missing(
            "broken", "The category model does not fit into the memory bound.", "HOTLINE_MODELS_MEMORY_MB"
        ), ""


def _state(found: object) -> dict[str, Any]:
    if isinstance(found, Missing):
        return {"state": "off", "code": found.code, "reason": found.reason, "advice": found.advice}
    return {"state": "on"}


def _refusal(code: str, reason: str) -> dict[str, Any]:
    return {"ok": False, "code": code, "reason": reason}


def _memory_mb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 2**20 if sys.platform == "darwin" else peak // 2**10


class _Handler(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            while line := self.rfile.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE or not line.endswith(b"\n"):
                    return
                answer = self._answer(line)
                self.wfile.write(json.dumps(answer).encode() + b"\n")

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise ValueError("not an object")
            return {"ok": True, **self.server.models.answer(request)}
        except Busy:
            return _refusal("busy", "Too many wait for the models.")
        except MemoryError:
            return _refusal("memory", "This needs more memory than HOTLINE_MODELS_MEMORY_MB allows.")
        except (ValueError, TypeError, RecursionError) as error:
            return _refusal("nonsense", f"{type(error).__name__}: {error}"[:200])


class Server(socketserver.ThreadingUnixStreamServer):
    """Listens on the folder's socket. A dead one's socket is taken over; a living one's is not."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder: Path) -> None:
        self.models = Models(folder)
        path = socket_path(folder)
        for home in (folder, path.parent):
            home.mkdir(parents=True, exist_ok=True)
        if path.parent != folder:
            path.parent.chmod(0o700)
        self.path = path
        self._alone = path.with_suffix(".lock").open("a")
        try:
            fcntl.flock(self._alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._alone.close()
            raise RegistryFault(
                "unusable", f"A worker of the models is at work already on {folder}."
            ) from None
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        before = os.umask(0o177)
        try:
            super().__init__(str(path), _Handler)
        finally:
            os.umask(before)


def bound_memory(megabytes: int) -> None:
    """The kernel refuses this process more address space than that; 0: no bound."""
    if megabytes:
        bound = megabytes * 2**20
        with contextlib.suppress(ValueError, OSError):  # macOS knows no such bound
            resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
