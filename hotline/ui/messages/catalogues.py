"""A package's Chinese catalogue: read, complete, check, compile."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.core.checks import Error, register

from hotline.ui.messages.extraction import Message, from_package

ROOT = Path(__file__).parents[2]
LOCALE = "zh_Hans"
#: Packages whose words every other may use without translating them again.
SHARED = ("kit", "ui")

_PLACES = re.compile(r"%\((\w+)\)[-#0 +]*[\d.]*[a-zA-Z]|\{(\w*)\}|%%|%[sd]")

_UNSTEADY = re.compile(
    r'^"(?:POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By'
    r"|Report-Msgid-Bugs-To|Project-Id-Version): .*\n",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a catalogue; `kind` is `missing`, `placeholders`, `obsolete` or `conflict`."""

    package: str
    kind: str
    text: str


def packages(root: Path = ROOT) -> list[Path]:
    """Folders of the project's packages."""
    return sorted(folder for folder in root.iterdir() if (folder / "__init__.py").exists())


def po_path(package: Path) -> Path:
    """Where a package keeps its Chinese."""
    return package / "locale" / LOCALE / "LC_MESSAGES" / "django.po"


def read(package: Path) -> Catalog:
    """The package's catalogue, empty if it has none yet."""
    path = po_path(package)
    if not path.exists():
        return Catalog(locale=LOCALE, project="Xinsheng", charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE)


def _text(path: Path, root: Path) -> str:
    return path.relative_to(root.parent).as_posix()


def _header(package: str) -> str:
    return f"# Xinsheng: Chinese of the package {package}.\n#"


def _strings(value: str | Iterable[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else [part or "" for part in value or ()]


def translations(catalog: Catalog) -> dict[tuple[str, str], list[str]]:
    """(context, id) → its translations; plural ids under their singular."""
    found: dict[tuple[str, str], list[str]] = {}
    for entry in catalog:
        ids = _strings(entry.id)
        if ids and ids[0] and not entry.fuzzy:
            found[(entry.context or "", ids[0])] = _strings(entry.string)
    return found


def placeholders(text: str) -> list[str]:
    """The places to fill, sorted; `%%` is a sign, not a place."""
    found = (match.group(1) or match.group(2) or match.group(0) for match in _PLACES.finditer(text))
    return sorted({place for place in found if place != "%%"})


def extract(package: Path, root: Path = ROOT) -> tuple[int, int]:
    """Write the package's ids into its catalogue: translations stay, what nobody asks for any more goes.

    Returns how many ids it holds and how many of them wait for a translation.
    """
    old = translations(read(package))
    shared = shared_translations(root) if package.name not in SHARED else {}
    made = Catalog(
        locale=LOCALE, project="Xinsheng", charset="utf-8", fuzzy=False, header_comment=_header(package.name)
    )
    waiting: set[tuple[str, str]] = set()
    for message in from_package(package):
        if message.key not in old and message.key in shared:
            continue
        known = old.get(message.key, [])
        identity: str | tuple[str, str] = (message.id, message.plural) if message.plural else message.id
        string: str | tuple[str, ...] = (
            tuple(known[:1] or [""]) if message.plural else (known[0] if known else "")
        )
        made.add(
            identity, string, locations=[(_text(message.file, root), 0)], context=message.context or None
        )
        if not any(known):
            waiting.add(message.key)
    path = po_path(package)
    if not len(made):
        path.unlink(missing_ok=True)
        return 0, 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, made, omit_header=False, include_lineno=False, width=110, sort_output=True)
    _steady(path)
    return len(made), len(waiting)


def _steady(path: Path) -> None:
    """Leave out dates and tools: the same messages give the same file."""
    text = path.read_text(encoding="utf-8")
    text = _UNSTEADY.sub("", text)
    path.write_text(text, encoding="utf-8")


def shared_translations(root: Path = ROOT) -> dict[tuple[str, str], list[str]]:
    """What `kit` and `ui` translate for all."""
    found: dict[tuple[str, str], list[str]] = {}
    for name in SHARED:
        if (root / name).exists():
            found.update({key: value for key, value in translations(read(root / name)).items() if all(value)})
    return found


def check(package: Path, shared: dict[tuple[str, str], list[str]]) -> list[Fault]:
    """Faults of one package's catalogue against what its files ask for."""
    have = translations(read(package))
    wanted: dict[tuple[str, str], Message] = {message.key: message for message in from_package(package)}
    faults: list[Fault] = []
    for key, message in wanted.items():
        strings = have.get(key) or shared.get(key)
        if not strings or not all(strings):
            faults.append(
                Fault(
                    package.name,
                    "missing",
                    f"{f'[{message.context}] ' if message.context else ''}{message.id}",
                )
            )
            continue
        asked = {
            tuple(placeholders(message.id)),
            *([tuple(placeholders(message.plural))] if message.plural else []),
        }
        for string in strings:
            if tuple(placeholders(string)) not in asked:
                faults.append(Fault(package.name, "placeholders", f"{message.id!r} → {string!r}"))
    faults += [
        Fault(package.name, "obsolete", identity)
        for (_context, identity) in have
        if (_context, identity) not in wanted
    ]
    return faults


def conflicts(root: Path = ROOT) -> list[Fault]:
    """One id with two translations: Django shows whichever comes first, so it needs a context."""
    first: dict[tuple[str, str], tuple[str, list[str]]] = {}
    faults: list[Fault] = []
    for package in packages(root):
        for key, strings in translations(read(package)).items():
            if not all(strings):
                continue
            name, known = first.setdefault(key, (package.name, strings))
            if known != strings:
                faults.append(
                    Fault(
                        package.name, "conflict", f"{key[1]!r} → {strings[0]!r}, but {known[0]!r} in {name}"
                    )
                )
    return faults


def check_all(root: Path = ROOT, only: Sequence[str] = ()) -> list[Fault]:
    """Faults of all packages, or of those named."""
    shared = shared_translations(root)
    faults = [
        fault
        for package in packages(root)
        if not only or package.name in only
        for fault in check(package, shared)
    ]
    return faults + [fault for fault in conflicts(root) if not only or fault.package in only]


def is_stale(package: Path) -> bool:
    """True when the compiled catalogue is absent or older than its source."""
    source = po_path(package)
    compiled = source.with_suffix(".mo")
    return source.exists() and (not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime)


def compile_package(package: Path) -> Path:
    """Write the `.mo` in one step, so that no process ever reads half of it."""
    target = po_path(package).with_suffix(".mo")
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=".mo.part")
    with os.fdopen(handle, "wb") as file:
        write_mo(file, read(package))
    os.chmod(name, 0o644)
    os.replace(name, target)
    return target


def compile_stale(root: Path = ROOT) -> list[Path]:
    """Compile what is stale. A read-only installation brings its own compiled files and is left alone."""
    done = []
    for package in packages(root):
        if is_stale(package) and os.access(po_path(package).parent, os.W_OK):
            done.append(compile_package(package))
    return done


@register("ui")
def catalogues_are_compiled(**_: object) -> list[Error]:
    """Without compiled catalogues the pages would be English without a word of warning."""
    return [
        Error(
            f"The Chinese of {package.name} is not compiled.",
            hint="Run `hotline messages compile`.",
            id="ui.E002",
        )
        for package in packages()
        if is_stale(package)
    ]
