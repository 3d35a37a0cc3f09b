"""A language model's server on the loopback that speaks the same HTTP as the real ones, and misbehaves when told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Double:
    """`behave`: answer (with `text`), error, html, wrong, empty, cut, silent, endless or moved. `asked`: bodies that came."""

    def __init__(self) -> None:
        self.behave = "answer"
        self.text = json.dumps({"title": "", "wish": "", "summary": ""})
        self.usage: Any = {"total_tokens": 123}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.released = threading.Event()
        self.url = ""


@contextmanager
def serving() -> Iterator[Double]:
    """A double that listens until the end of the block."""
    double = Double()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def _send(
            self, status: int, body: bytes, kind: str = "application/json", length: int | None = None
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            if status == 302:
                self.send_header("Location", double.url + "/elsewhere")
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            double.paths.append(self.path)
            double.headers.append(dict(self.headers))
            double.asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            good = json.dumps(
                {
                    "choices": [{"message": {"role": "assistant", "content": double.text}}],
                    "usage": double.usage,
                }
            ).encode()
            match double.behave:
                case "error":
                    self._send(500, b"{}")
                case "moved":
                    self._send(302, b"")
                case "html":
                    self._send(200, b"<html>" + b"\xff" * 20, "text/html")
                case "wrong":
                    self._send(200, b'{"choices": [{"message": {"content": 7}}]}')
                case "empty":
                    self._send(200, b'{"choices": []}')
                case "deep":
                    self._send(200, b"[" * 200_000)
                case "cut":
                    self._send(200, good[:20], length=len(good))
                    self.close_connection = True
                case "gone":
                    self.close_connection = True
                case "silent":
                    double.released.wait(30)
                    self.close_connection = True
                case "endless":
                    self._send(200, b" " * 1_200_000)
                case _:
                    self._send(200, good)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who asked may have gone
    double.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        double.released.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
