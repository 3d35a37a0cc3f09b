"""Everything that writes: the cycle of entries, duties, gaps, imports, sources, words, files, the index."""

from hotline.knowledge.actions.cycle import act, create_entry, edit_entry, save_draft
from hotline.knowledge.actions.duties import end_duty, pass_duty, report_correction, scan
from hotline.knowledge.actions.exporting import export
from hotline.knowledge.actions.files import attach, remove_file
from hotline.knowledge.actions.gaps import SYSTEM, gather_gaps, note_gap, note_search
from hotline.knowledge.actions.importing import load_entries, open_import, run_import
from hotline.knowledge.actions.indexing import count_words, embed_entry, reindex
from hotline.knowledge.actions.sources import pull_due, pull_source, remove_source, save_source
from hotline.knowledge.actions.using import count_use
from hotline.knowledge.actions.vocabulary import change_settings, remove_term, save_term

__all__ = [
    "SYSTEM",
    "act",
    "attach",
    "change_settings",
    "count_use",
    "count_words",
    "create_entry",
    "edit_entry",
    "embed_entry",
    "end_duty",
    "export",
    "gather_gaps",
    "load_entries",
    "note_gap",
    "note_search",
    "open_import",
    "pass_duty",
    "pull_due",
    "pull_source",
    "reindex",
    "remove_file",
    "remove_source",
    "remove_term",
    "report_correction",
    "run_import",
    "save_draft",
    "save_source",
    "save_term",
    "scan",
]
