"""What may be dialled: numbers of this country that cost what a call costs. Anything else costs a city money by the minute."""

from __future__ import annotations

import re
from enum import StrEnum

PREMIUM = re.compile(r"(16[08]\d{2,}|1259\d+|96[08]\d{5,})")
"""Information services charged by the minute (声讯台); no setting opens them."""
ABROAD = re.compile(r"(00|\+(?!86)).*")
DIALLABLE = r"1[3-9]\d{9}|0[1-9]\d{1,2}[2-9]\d{6,7}|[2-9]\d{6,7}|400\d{7}|1\d{2,4}|9[56]\d{3,6}"
"""By default: mobile telephones, fixed lines with and without their area, 400 numbers, short numbers of services (110, 12345, 95…).
As in the numbering plan of public networks (电信网编号计划 2017)."""
EXTENSION = re.compile(r"[2-8]\d{2,5}")
"""A desk telephone of the house."""


class Dial(StrEnum):
    """May it be dialled, or why not."""

    YES = "yes"
    NO_NUMBER = "no_number"
    ABROAD = "abroad"
    PREMIUM = "premium"
    NOT_ALLOWED = "not_allowed"


def bare(number: str) -> str:
    """As the switch dials it: without blanks, marks and our own country's code; an added 0 before a mobile number goes."""
    digits = re.sub(r"[\s()\-.－—（）]", "", number)
    digits = re.sub(r"^(\+86|0086)(?=\d{5})", "", digits)
    return re.sub(r"^0(?=1[3-9]\d{9}$)", "", digits)


def may_dial(number: str, allowed: str = DIALLABLE) -> Dial:
    """Whether the trunk to the outside may be asked for this bare number. `allowed`: a pattern of whole numbers."""
    if not re.fullmatch(r"\+?\d{2,20}", number):
        return Dial.NO_NUMBER
    if ABROAD.fullmatch(number):
        return Dial.ABROAD
    if PREMIUM.fullmatch(number):
        return Dial.PREMIUM
    return Dial.YES if re.fullmatch(allowed, number) else Dial.NOT_ALLOWED


def may_sign_in(number: str, allowed: str = DIALLABLE) -> Dial:
    """Whether calls may be sent to this desk telephone: an extension of the house, or a number that has a bearer of its own."""
    if EXTENSION.fullmatch(number):
        return Dial.YES
    if len(number) < 7:  # services' short numbers are nobody's desk
        return Dial.NOT_ALLOWED if number.isdigit() else Dial.NO_NUMBER
    return may_dial(number, allowed)
