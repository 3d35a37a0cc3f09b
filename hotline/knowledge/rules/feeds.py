"""JSON Feed 1.1 (jsonfeed.org) as articles. Pure: the text of an answer in, articles out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

MOST_ITEMS = 500
_BLOCKS = frozenset({"p", "div", "li", "tr", "br", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "section"})
_SILENT = frozenset({"script", "style", "head", "template"})


@dataclass(frozen=True, slots=True)
class Article:
    """One item of a feed: `key` names it in its source, `digest` changes with its words."""

    key: str
    title: str
    content: str
    url: str
    digest: str


class FeedFault(ValueError):
    """The answer is no feed."""


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.silent += tag in _SILENT
        if tag in _BLOCKS:
            self.parts.append("\n\n- " if tag == "li" else "\n\n")

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in _SILENT and self.silent > 0

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(" ".join(data.split()) if data.strip() else " ")


def text_of_html(html: str) -> str:
    """Words of an article without its marks; scripts and styles are left out."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = [line.strip() for line in "".join(parser.parts).split("\n")]
    return "\n\n".join(line for line in lines if line and line != "-")


def read_feed(data: bytes) -> list[Article]:
    """Articles of a feed, at most MOST_ITEMS; those without id, title or words are left out. Raises FeedFault."""
    try:
        feed = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FeedFault(str(error)) from None
    items = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(items, list) or "jsonfeed.org" not in str(feed.get("version", "")):
        raise FeedFault("no JSON Feed")
    articles = []
    for item in items[:MOST_ITEMS]:
        if not isinstance(item, dict):
            continue
        key, title = str(item.get("id") or "")[:300], " ".join(str(item.get("title") or "").split())[:128]
        content = str(item.get("content_text") or "") or text_of_html(str(item.get("content_html") or ""))
        if not (key and title and content.strip()):
            continue
        url = str(item.get("url") or "")
        digest = hashlib.sha256(json.dumps([title, content, url]).encode()).hexdigest()
        articles.append(Article(key, title, content.strip(), url if url.startswith(("http://", "https://")) else "", digest))
    return articles
