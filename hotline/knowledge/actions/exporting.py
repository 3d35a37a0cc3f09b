"""Entries out of the base, as CSV or Word; written to the audit log."""

from __future__ import annotations

from hotline.audit.actions import record
from hotline.kit.actor import Actor
from hotline.knowledge import permissions
from hotline.knowledge.models import Entry
from hotline.knowledge.queries.entries import visible_to
from hotline.knowledge.rules.tables import write_csv
from hotline.knowledge.word import write_word

MOST = 5000


def export(*, actor: Actor, kind: str, unit_id: int | None = None) -> bytes:
    """Entries (of a unit and below) as `csv` or `word`; at most MOST. For who edits."""
    permissions.can_import(actor).require(permissions.IMPORT)
    rows = visible_to(actor).order_by("category_code", "title")
    if unit_id is not None:
        rows = rows.filter(unit__path__contains=f"/{unit_id}/")
    table = [_row(entry) for entry in rows[:MOST]]
    record(
        actor=actor, verb="knowledge.export", object_type="knowledge_entry", object_id=unit_id or "", data={"kind": kind, "rows": len(table)}
    )
    return write_word(table) if kind == "word" else write_csv(table).encode()


def _row(entry: Entry) -> dict[str, str]:
    return {
        "title": entry.title,
        "category_code": entry.category_code,
        "material": entry.get_material_display(),
        "content": entry.content,
        "unit_code": entry.unit.code,
        "responsible": entry.responsible.username if entry.responsible else "",
        "region": entry.region,
        "readers": entry.get_readers_display(),
        "valid_from": entry.valid_from.isoformat() if entry.valid_from else "",
        "valid_to": entry.valid_to.isoformat() if entry.valid_to else "",
        "keywords": ";".join(entry.keywords),
        "questions": ";".join(entry.questions),
        "legal_basis": entry.legal_basis,
        "document_number": entry.document_number,
    }
