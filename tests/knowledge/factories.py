"""Entries for tests: written, reviewed and published by the real actions."""

from __future__ import annotations

from typing import Any

from hotline.accounts.models import Unit
from hotline.kit.actor import system_actor
from hotline.knowledge import actions
from hotline.knowledge.models import Entry
from hotline.knowledge.rules import Document

WRITER = system_actor("writer", "knowledge:edit")
EDITOR = system_actor("editor", "knowledge:edit", "knowledge:publish")
SYSTEM = actions.SYSTEM
_count = 0


def document(unit: Unit, title: str = "", content: str = "", **more: Any) -> Document:
    global _count
    _count += 1
    values: dict[str, Any] = {
        "title": title or f"事项{_count}",
        "category_code": "02.01.01",
        "material": "guide",
        "content": content or "到区行政服务中心窗口办理。\n\n工作日九点到十七点。",
        "unit_id": unit.pk,
        **more,
    }
    return Document(**values)


def draft(unit: Unit, title: str = "", content: str = "", **more: Any) -> Entry:
    return actions.create_entry(actor=WRITER, document=document(unit, title, content, **more))


def published(unit: Unit, title: str = "", content: str = "", **more: Any) -> Entry:
    entry = draft(unit, title, content, **more)
    return publish(entry)


def publish(entry: Entry) -> Entry:
    actions.act(actor=WRITER, entry_id=entry.pk, verb="submit")
    actions.act(actor=EDITOR, entry_id=entry.pk, verb="publish")
    entry.refresh_from_db()
    return entry
