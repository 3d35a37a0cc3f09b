"""The order and everything that hangs on it; other packages import from here."""

from hotline.workorders.models.handling import (
    Application,
    Assignment,
    Attachment,
    Contact,
    Note,
    Reply,
    Supervision,
    SupervisionMeeting,
)
from hotline.workorders.models.order import (
    Clock,
    Involvement,
    OrderAccess,
    OrderLink,
    Presence,
    SavedView,
    WorkOrder,
    WorkOrderEvent,
)
from hotline.workorders.models.reference import Category, CitySettings, ReasonCode, Script
from hotline.workorders.models.states import *  # noqa: F403

__all__ = [  # noqa: F405
    "Application", "ApplicationKind", "ApplicationState", "Assignment", "AssignmentRole", "AssignmentState", "Attachment",
    "Audience", "Category", "Channel", "CitySettings", "Clock", "ClockKind", "ClockLevel", "ClockSide", "ClockState",
    "ClosingKind", "Contact", "DemandFinding", "DemandType", "FINAL_STATES", "FactFinding", "Flow", "Involvement",
    "ListedState", "Note", "OPEN_ASSIGNMENT_STATES", "OPEN_STATES", "OrderAccess", "OrderLink", "OrderState", "Outcome",
    "Presence", "ReasonCode", "ReasonKind", "Reply", "ReplyMethod", "SavedView", "Script", "SiteVisit", "Supervision",
    "SupervisionKind", "SupervisionMeeting", "Urgency", "WorkOrder", "WorkOrderEvent",
]
