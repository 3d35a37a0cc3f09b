"""Root of all URLs: one prefix a package, the busiest first; only packages that have urls.py are mounted."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from hotline.config import views

PREFIXES = (
    ("api/v1/", "hotline.exchange.urls"),
    ("", "hotline.portal.urls"),
    ("desk/", "hotline.intake.urls"),
    ("frontline/", "hotline.frontline.urls"),
    ("dispatch/", "hotline.dispatch.urls"),
    ("orders/", "hotline.workorders.urls"),
    ("search/", "hotline.workorders.search_urls"),
    ("telephone/", "hotline.calls.urls"),
    ("recordings/", "hotline.transcripts.urls"),
    ("emotion/", "hotline.emotion.urls"),
    ("campaigns/", "hotline.campaigns.urls"),
    ("figures/", "hotline.analytics.urls"),
    ("workforce/", "hotline.workforce.urls"),
    ("chat/", "hotline.chat.urls"),
    ("follow-up/", "hotline.followup.urls"),
    ("knowledge/", "hotline.knowledge.urls"),
    ("suggestions/", "hotline.suggestions.urls"),
    ("worktime/", "hotline.worktime.urls"),
    ("places/", "hotline.places.urls"),
    ("accounts/", "hotline.accounts.urls"),
    ("audit/", "hotline.audit.urls"),
    ("notifications/", "hotline.notifications.urls"),
    ("", "hotline.ui.urls"),
    ("", "hotline.ops.urls"),
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("home/", views.home, name="home"),
    path("live/", include(([path("token", views.live_token, name="token")], "live"))),
    *(path(prefix, include(module)) for prefix, module in PREFIXES if find_spec(module)),
]
handler400 = "hotline.ui.views.bad_request"
handler403 = "hotline.ui.views.forbidden"
handler404 = "hotline.ui.views.not_found"
handler500 = "hotline.ui.views.server_error"
