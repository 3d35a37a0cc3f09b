"""A photo of 5 MB from the filing page in Chromium over a line of 256 kbit/s that is cut three times.

`python -m bench upload`. The line is a TCP relay here: it lets 32,000 bytes a second pass to the city, all connections
together, and drops every connection at a quarter, a half and three quarters of the file; two seconds later one may connect
again. Goal: the file arrives and becomes a picture of the draft, announced once, and what is sent in all is no whole file twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

from bench.city import VAR, City, city, django_in, free_port

BITS = 256_000
SIZE = 5_000_000
CUTS = (0.25, 0.5, 0.75)
DARK = 2.0
"""Seconds without a line after a cut."""


class Line:
    """A line to `port` of this machine: so many bytes a second upwards, cut where it is told to."""

    def __init__(self, port: int) -> None:
        self.port, self.own = port, free_port()
        self.sent, self.cut = 0, 0
        self.marks: list[int] = []
        self.slow = False
        self._dark = 0.0
        self._free = 0.0
        self._open: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        self._ready.wait(10)

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._taken, "127.0.0.1", self.own)
        self._ready.set()
        async with server:
            await server.serve_forever()

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if time.monotonic() < self._dark:
            writer.transport.abort()
            return
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._open |= {writer, to_writer}
        await asyncio.gather(self._up(reader, to_writer), self._down(to_reader, writer), return_exceptions=True)
        for one in (writer, to_writer):
            self._open.discard(one)
            one.close()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(2048):
            if self.slow:
                at = max(self._free, time.monotonic())
                self._free = at + len(data) * 8 / BITS
                await asyncio.sleep(max(0.0, self._free - time.monotonic()))
                self.sent += len(data)
            writer.write(data)
            await writer.drain()
            if self.marks and self.sent >= self.marks[0]:
                self.marks.pop(0)
                self.cut += 1
                self._dark = time.monotonic() + DARK
                for one in list(self._open):
                    one.transport.abort()
                return
        writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()


def picture() -> Path:
    """A noisy photo of `SIZE` bytes, the last of them behind its end as some cameras write them."""
    from PIL import Image

    path = VAR / "upload.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = Image.frombytes("RGB", (1700, 1300), Random(1).randbytes(1700 * 1300 * 3))
    noise.save(path, "JPEG", quality=88)
    data = path.read_bytes()
    path.write_bytes((data + bytes(SIZE))[:SIZE] if len(data) < SIZE else data)
    return path


def _driven(place: City, line: Line, photo: Path) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    size = photo.stat().st_size
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.method) if "/file/uploads/" in one.url else None)
        page.goto(f"http://127.0.0.1:{line.own}/file/words/")
        page.wait_for_selector("[data-ready]")
        line.marks = [int(size * part) for part in CUTS]
        line.slow = True
        began = time.perf_counter()
        page.set_input_files("#photos", str(photo))
        page.wait_for_selector("[data-stored]", timeout=600_000)
        seconds = time.perf_counter() - began
        key = page.get_attribute("[data-draft]", "data-draft") or ""
        browser.close()
    return {"seconds": seconds, "asked": asked, "key": key, "size": size}


def run() -> dict[str, Any]:
    """Bytes sent through the line, as times of the file's size, and whether it was announced once."""
    with city("upload", HOTLINE_TELEPHONE="off", HOTLINE_VOICE="off") as place:
        line = Line(place.port)
        photo = picture()
        said = _driven(place, line, photo)
        django_in(place)
        from hotline.workorders.models import Attachment, PartialUpload

        row = Attachment.objects.get(appeal_key=said["key"])
        with contextlib.suppress(PartialUpload.DoesNotExist):
            assert PartialUpload.objects.get(attachment=row).received == said["size"]
        whole_seconds = said["size"] * 8 / BITS
        return {
            "bits_per_second": BITS,
            "bytes": said["size"],
            "cuts": line.cut,
            "announced": said["asked"].count("POST"),
            "sent_bytes": line.sent,
            "sent_of_size": round(line.sent / said["size"], 3),
            "seconds": round(said["seconds"], 1),
            "line_alone_seconds": round(whole_seconds, 1),
            "stored_as": row.media_type,
        }
