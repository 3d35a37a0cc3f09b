"""Every model by name: what it is for, where it comes from, its hash and licence, how good it was measured, and which one is
in use.

One folder: `registry.json` and one file a trained model. Several processes may use it: a writer holds `registry.lock`, the
list is replaced in one step, and a reader compares the file's stamp. A model file is read only when its hash agrees, and
only as numbers and JSON (`numpy` without pickle), so a file from elsewhere can be wrong but never runs code.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from hotline.language import embedding

FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class RegistryFault(Exception):
    """The registry refuses; the text says why and what to do. `code` as in `Missing.code`, or not_found, unusable."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Model:
    """One version of one model. `path` is inside the registry's folder; empty for a model that comes as a package."""

    task: str
    name: str
    version: str
    source: str
    licence: str
    sha256: str
    made_at: str
    path: str = ""
    size: int = 0
    quality: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """How commands name it: task/version."""
        return f"{self.task}/{self.version}"


def packaged() -> list[Model]:
    """Models that come as packages, installed or not."""
    return [
        Model(
            task="embedding",
            name="multilingual-e5-small, 4 bit",
            version=f"{embedding.PACKAGE}-{embedding.PACKAGE_VERSION}",
            source=f"package {embedding.PACKAGE}=={embedding.PACKAGE_VERSION}",
            licence=embedding.LICENCE,
            sha256=embedding.MODEL_SHA256,
            made_at="",
            size=71_622_400,
        )
    ]


class Registry:
    """The models of one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "registry.json"

    def models(self) -> list[Model]:
        """Trained models, the oldest first. Raises RegistryFault (unusable) when the list cannot be read."""
        return self._read()[0]

    def current(self, task: str) -> Model | None:
        """The model in use for a task."""
        models, history = self._read()
        version = (history.get(task) or [""])[-1]
        return next((model for model in models if model.task == task and model.version == version), None)

    def find(self, task: str, version: str) -> Model:
        """One model. Raises RegistryFault (not_found)."""
        for model in self.models():
            if model.task == task and model.version == version:
                return model
        known = ", ".join(model.version for model in self.models() if model.task == task) or "none"
        raise RegistryFault("not_found", f"There is no model {task}/{version}; there is {known}.")

    def read(self, model: Model) -> bytes:
        """The model's file. Raises RegistryFault: not_found, or wrong_hash when it is not the file that was registered."""
        try:
            data = (self.folder / model.path).read_bytes()
        except OSError as error:
            raise RegistryFault(
                "not_found",
                f"The file of model {model.key} cannot be read ({error.strerror}): train or promote another.",
            ) from None
        if hashlib.sha256(data).hexdigest() != model.sha256:
            raise RegistryFault(
                "wrong_hash",
                f"The file of model {model.key} is not the one that was registered; it is not used. "
                "Promote another version, or train again.",
            )
        return data

    def stamp(self) -> tuple[int, int]:
        """Changes whenever the registry does; cheap to ask."""
        try:
            found = self._file.stat()
        except OSError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_ino)

    def add(self, model: Model, data: bytes) -> Model:
        """Keep a trained model; the first of its task is put to use at once. The version must be new."""
        if not (_NAME.fullmatch(model.task) and _NAME.fullmatch(model.version)):
            raise RegistryFault(
                "unusable", f"{model.key} is no name for a model: letters, digits, point and dash."
            )
        path = f"{model.task}-{model.version}.npz"
        with self._writing() as (models, history):
            if any(other.key == model.key for other in models):
                raise RegistryFault("unusable", f"There is a model {model.key} already.")
            _replace(self.folder / path, data)
            kept = replace(model, path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest())
            models.append(kept)
            if not history.get(model.task):
                history[model.task] = [model.version]
        return kept

    def note_quality(self, task: str, version: str, quality: dict[str, Any]) -> None:
        """Keep what was measured beside the model; figures of the same name are replaced."""
        with self._writing() as (models, _history):
            for index, model in enumerate(models):
                if model.task == task and model.version == version:
                    models[index] = replace(model, quality={**model.quality, **quality})

    def promote(self, task: str, version: str) -> Model:
        """Put a version to use. Its file is checked first."""
        model = self.find(task, version)
        self.read(model)
        with self._writing() as (_models, history):
            past = history.setdefault(task, [])
            if not past or past[-1] != version:
                past.append(version)
        return model

    def rollback(self, task: str) -> Model:
        """Back to the version that was in use before. Raises RegistryFault (not_found) when there was none."""
        with self._writing() as (models, history):
            past = history.get(task) or []
            if len(past) < 2:
                raise RegistryFault("not_found", f"No version of {task} was in use before this one.")
            model = next((one for one in models if one.task == task and one.version == past[-2]), None)
            if model is None:
                raise RegistryFault("not_found", f"Version {past[-2]} of {task} is no longer there.")
            self.read(model)
            past.pop()
        return model

    def next_version(self, task: str, now: datetime) -> str:
        """A version not taken: the day and a number, 20260314-1."""
        taken = {model.version for model in self.models() if model.task == task}
        number = 1
        while f"{now:%Y%m%d}-{number}" in taken:
            number += 1
        return f"{now:%Y%m%d}-{number}"

    def _read(self) -> tuple[list[Model], dict[str, list[str]]]:
        try:
            raw = json.loads(self._file.read_text(encoding="utf-8"))
            models = [Model(**entry) for entry in raw["models"]]
            history = {str(task): [str(one) for one in past] for task, past in raw["in_use"].items()}
            if any(Path(model.path).name != model.path for model in models):
                raise ValueError("a model's path leads out of the folder")
        except FileNotFoundError:
            return [], {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RegistryFault(
                "unusable",
                f"The list of models {self._file} cannot be read: {error}. Restore it, or remove it and train.",
            ) from None
        return models, history

    @contextlib.contextmanager
    def _writing(self) -> Iterator[tuple[list[Model], dict[str, list[str]]]]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "registry.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            models, history = self._read()
            yield models, history
            text = json.dumps(
                {"format": FORMAT, "models": [asdict(model) for model in models], "in_use": history},
                ensure_ascii=False,
                indent=1,
            )
            _replace(self._file, text.encode())


def _replace(path: Path, data: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)


def pack(meta: dict[str, Any], arrays: dict[str, Any]) -> bytes:
    """A model file: JSON and arrays of numbers."""
    import numpy as np

    stream = io.BytesIO()
    text = np.frombuffer(json.dumps(meta, ensure_ascii=False).encode(), dtype=np.uint8)
    np.savez(stream, meta=text, **arrays)
    return stream.getvalue()


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """The opposite of `pack`. Raises RegistryFault (broken) on anything else."""
    import zipfile

    import numpy as np

    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        meta = json.loads(arrays.pop("meta").tobytes().decode())
        if not isinstance(meta, dict):
            raise ValueError("no description")
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise RegistryFault("broken", f"The model file cannot be read: {error}") from None
    return meta, arrays
