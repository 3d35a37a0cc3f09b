"""Ways out to phones: one folder a partner, one protocol. The development default prints and sends nothing."""

from hotline.notifications.gateways.line import Line, hand
from hotline.notifications.gateways.protocol import Gateway, GatewayDown, Rejected, current, use

__all__ = ["Gateway", "GatewayDown", "Line", "Rejected", "current", "hand", "use"]
