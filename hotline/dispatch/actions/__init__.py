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
from hotline.dispatch.actions.proposing import (
    dispatch_as_proposed,
    note_returned,
    propose,
    send_by_itself,
    settle,
)

__all__ = [
    "COLUMNS",
    "Imported",
    "add_entry",
    "dispatch_as_proposed",
    "dispatch_automatically",
    "end_trust",
    "import_catalogue",
    "judge",
    "note_return",
    "note_returned",
    "propose",
    "read_rows",
    "resume_trust",
    "retire_entry",
    "send_by_itself",
    "settle",
    "switch",
    "trust_category",
]
