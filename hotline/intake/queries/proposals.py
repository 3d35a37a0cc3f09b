"""What the desk proposes beside the form while somebody types."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hotline.dispatch.queries import UnitProposal, ranked_units
from hotline.suggestions.queries import Reading, read_text
from hotline.suggestions.rules import Candidate

MOST_UNITS = 2


@dataclass(frozen=True, slots=True)
class DeskProposals:
    """The reading of the text and who would get it; `chosen`: by the category that the agent chose, not the machine's."""

    reading: Reading
    units: tuple[UnitProposal, ...]
    chosen: bool

    @property
    def categories(self) -> list[tuple[Candidate, str]]:
        """Each candidate with the last name of its path."""
        return [(one, one.label.rsplit(" › ", 1)[-1]) for one in self.reading.categories]


def desk_proposals(*, title: str, content: str, category: str, division: str, day: date) -> DeskProposals:
    """Read what is typed so far. A handful of small queries; the models' worker is waited for 150 ms at most."""
    reading = read_text(title, content, category=category, area=division)
    top = reading.categories[0].value if reading.categories and reading.sure else ""
    place = division or (reading.places[0].code if reading.places else "")
    units = ranked_units(category or top, place, day, most=MOST_UNITS)
    return DeskProposals(reading, tuple(units), bool(category))
