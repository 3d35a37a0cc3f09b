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
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

from hotline.language import embedding
from hotline.language.category import Predictor, Text
from hotline.language.client import socket_path
from hotline.language.embedding import Cache, Missing, Nano
from hotline.language.registry import Registry, RegistryFault

T = TypeVar("T")
LONGEST_LINE = 4 * 2**20
MOST_TEXTS = 256
WAITING = 32
"""Requests that may wait for a model; more are refused at once rather than answered too late."""
LONGEST_WAIT = 60.0
"""Seconds that a request waits for a model that is being loaded, when it does not say how long its asker waits."""
OF_PATIENCE = 0.6
"""Share of the asker's patience that may go by before a model is there; the rest is for the answer."""
LOOK = 2.0
"""Seconds between looks at the registry: a model just trained or promoted is there before somebody asks for it."""
LOADING = Missing("loading", "The model is being loaded.", "It answers in some seconds.")


class Busy(Exception):
    """Too many wait."""


class Loaded(Generic[T]):
    """A value that is made beside those who ask for it. Till a new one is there the old one answers; at first, none."""

    def __init__(self, make: Callable[[], T], stamp: Callable[[], object]) -> None:
        self._make, self._stamp = make, stamp
        self._changed = threading.Condition()
        self._value: T | None = None
        self._of: object = None
        self._making = False

    def get(self, wait: float) -> T | None:
        """The value that belongs to the stamp of now, when it is there within `wait` seconds; else the last one, or None."""
        with self._changed:
            if not self._fresh() and not self._making:
                self._making = True
                threading.Thread(target=self._work, daemon=True).start()
            self._changed.wait_for(lambda: not self._making, wait)
            return self._value

    def _fresh(self) -> bool:
        return self._of is not None and self._of == self._stamp()

    def _work(self) -> None:
        of, value = self._stamp(), None
        try:
            value = self._make()
        finally:
            with self._changed:
                if value is not None:
                    self._value, self._of = value, of
                self._making = False
                self._changed.notify_all()


class Models:
    """The models of a folder, each loaded beside the requests when first asked for and when another is put to use.

    Loading takes a second or more, longer than anybody who types waits. Safe for threads.
    """

    def __init__(self, folder: Path) -> None:
        registry = Registry(folder)
        self._category = Loaded(lambda: load_category(registry), registry.stamp)
        self._embedder = Loaded(lambda: embedding.load(Cache(path=folder / "vectors.sqlite3")), lambda: 1)
        self._room = threading.BoundedSemaphore(WAITING)

    def category(self, wait: float = LONGEST_WAIT) -> tuple[Predictor | Missing, str]:
        """The predictor in use and its version; the one before while a new one is loaded for longer than `wait` seconds."""
        return self._category.get(wait) or (LOADING, "")

    def embedder(self, wait: float = LONGEST_WAIT) -> Nano | Missing:
        """The embedding model."""
        return self._embedder.get(wait) or LOADING

    def keep_warm(self) -> NoReturn:
        """Load what there is and whatever is put to use later, so that the first who asks need not wait. Never returns."""
        while True:
            with contextlib.suppress(OSError):
                self.category()
                self.embedder()
            time.sleep(LOOK)

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

    def _status(self, request: dict[str, Any]) -> dict[str, Any]:
        predictor, version = self.category(_patience(request))
        return {
            "pid": os.getpid(),
            "memory_mb": _memory_mb(),
            "functions": {
                "category": _state(predictor) | {"version": version},
                "embedding": _state(self.embedder(_patience(request) / 2))
                | {"version": f"{embedding.PACKAGE}-{embedding.PACKAGE_VERSION}"},
            },
        }

    def _read_category(self, request: dict[str, Any]) -> dict[str, Any]:
        predictor, version = self.category(_patience(request))
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
        model = self.embedder(_patience(request))
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


def _patience(request: Mapping[str, Any]) -> float:
    """Seconds that this request may wait for a model: it says how long its asker waits in all."""
    return min(max(float(request.get("wait", LONGEST_WAIT)), 0.0) * OF_PATIENCE, LONGEST_WAIT)


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
