"""A text as pieces of SMS (3GPP TS 23.040: 140 octets, six of them a header when there are several). Pure."""

from __future__ import annotations

from dataclasses import dataclass

_ORDER = (  # GSM 03.38 without its extension table, whose signs take two places: with one of those a text goes as UCS-2
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_WHOLE, GSM_PART = 160, 153
UCS2_WHOLE, UCS2_PART = 70, 67
_GSM_CODES = {sign: place for place, sign in enumerate(_ORDER)}


@dataclass(frozen=True, slots=True)
class Pieces:
    """`bodies` with the header of linked pieces in front where there are several; `ucs2` is data coding 8, else 0."""

    ucs2: bool
    bodies: tuple[bytes, ...]

    @property
    def linked(self) -> bool:
        return len(self.bodies) > 1


def cut(text: str, reference: int) -> Pieces:
    """Pieces of a text; `reference` (its low byte counts) links them and must be the same when a piece is sent again.

    ValueError when there would be more than 255.
    """
    if all(sign in _GSM_CODES for sign in text):
        units = [bytes([_GSM_CODES[sign]]) for sign in text]
        ucs2, whole, part = False, GSM_WHOLE, GSM_PART
    else:
        units = [sign.encode("utf-16-be") for sign in text]
        ucs2, whole, part = True, 2 * UCS2_WHOLE, 2 * UCS2_PART
    body = b"".join(units)
    if len(body) <= whole:
        return Pieces(ucs2, (body,))
    parts, now = [], b""
    for unit in units:  # a sign of four bytes (an emoji) is never torn
        if len(now) + len(unit) > part:
            parts.append(now)
            now = b""
        now += unit
    parts.append(now)
    if len(parts) > 255:
        raise ValueError("a text of more than 255 pieces")
    header = bytes([5, 0, 3, reference & 0xFF, len(parts)])
    return Pieces(ucs2, tuple(header + bytes([place]) + one for place, one in enumerate(parts, start=1)))
