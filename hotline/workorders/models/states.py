"""Enumerations of the order (rules.md sections 4.1, 4.2 and 5). Pure: labels only."""

from __future__ import annotations

from django.db.models.enums import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as _p


class OrderState(TextChoices):
    PENDING_REVIEW = "pending_review", _("Waiting for review")  # 待审核
    PENDING_SUPPLEMENT = "pending_supplement", _("Waiting for supplement")  # 待补充
    PENDING_DISPATCH = "pending_dispatch", _("Waiting for dispatch")  # 待派单
    ARBITRATION = "arbitration", _("In arbitration")  # 疑难会商
    PENDING_SIGN = "pending_sign", _("Waiting for signature")  # 待签收
    IN_PROGRESS = "in_progress", _("In progress")  # 办理中
    RETURN_REVIEW = "return_review", _("Return under review")  # 退单审核
    EXTENSION_REVIEW = "extension_review", _("Extension under review")  # 延期审核
    HOLD_REVIEW = "hold_review", _("Hold under review")  # 挂起审核
    ON_HOLD = "on_hold", _("On hold")  # 挂起
    CLOSE_REVIEW = "close_review", _("Reply under review")  # 待办结审核
    PENDING_FOLLOW_UP = "pending_follow_up", _("Waiting for follow-up")  # 待回访
    CLOSED = "closed", _("Closed")  # 办结
    ARCHIVED = "archived", _("Archived")  # 归档
    MERGED = "merged", _("Merged")  # 合并 (reversible)


OPEN_STATES = (
    OrderState.PENDING_REVIEW,
    OrderState.PENDING_SUPPLEMENT,
    OrderState.PENDING_DISPATCH,
    OrderState.ARBITRATION,
    OrderState.PENDING_SIGN,
    OrderState.IN_PROGRESS,
    OrderState.RETURN_REVIEW,
    OrderState.EXTENSION_REVIEW,
    OrderState.HOLD_REVIEW,
    OrderState.ON_HOLD,
    OrderState.CLOSE_REVIEW,
    OrderState.PENDING_FOLLOW_UP,
)
FINAL_STATES = (OrderState.CLOSED, OrderState.ARCHIVED, OrderState.MERGED)


class AssignmentState(TextChoices):
    PENDING_SIGN = "pending_sign", _("Waiting for signature")
    IN_PROGRESS = "in_progress", _("In progress")
    SENT_DOWN = "sent_down", _("Sent down")  # 已下派: a unit below has it
    RETURN_REVIEW = "return_review", _("Return under review")
    EXTENSION_REVIEW = "extension_review", _("Extension under review")
    HOLD_REVIEW = "hold_review", _("Hold under review")
    ON_HOLD = "on_hold", _("On hold")
    REPLIED = "replied", _("Reply under review")
    DONE = "done", _p("assignment", "Done")
    RETURNED = "returned", _("Returned")
    RECALLED = "recalled", _("Recalled")


OPEN_ASSIGNMENT_STATES = tuple(
    state for state in AssignmentState if state not in (AssignmentState.DONE, AssignmentState.RETURNED, AssignmentState.RECALLED)
)


class AssignmentRole(TextChoices):
    LEAD = "lead", _("Lead unit")  # 主办
    ASSISTANT = "assistant", _("Assisting unit")  # 协办


class DemandType(TextChoices):
    CONSULTATION = "consultation", _("Consultation")  # 咨询
    HELP = "help", _("Request for help")  # 求助
    COMPLAINT = "complaint", _("Complaint")  # 投诉
    REPORT = "report", _("Report of wrongdoing")  # 举报
    SUGGESTION = "suggestion", _("Suggestion")  # 建议
    PRAISE = "praise", _("Praise")  # 表扬
    REVIEW_APPEAL = "review_appeal", _("Appeal against a decision")  # 申诉
    OTHER = "other", _("Other")
    INVALID = "invalid", _("Invalid")  # 无效/骚扰


class Urgency(TextChoices):
    URGENT = "urgent", _("Urgent")  # 紧急
    ELEVATED = "elevated", _("Elevated")  # 次紧急
    ROUTINE = "routine", _("Routine")  # 一般


class Channel(TextChoices):
    PHONE = "phone", _p("channel", "Phone")
    VIDEO = "video", _p("channel", "Video call")  # 视频手语
    WEB = "web", _("Website")
    APP = "app", _("App")
    WECHAT = "wechat", _("WeChat")
    MINI_PROGRAM = "mini_program", _("Mini programme")
    SMS = "sms", _("SMS")
    EMAIL = "email", _("E-mail")
    CHAT = "chat", _("Online help")  # 在线帮办
    COUNTER = "counter", _("Service counter")
    MAYOR_MAILBOX = "mayor_mailbox", _("Mayor's mailbox")
    MESSAGE_BOARD = "message_board", _("Government message board")
    STATE_PLATFORM = "state_platform", _("State Council platform")
    POLICE_110 = "police_110", _("Transferred from 110")
    GRID = "grid", _("Grid inspector")
    API = "api", _("Another system")
    IMPORT = "import", _("Import")


class Flow(TextChoices):
    FIRST = "first", _("First handling")
    REDO = "redo", _("Redo")
    SUPERVISED = "supervised", _("Supervised")


