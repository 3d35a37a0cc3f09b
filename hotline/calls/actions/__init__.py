"""The only writers of calls, sessions and what stands around them."""

from hotline.calls.actions.configuring import (
    Fault,
    TelephonyFaults,
    announce,
    load_telephony,
    withdraw_announcement,
)

__all__ = ["Fault", "TelephonyFaults", "announce", "load_telephony", "withdraw_announcement"]
