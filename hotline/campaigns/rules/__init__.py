"""What is said, when it may be, what it came to, what was meant, and whether a machine picked up. Pure."""

from hotline.campaigns.rules.machines import FirstWords, Sign
from hotline.campaigns.rules.outcomes import BY_AGENT, SPOKEN_TO, Outcome, outcome_of
from hotline.campaigns.rules.script import (
    END,
    MOST_WORDS,
    PERSON,
    STOP,
    WAYS_OUT,
    Key,
    Script,
    ScriptFault,
    Step,
    parse,
    sound_of,
)
from hotline.campaigns.rules.spoken import understood
from hotline.campaigns.rules.times import Hours, bounded, city_day, next_try, within

__all__ = [
    "BY_AGENT",
    "END",
    "MOST_WORDS",
    "PERSON",
    "SPOKEN_TO",
    "STOP",
    "WAYS_OUT",
    "FirstWords",
    "Hours",
    "Key",
    "Outcome",
    "Script",
    "ScriptFault",
    "Sign",
    "Step",
    "bounded",
    "city_day",
    "next_try",
    "outcome_of",
    "parse",
    "sound_of",
    "understood",
    "within",
]
