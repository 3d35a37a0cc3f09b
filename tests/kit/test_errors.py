"""What cannot be stored is refused in words; it is no fault of the server."""

from __future__ import annotations

import pytest
from django.db import DataError, IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client

from hotline.accounts.models import Unit
from hotline.kit.errors import RefusalMiddleware
from tests.accounts.cast import Cast


@pytest.mark.django_db
def test_a_nul_in_address_or_search_is_refused(client: Client, cast: Cast) -> None:
    assert client.get("/a/a%00b/").status_code == 422
    answer = cast.client("admin").get("/accounts/units/?q=%00")
    assert answer.status_code == 422
    assert "重新输入" in answer.content.decode()


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"), True),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), True),
        (DataError("integer out of range"), False),
        (UnicodeEncodeError("ascii", "é", 0, 1, "ordinal not in range(128)"), False),
    ],
)
@pytest.mark.django_db
def test_only_such_characters_are_the_senders(error: Exception, refused: bool) -> None:
    request = HttpRequest()
    request.path = "/api/"
    answer = RefusalMiddleware(lambda _request: HttpResponse()).process_exception(request, error)
    assert (answer is not None) is refused


@pytest.mark.django_db
def test_who_saves_the_same_at_the_same_moment_hears_that_it_is_there(cast: Cast) -> None:
    request = HttpRequest()
    request.path = "/api/"
    middleware = RefusalMiddleware(lambda _request: HttpResponse())
    with pytest.raises(IntegrityError) as twin, transaction.atomic():
        Unit.objects.create(code=cast.a.code, name="x", short_name="x", level="city")
    answer = middleware.process_exception(request, twin.value)
    assert answer is not None
    assert answer.status_code == 409
    assert middleware.process_exception(request, IntegrityError("null value")) is None
