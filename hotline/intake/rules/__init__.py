from hotline.intake.rules.demands import (
    AT_DESK,
    DESK_CHANNELS,
    AppealForm,
    CitizenInput,
    Filed,
    check_demand,
    missing_elements,
    needs_review,
    parse_payload,
    to_payload,
)
from hotline.intake.rules.lookup import code_from_digest, normal_code
from hotline.intake.rules.questions import (
    Question,
    check_answers,
    check_questions,
    parse_questions,
    shown_answers,
)
from hotline.intake.rules.restrictions import MEASURES, RESTRICTION_VERBS, Restriction, in_force

__all__ = [
    "AT_DESK",
    "DESK_CHANNELS",
    "MEASURES",
    "RESTRICTION_VERBS",
    "AppealForm",
    "CitizenInput",
    "Filed",
    "Question",
    "Restriction",
    "check_answers",
    "check_demand",
    "check_questions",
    "code_from_digest",
    "in_force",
    "missing_elements",
    "needs_review",
    "normal_code",
    "parse_payload",
    "parse_questions",
    "shown_answers",
    "to_payload",
]
