"""Receiving an upload as it streams in, and refusing it as soon as it is too large."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from hotline.workorders.actions import _files

FORM_ROOM = 64 * 1024
"""What the other fields of the form and the boundaries may take beside the file."""


class ReceivedFile(UploadedFile):
    """An uploaded file that lies whole on disk already."""

    def __init__(self, received: _files.Received, name: str, content_type: str) -> None:
        super().__init__(file=None, name=name or "file", content_type=content_type, size=received.size)
        self.received = received

    def close(self) -> None:
        """What no action took over is removed with the request."""
        self.received.path.unlink(missing_ok=True)


class StreamedUpload(FileUploadHandler):
    """Writes to the store's own volume while counting; `exceeded` tells the view why there is no file."""

    chunk_size = 256 * 1024

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.exceeded = False
        self._stream: Any = None
        self._path: Path | None = None
        self._size = 0

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 (Django names it so)
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> None:
        if content_length > settings.MAX_UPLOAD_BYTES + FORM_ROOM:
            self.exceeded = True

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if self.exceeded:
            raise StopUpload(connection_reset=not self._worth_reading())
        self.upload_interrupted()
        descriptor, name = tempfile.mkstemp(dir=_files.incoming(), prefix="up-")
        self._stream, self._path, self._size = os.fdopen(descriptor, "wb"), Path(name), 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._size += len(raw_data)
        if self._size > settings.MAX_UPLOAD_BYTES:
            self.exceeded = True
            self.upload_interrupted()
            raise StopUpload(connection_reset=not self._worth_reading())
        self._stream.write(raw_data)

    def file_complete(self, file_size: int) -> ReceivedFile | None:
        if self._path is None:
            return None
        self._stream.close()
        received = _files.Received(self._path, self._size)
        self._stream = self._path = None
        return ReceivedFile(received, self.file_name or "file", self.content_type or "")

    def upload_interrupted(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None

    def _worth_reading(self) -> bool:
        # A browser shows our answer only after it has sent everything; beyond some length we rather cut it off.
        length = int((self.request.META.get("CONTENT_LENGTH") if self.request else 0) or 0)
        return length <= 4 * settings.MAX_UPLOAD_BYTES


def streamed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Gives the view `request.streamed` (the handler). Must stand above everything that reads POST, CSRF included."""

    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def prepared(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        handler = StreamedUpload(request)
        request.upload_handlers = [handler]
        request.streamed = handler  # type: ignore[attr-defined]
        try:
            return protected(request, *args, **kwargs)
        finally:
            handler.upload_interrupted()

    prepared.csrf_exempt = True  # type: ignore[attr-defined]
    return prepared
