"""The platform starts quickly and without its optional parts: no page and no command needs what only a model needs."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("scipy", "sklearn", "onnxruntime", "ctranslate2", "mosqito", "pyworld", "baresip", "aiortc")
CODE = """
import sys
for name in sys.argv[1:]:
    sys.modules[name] = None
import django
django.setup()
from django.urls import get_resolver
print(len(get_resolver().url_patterns))
"""


def test_neither_apps_nor_addresses_load_what_may_not_be_installed() -> None:
    said = subprocess.run([sys.executable, "-c", CODE, *HEAVY], capture_output=True, text=True, timeout=240)
    assert said.returncode == 0, said.stderr[-2000:]
    assert int(said.stdout) > 5
