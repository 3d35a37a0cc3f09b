"""The examples of docs/api.md are real calls."""

from __future__ import annotations

import json
import re

import pytest
from django.conf import settings

from hotline.exchange.api.v1.api import api
from hotline.exchange.rules import SCOPES
from tests.exchange.conftest import Partner

TEXT = (settings.ROOT_DIR / "docs" / "api.md").read_text(encoding="utf-8")


@pytest.mark.django_db
def test_the_examples_run(partner: Partner) -> None:
    appeal, words = (json.loads(one) for one in re.findall(r"```json\n(.*?)```", TEXT, re.S))
    filed = partner.post("/appeals", appeal, key="docs-1")
    assert filed.status_code == 201, filed.content
    assert set(filed.json()) == {"number", "lookup_code", "promised", "repeated"}
    for verb in ("supplements", "urges", "withdrawal"):
        assert partner.post(f"/appeals/{filed.json()['number']}/{verb}", words).status_code in (200, 201)
    for path in re.findall(r"GET /api/v1(/(?:categories|divisions|units)[^`{]*)`", TEXT):
        assert partner.get(path).status_code == 200


def test_every_path_and_scope_is_described() -> None:
    for path in api.get_openapi_schema(path_prefix="/api/v1/")["paths"]:
        assert path in TEXT or f"`…/{path.rsplit(chr(47), 1)[1]}`" in TEXT, path
    for scope in SCOPES:
        assert f"`{scope}`" in TEXT
