"""Fetching a feed over HTTP: bounded in time and size, no other schemes, no redirect to another host."""

from __future__ import annotations

import ipaddress
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

SECONDS: Final = 10
MOST_BYTES: Final = 5 * 1024 * 1024


class FeedDown(Exception):
    """The feed could not be fetched; the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: nothing new when `data` is None."""

    data: bytes | None
    etag: str = ""


class _SameHost(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if new.hostname != old.hostname or new.scheme not in ("http", "https") or new.scheme < old.scheme:
            raise FeedDown(_("The address leads to another place (%(url)s).") % {"url": newurl[:200]})
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def check_address(url: str) -> str:
    """What is wrong with an address, in words; empty when it may be fetched."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return _("Give an address that begins with http:// or https://.")
    if parts.username or parts.password:
        return _("Passwords do not belong into an address.")
    try:
        link_local = ipaddress.ip_address(parts.hostname).is_link_local
    except ValueError:
        link_local = False
    # 169.254.169.254 tells a machine's own secrets in many data centres.
    return _("This address is not a source.") if link_local else ""


def fetch(url: str, etag: str = "") -> Answer:
    """One GET. Raises FeedDown."""
    if wrong := check_address(url):
        raise FeedDown(wrong)
    headers = {"Accept": "application/feed+json, application/json", "User-Agent": "xinsheng-knowledge"}
    if etag:
        headers["If-None-Match"] = etag
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _SameHost)
    try:
        with opener.open(urllib.request.Request(url, headers=headers), timeout=SECONDS) as answer:  # noqa: S310 (checked above)
            data = answer.read(MOST_BYTES + 1)
            if len(data) > MOST_BYTES:
                raise FeedDown(_("The feed is larger than %(n)d MB.") % {"n": MOST_BYTES // 1024 // 1024})
            return Answer(data, str(answer.headers.get("ETag") or "")[:200])
    except urllib.error.HTTPError as error:
        code = error.code
        error.close()
        if code == 304:
            return Answer(None, etag)
        raise FeedDown(_("The source answered %(code)d.") % {"code": code}) from None
    except (TimeoutError, OSError, ValueError) as error:
        raise FeedDown(_("The source cannot be reached: %(why)s.") % {"why": str(error)[:200]}) from None
