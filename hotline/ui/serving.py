"""Built files over HTTP while builds come and go under running processes.

A process lists the files that lie there when it starts. Later a new build adds names (a page drawn by a newer process
may ask this one for them), and old builds are tidied away (a page left open may still ask for theirs). The first is
answered from the disk, the second with 404; neither is an error of the server.
"""

from __future__ import annotations

import re
from typing import cast

from django.http import HttpRequest, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware

from hotline.ui.assets import DIST

# Vite's names carry a hash of the content, `main-Bna-Rvq3.js`: what is behind one never changes.
HASHED = re.compile(r"dist/assets/([\w.-]{1,80}-[\w-]{8}\.[a-z0-9]{1,8})\Z", re.ASCII)


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # WhiteNoise has no types
    """WhiteNoise that looks again for a built file it does not know, and bears that one has gone."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The file, or whatever the rest of the application answers to its address."""
        url = request.path_info
        found = self.find_file(url) if self.autorefresh else self.files.get(url) or self._newer(url)
        if found is not None:
            try:
                return cast("HttpResponseBase", self.serve(found, request))
            except FileNotFoundError:
                self.files.pop(url, None)
        return cast("HttpResponseBase", self.get_response(request))

    def immutable_file_test(self, path: str, url: str) -> bool:
        """Whether browsers may keep what is behind an address for good."""
        del path
        return url.startswith(self.static_prefix) and bool(HASHED.match(url, len(self.static_prefix)))

    def _newer(self, url: str) -> object:
        built = url.startswith(self.static_prefix) and HASHED.match(url, len(self.static_prefix))
        if not built or not (path := DIST / "assets" / built[1]).is_file():
            return None
        self.files[url] = self.get_static_file(str(path), url)
        return self.files[url]