class ClosingKind(TextChoices):
    DIRECT_ANSWER = "direct_answer", _("Answered directly")  # 直接办结
    HANDLED = "handled", _("Closed by the unit")  # 承办办结
    AUTOMATIC = "automatic", _("Closed automatically")  # 自动办结
    NOT_ACCEPTED = "not_accepted", _("Not accepted")  # 不予受理
    REFERRED = "referred", _("Referred")  # 转接
    MERGED = "merged", _p("closing kind", "Merged")  # 合并
    WITHDRAWN = "withdrawn", _("Withdrawn by the citizen")  # 撤回
    HOLD_EXPIRED = "hold_expired", _("Hold expired")  # 挂起到期
    UNREASONABLE = "unreasonable", _("Demand found unreasonable")  # 不合理诉求


class ClockKind(TextChoices):
    SIGN = "sign", _("Sign")  # 签收
    CONTACT = "contact", _("First contact")  # 先行联系
    FINISH = "finish", _("Finish")  # 办结
    REVIEW = "review", _("Review")  # 审核
    DISPATCH = "dispatch", _("Dispatch")  # 派单
    FOLLOW_UP = "follow_up", _("Follow-up")  # 回访


class ClockState(TextChoices):
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    MET = "met", _("Met")
    MISSED = "missed", _("Missed")
    VOID = "void", _("Void")


class ClockSide(TextChoices):
    CITY = "city", _("City's clock")
    UNIT = "unit", _("Unit's clock")


class ClockLevel(TextChoices):
    """What the scanner raised last: green, 预警, 黄牌, 红牌, escalated."""

    GREEN = "green", _("On time")
    WARNING = "warning", _("Due soon")
    YELLOW = "yellow", _("Yellow card")
    RED = "red", _("Red card")
    ESCALATED = "escalated", _("Escalated")


class ApplicationKind(TextChoices):
    RETURN = "return", _("Return")  # 退单
    EXTENSION = "extension", _("Extension")  # 延期
    HOLD = "hold", _("Hold")  # 挂起
    UNREASONABLE = "unreasonable", _("Close as unreasonable")  # 不合理诉求


class ApplicationState(TextChoices):
    PENDING = "pending", _("Under review")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
    CANCELLED = "cancelled", _("Cancelled")


class Audience(TextChoices):
    """Who may read a note or an event's text; empty means internal."""

    INTERNAL = "", _("Internal")
    HUB = "hub", _("Hotline centre only")
    PUBLIC = "public", _("Citizen too")


class FactFinding(TextChoices):
    TRUE = "true", _("True")  # 属实
    PARTLY_TRUE = "partly_true", _("Partly true")  # 部分属实
    NOT_TRUE = "not_true", _("Not true")  # 不属实
    ADOPTED = "adopted", _("Adopted")  # 采纳
    PARTLY_ADOPTED = "partly_adopted", _("Partly adopted")
    KEPT_FOR_REFERENCE = "kept_for_reference", _("Kept for reference")  # 留作参考
    NOT_ADOPTED = "not_adopted", _("Not adopted")
    POLICY_FOUND = "policy_found", _("Policy information given")  # 有政策信息
    NO_POLICY = "no_policy", _("No policy information")  # 无政策信息
    EXPLANATION_NOT_ACCEPTED = "explanation_not_accepted", _("Explanation not accepted")


class DemandFinding(TextChoices):
    REASONABLE = "reasonable", _("Reasonable and lawful")  # 合理合法
    NO_BASIS = "no_basis", _("No basis in policy")  # 无政策依据
    EXCESSIVE = "excessive", _("Excessive")  # 诉求过高
    OTHER = "other", _p("demand finding", "Other")


class SiteVisit(TextChoices):
    YES = "yes", _("Visited")
    NO = "no", _("Not visited")
    NO_SITE = "no_site", _("No actual site")


class ReplyMethod(TextChoices):
    PHONE = "phone", _p("reply method", "By phone")
    WRITTEN = "written", _("In writing")
    MEETING = "meeting", _("In a meeting")


class Outcome(TextChoices):
    SOLVED = "solved", _("Actually solved")  # 实际解决
    EXPLAINED = "explained", _("Explained")  # 解释说明
    UNSOLVED = "unsolved", _("Not solved")  # 未解决


class ListedState(TextChoices):
    """Sub-flow of supervision (督办/立项)."""

    PROPOSED = "proposed", _("Proposed")  # 提交
    ISSUED = "issued", _("Issued")  # 下发
    RETURN_REQUESTED = "return_requested", _("Return requested")  # 申请退回
    UNDER_REVIEW = "under_review", _("Under review")  # 待审核
    COMPLETED = "completed", _("Completed")  # 完成
    CLOSED = "closed", _p("supervision", "Closed")  # 办结


class SupervisionKind(TextChoices):
    SUPERVISED = "supervised", _("Supervised")  # 督办
    LISTED = "listed", _("Listed difficult case")  # 立项督办
    INSTRUCTION = "instruction", _("Leader's instruction")  # 批示


class ReasonKind(TextChoices):
    RETURN = "return", _("Return")
    EXTENSION = "extension", _("Extension")
    HOLD = "hold", _("Hold")
    NOT_ACCEPTED = "not_accepted", _("Not accepted")
    REFERRAL = "referral", _("Referral")
    UNSOLVED = "unsolved", _("Not solved")
    NO_CONTACT = "no_contact", _("Citizen not reached")
    URGE = "urge", _("Urging")
    SUPERVISE = "supervise", _("Supervision")
    MERGE = "merge", _("Merge")
    REVEAL = "reveal", _("Reveal of identity")
    UNREASONABLE = "unreasonable", _("Unreasonable demand")
    REDO = "redo", _("Redo")
