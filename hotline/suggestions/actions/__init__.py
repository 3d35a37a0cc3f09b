"""The only writers of proposals, labels and risks."""

from hotline.suggestions.actions.labels import (
    add_label,
    change_label,
    merge_labels,
    retire_label,
    split_label,
)
from hotline.suggestions.actions.meaning import centre_orders, embed_orders, forget_old_vectors
from hotline.suggestions.actions.proposals import SUGGESTION_MADE, keep_proposals, note_shown, settle
from hotline.suggestions.actions.replies import note_reply, settle_replies
from hotline.suggestions.actions.risks import (
    RISK_ANSWERED,
    RISK_CLIMBED,
    RISK_RAISED,
    answer_risk,
    climb_risks,
    note_seen,
    raise_risk,
)
from hotline.suggestions.actions.writing import forget_writer_calls, improve_draft

__all__ = [
    "RISK_ANSWERED",
    "RISK_CLIMBED",
    "RISK_RAISED",
    "SUGGESTION_MADE",
    "add_label",
    "answer_risk",
    "centre_orders",
    "change_label",
    "climb_risks",
    "embed_orders",
    "forget_old_vectors",
    "forget_writer_calls",
    "improve_draft",
    "keep_proposals",
    "merge_labels",
    "note_reply",
    "note_seen",
    "note_shown",
    "raise_risk",
    "retire_label",
    "settle",
    "settle_replies",
    "split_label",
]
