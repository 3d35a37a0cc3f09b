"""The only writers of intake."""

from hotline.intake.actions.deciding import Decided, answer_directly, append, not_accept, refer
from hotline.intake.actions.drafting import drop_draft, save_draft
from hotline.intake.actions.filing import code_for_notice, correct, file_appeal, file_payload, release
from hotline.intake.actions.importing import check_import, open_import, run_import, stop_import
from hotline.intake.actions.questioning import publish_questions
from hotline.intake.actions.receiving import discard, read_raw
from hotline.intake.actions.restricting import (
    answer_restriction_appeal,
    appeal_restriction,
    decide_restriction,
    propose_restriction,
)

__all__ = [
    "Decided",
    "answer_directly",
    "answer_restriction_appeal",
    "appeal_restriction",
    "append",
    "check_import",
    "code_for_notice",
    "correct",
    "decide_restriction",
    "discard",
    "drop_draft",
    "file_appeal",
    "file_payload",
    "not_accept",
    "open_import",
    "propose_restriction",
    "publish_questions",
    "read_raw",
    "refer",
    "release",
    "run_import",
    "save_draft",
    "stop_import",
]
