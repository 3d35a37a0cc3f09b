"""Devices and envelopes; what an envelope asks for is done by the actions of `workorders`."""

from hotline.frontline.actions.devices import forget_device, make_device
from hotline.frontline.actions.envelopes import forget_receipts, perform, perform_photo

__all__ = ["forget_device", "forget_receipts", "make_device", "perform", "perform_photo"]
