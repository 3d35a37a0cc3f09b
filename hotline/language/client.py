"""Asking the worker that holds the heavy models. Never raises, never waits long: no answer in time is `Off`, and after three
of those nobody asks for five seconds.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hotline.language.category import Answer, Evidence, Guess
from hotline.language.embedding import DIMENSIONS, Missing, Vectors

TIMEOUT = 0.15
"""Seconds that a page waits for a model."""
FAILURES, REST = 3, 5.0
"""So many failures in a row open the breaker for so many seconds."""
LONGEST_LINE = 16 * 2**20
LONGEST_PATH = 100
"""Bytes of a Unix socket's path that every system takes."""


@dataclass(frozen=True, slots=True)
class Off:
    """No answer, and why: not_running, slow, resting, busy, or what the worker said."""

    code: str
    reason: str


def socket_path(folder: Path) -> Path:
    """Where the worker of a models folder listens: in the folder, or, where that path is too long, in a folder of this user's
    own among the temporary ones."""
    inside = folder / "worker.sock"
    if len(os.fsencode(inside)) <= LONGEST_PATH:
        return inside
    mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"hotline-{os.geteuid()}" / f"{mark}.sock"


class Client:
    """One for a process and its threads; each thread keeps its own connection."""

    def __init__(self, folder: Path, timeout: float = TIMEOUT) -> None:
        self._path = socket_path(folder)
        self._timeout = timeout
        self._local = threading.local()
        self._lock = threading.Lock()
        self._failures = 0
        self._rest_until = 0.0

    def ask(self, do: str, *, timeout: float | None = None, **arguments: Any) -> dict[str, Any] | Off:
        """The worker's answer to one request, within `timeout` seconds in all (TIMEOUT when None)."""
        if time.monotonic() < self._rest_until:
            return Off(
                "resting",
                "The worker of the models did not answer lately; it is asked again in some seconds.",
            )
        patience = self._timeout if timeout is None else timeout
        end = time.monotonic() + patience
        line = json.dumps({"do": do, "wait": patience, **arguments}).encode() + b"\n"
        try:
            try:
                answer = self._exchange(line, end)
            except (BrokenPipeError, ConnectionResetError, EOFError):
                self._drop()  # the worker was started anew since; once more on a fresh connection
                answer = self._exchange(line, end)
        except TimeoutError:
            return self._failed(Off("slow", "The worker of the models did not answer in time."))
        except (OSError, EOFError):
            return self._failed(Off("not_running", "The worker of the models is not running."))
        except ValueError:
            return self._failed(Off("broken", "The worker of the models gave no sense."))
        self._failures = 0
        if not answer.get("ok"):
            return Off(str(answer.get("code", "refused")), str(answer.get("reason", "")))
        return answer

    def _exchange(self, line: bytes, end: float) -> dict[str, Any]:
        connection: socket.socket | None = getattr(self._local, "connection", None)
        if connection is None:
            # Another user's socket in a shared folder would be told what citizens write.
            if self._path.stat().st_uid not in (os.geteuid(), 0):
                raise FileNotFoundError(self._path)
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.settimeout(_left(end))
                connection.connect(str(self._path))
            except BaseException:
                connection.close()
                raise
            self._local.connection = connection
            self._local.left = b""
        connection.settimeout(_left(end))
        connection.sendall(line)
        got: bytes = b""
        while b"\n" not in got:
            connection.settimeout(_left(end))
            piece = connection.recv(2**18)
            if not piece:
                raise EOFError
            got += piece
            if len(got) > LONGEST_LINE:
                raise ValueError("too long")
        answer = json.loads(got)
        if not isinstance(answer, dict):
            raise ValueError("not an object")
        return answer

    def _drop(self) -> None:
        connection: socket.socket | None = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def _failed(self, why: Off) -> Off:
        # A late answer would be taken for the next request's.
        self._drop()
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES:
                self._failures = 0
                self._rest_until = time.monotonic() + REST
        return why

    def close(self) -> None:
        """Let go of this thread's connection; the next question opens another."""
        self._drop()

    def wake(self) -> None:
        """Ask again at once; for tests and commands."""
        self._rest_until = 0.0
        self._failures = 0

    # ── what there is to ask ──

    def categories(
        self, title: str, text: str, *, limit: int = 3, evidence: bool = True, timeout: float | None = None
    ) -> tuple[Answer, str] | Off:
        """The category of one message and the version of the model that said so."""
        answer = self.ask("category", title=title, text=text, limit=limit, evidence=evidence, timeout=timeout)
        if isinstance(answer, Off):
            return answer
        try:
            return (
                Answer(
                    tuple(Guess(tuple(path), share) for path, share in answer["first"]),
                    tuple(Guess(tuple(path), share) for path, share in answer["guesses"]),
                    bool(answer["abstains"]),
                    tuple(Evidence(*one) for one in answer["evidence"]),
                ),
                str(answer["version"]),
            )
        except (KeyError, TypeError, ValueError):
            return self._failed(Off("broken", "The worker of the models gave no sense."))

    def vectors(self, texts: Sequence[str], kind: str, *, timeout: float | None = None) -> Vectors | Off:
        """Vectors of texts, `kind` query or passage."""
        answer = self.ask("embed", texts=list(texts), kind=kind, timeout=timeout)
        if isinstance(answer, Off):
            return answer
        try:
            numbers = np.frombuffer(base64.b64decode(answer["vectors"]), dtype=np.float32)
            return numbers.reshape(len(texts), DIMENSIONS)
        except (KeyError, TypeError, ValueError):
            return self._failed(Off("broken", "The worker of the models gave no sense."))

    def status(self, *, timeout: float = 2.0) -> dict[str, Any] | Off:
        """What the worker holds: functions {name: state}, memory in MB, process id."""
        return self.ask("status", timeout=timeout)


class Unanswered(RuntimeError):
    """The worker gave no vector; who asked goes on without meaning."""


class RemoteEmbedder:
    """An `embedding.Embedder` that has the worker compute. Raises Unanswered."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def query(self, text: str) -> Vectors:
        row: Vectors = self.queries([text])[0]
        return row

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._vectors(texts, "query", None)

    def passages(self, texts: Sequence[str]) -> Vectors:
        # Passages are embedded in jobs, which may wait.
        return self._vectors(texts, "passage", 5.0 + len(texts))

    def _vectors(self, texts: Sequence[str], kind: str, timeout: float | None) -> Vectors:
        found = self._client.vectors(texts, kind, timeout=timeout)
        if isinstance(found, Off):
            raise Unanswered(found.reason)
        return found


def remote_state(client: Client) -> RemoteEmbedder | Missing:
    """For `embedding.provide`: the worker's embedder, when it says that it has one or is about to."""
    status = client.status(timeout=0.5)
    if isinstance(status, Off):
        return Missing(status.code, status.reason, "hotline run starts it; or `hotline models serve`.")
    function = status.get("functions", {}).get("embedding", {})
    if function.get("state") != "on" and function.get("code") != "loading":
        return Missing(
            str(function.get("code")), str(function.get("reason")), str(function.get("advice", ""))
        )
    return RemoteEmbedder(client)


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
