"""How the writer is."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from hotline.kit.clock import today
from hotline.kit.health import Level, Result
from hotline.suggestions.models import WriterCall, WriterDay

LAST = 3
"""So many failures one after the other are news."""


def writer_health() -> Result:
    """One line of the health page: off, answering, used up for today, or not answering."""
    if not settings.WRITER_URL:
        return Result(Level.OK, _("No language model server is used; rules draft the orders."))
    day = WriterDay.objects.filter(day=today()).first()
    used, spent = (day.tokens, day.milliseconds) if day else (0, 0)
    if used >= settings.WRITER_TOKENS or spent >= settings.WRITER_SECONDS * 1000:
        return Result(
            Level.WARN,
            _("The language model is used up for today; rules draft the orders."),
            "HOTLINE_WRITER_TOKENS_A_DAY, HOTLINE_WRITER_MINUTES_A_DAY",
        )
    last = list(WriterCall.objects.order_by("-at", "-id").values_list("failure", flat=True)[:LAST])
    if len(last) == LAST and all(last):
        return Result(
            Level.WARN,
            _("The language model server does not answer (%(code)s); rules draft the orders.")
            % {"code": last[0]},
            _("Look at the server of HOTLINE_WRITER_URL, or empty the setting."),
        )
    return Result(
        Level.OK,
        _("The language model %(model)s words drafts: %(tokens)s of %(most)s tokens today.")
        % {"model": settings.WRITER_MODEL, "tokens": used, "most": settings.WRITER_TOKENS},
    )
