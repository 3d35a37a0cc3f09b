"""The development double: what would be sent stands in the log (phone masked) and on the page `/notifications/`."""

from __future__ import annotations

import logging

from hotline.ui.text import mask_phone

log = logging.getLogger("hotline.notifications")


class PrintedGateway:
    """Sends nothing, always succeeds."""

    name = "printed"
    sends = False

    def send(self, phone: str, text: str, reference: str) -> None:
        log.info("SMS to %s (%s): %s", mask_phone(phone), reference, text)
