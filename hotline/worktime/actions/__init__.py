"""The only writers of calendars and policies; other packages import from here."""

from hotline.worktime.actions.calendars import (
    ASSUMED_2027,
    CALENDAR_PUBLISHED,
    add_year,
    discard_calendar,
    draft_calendar,
    import_days,
    import_public_holidays,
    public_years,
    publish_calendar,
    remove_year,
    set_day,
)
from hotline.worktime.actions.policies import (
    PACKS,
    POLICY_PUBLISHED,
    discard_policy,
    draft_policy,
    findings_of,
    load_policy_pack,
    policy_packs,
    publish_policy,
    save_policy,
)

__all__ = [
    "ASSUMED_2027",
    "CALENDAR_PUBLISHED",
    "PACKS",
    "POLICY_PUBLISHED",
    "add_year",
    "discard_calendar",
    "discard_policy",
    "draft_calendar",
    "draft_policy",
    "findings_of",
    "import_days",
    "import_public_holidays",
    "load_policy_pack",
    "policy_packs",
    "public_years",
    "publish_calendar",
    "publish_policy",
    "remove_year",
    "save_policy",
    "set_day",
]
