"""Where a recording's bytes are, plain or encrypted."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from hotline.calls.models import Recording
from hotline.transcripts.models import KeptRecording, KeptState
from hotline.transcripts.vault import BadRecording, Bytes, Opened, Plain


def plain_folder() -> Path:
    """Where the exchange writes."""
    return (Path(settings.SWITCH_DIR) / "recordings").resolve()


def plain_path(recording: Recording) -> Path:
    """Where the exchange wrote it. Raises BadRecording for a path that leads out of its folder."""
    folder = plain_folder()
    path = (folder / recording.path).resolve()
    if not path.is_relative_to(folder):
        raise BadRecording("its path leads out of the folder of recordings")
    return path


def sealed_path(stored_as: str) -> Path:
    """Where an encrypted one stands."""
    return Path(settings.MEDIA_ROOT) / "recordings" / stored_as


def bytes_of(recording: Recording) -> Bytes:
    """The plain file's bytes, from the encrypted file once there is one. Raises BadRecording."""
    kept = KeptRecording.objects.filter(recording=recording).first()
    if kept is None:
        return Plain(plain_path(recording))
    if kept.state == KeptState.DELETED:
        raise BadRecording("it was deleted after its time")
    if kept.state != KeptState.SEALED or kept.key is None:
        raise BadRecording("it is not there")
    return Opened(sealed_path(kept.stored_as), bytes(kept.key), recording.name, kept.size)
