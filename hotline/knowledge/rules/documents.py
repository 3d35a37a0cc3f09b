"""What an entry may hold (rules.md section 8, Xinyang A), and what changed between two versions."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, Self

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hotline.knowledge.models import Material, Readers

LONGEST_TITLE = 128
LONGEST_KEYWORD = 20
MOST_KEYWORDS = 20
LONGEST_QUESTION = 200
MOST_QUESTIONS = 30
LONGEST_CONTENT = 50_000
"""Characters; a law longer than that is cut into its chapters, or hung on as a file."""


@dataclass(frozen=True, slots=True)
class Document:
    """The words of one version. `region` is a division's 12 digits or empty; days are inclusive."""

    title: str
    category_code: str
    material: str
    content: str
    unit_id: int
    responsible_id: int | None = None
    region: str = ""
    readers: str = Readers.AGENTS
    valid_from: date | None = None
    valid_to: date | None = None
    keywords: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    legal_basis: str = ""
    document_number: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values for a JSON column."""
        data = asdict(self)
        for name in ("valid_from", "valid_to"):
            data[name] = data[name].isoformat() if data[name] else None
        return data | {"keywords": list(self.keywords), "questions": list(self.questions)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `as_json`."""
        values = {one.name: data[one.name] for one in fields(cls)}
        for name in ("valid_from", "valid_to"):
            values[name] = date.fromisoformat(values[name]) if values[name] else None
        return cls(**values | {"keywords": tuple(values["keywords"]), "questions": tuple(values["questions"])})


FIELDS: Mapping[str, Any] = {
    "title": gettext_lazy("Title"),
    "category_code": gettext_lazy("Category"),
    "material": gettext_lazy("Kind of material"),
    "content": gettext_lazy("Text of the entry"),
    "unit_id": gettext_lazy("Issuing unit"),
    "responsible_id": gettext_lazy("Responsible person"),
    "region": gettext_lazy("Where it holds"),
    "readers": gettext_lazy("Who may read it"),
    "valid_from": gettext_lazy("Holds from"),
    "valid_to": gettext_lazy("Holds until"),
    "keywords": gettext_lazy("Keywords"),
    "questions": gettext_lazy("How citizens ask it"),
    "legal_basis": gettext_lazy("Legal basis"),
    "document_number": gettext_lazy("Document number"),
}
"""Field → its name for people (lazily translated), in the order of the page."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the world around must say for a check: is the category a leaf, is the region known."""

    leaf: bool = True
    region_known: bool = True
    title_taken: bool = False
    today: date | None = None


def check_document(document: Document, kept: Kept) -> dict[str, str]:
    """Field → what is wrong, in words; empty when it may be handed in."""
    faults: dict[str, str] = {}
    title = document.title.strip()
    if not title:
        faults["title"] = _("Give a title.")
    elif len(title) > LONGEST_TITLE:
        faults["title"] = _("At most %(n)d characters.") % {"n": LONGEST_TITLE}
    elif kept.title_taken:
        faults["title"] = _("Another entry has this title already; revise that one or name the difference.")
    if not kept.leaf:
        faults["category_code"] = _("Choose a category of the lowest level.")
    if document.material not in Material.values:
        faults["material"] = _("Choose the kind of material.")
    if not document.content.strip():
        faults["content"] = _("Write the content.")
    elif len(document.content) > LONGEST_CONTENT:
        faults["content"] = _("At most %(n)d characters; cut it into several entries or attach a file.") % {
            "n": LONGEST_CONTENT
        }
    if document.readers not in Readers.values:
        faults["readers"] = _("Choose who may read it.")
    if not kept.region_known:
        faults["region"] = _("This division is unknown.")
    if document.valid_from and document.valid_to and document.valid_to < document.valid_from:
        faults["valid_to"] = _("It ends before it begins.")
    elif document.valid_to and kept.today and document.valid_to < kept.today:
        faults["valid_to"] = _("This day has passed; an entry that no longer holds is not published.")
    if wrong := _keyword_fault(document.keywords, title):
        faults["keywords"] = wrong
    if len(document.questions) > MOST_QUESTIONS:
        faults["questions"] = _("At most %(n)d questions.") % {"n": MOST_QUESTIONS}
    elif any(len(one) > LONGEST_QUESTION for one in document.questions):
        faults["questions"] = _("A question has at most %(n)d characters.") % {"n": LONGEST_QUESTION}
    return faults


def _keyword_fault(keywords: tuple[str, ...], title: str) -> str:
    if len(keywords) > MOST_KEYWORDS:
        return _("At most %(n)d keywords.") % {"n": MOST_KEYWORDS}
    for word in keywords:
        if len(word) > LONGEST_KEYWORD:
            return _("“%(word)s” is longer than %(n)d characters.") % {"word": word[:40], "n": LONGEST_KEYWORD}
        if word == title:
            return _("A keyword may not repeat the title.")
    return ""


def changed_fields(old: Document, new: Document) -> list[str]:
    """Names of the fields that differ, in the order of the page."""
    return [name for name in FIELDS if getattr(old, name) != getattr(new, name)]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of a difference: `kind` is same, gone, come or skip (unchanged lines left out; `text` is how many)."""

    kind: str
    text: str


def line_changes(old: str, new: str, *, around: int = 2) -> list[Change]:
    """The difference of two texts by lines, with `around` unchanged lines beside each change."""
    before, after = old.splitlines(), new.splitlines()
    changes: list[Change] = []
    last = 0
    for group in difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(around):
        if skipped := group[0][1] - last:
            changes.append(Change("skip", str(skipped)))
        for tag, i, j, k, m in group:
            if tag == "equal":
                changes += [Change("same", line) for line in before[i:j]]
                continue
            changes += [Change("gone", line) for line in before[i:j]]
            changes += [Change("come", line) for line in after[k:m]]
        last = group[-1][2]
    if changes and (skipped := len(before) - last):
        changes.append(Change("skip", str(skipped)))
    return changes
