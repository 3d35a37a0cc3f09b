"""The only writers of the catalogue and of automatic dispatch. Sending orders out is `workorders.actions`."""

from hotline.dispatch.actions.automatic import (
    dispatch_automatically,
    end_trust,
    judge,
    note_return,
    resume_trust,
    switch,
    trust_category,
)
from hotline.dispatch.actions.catalogue import (
    COLUMNS,
    Imported,
    add_entry,
    import_catalogue,
    read_rows,
    retire_entry,
)

__all__ = [
    "COLUMNS",
    "Imported",
    "add_entry",
    "dispatch_automatically",
    "end_trust",
    "import_catalogue",
    "judge",
    "note_return",
    "read_rows",
    "resume_trust",
    "retire_entry",
    "switch",
    "trust_category",
]
