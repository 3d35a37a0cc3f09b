"""The peer of the intake benchmark: a bare Django view that inserts one row and defers one job in one transaction."""

from __future__ import annotations

import os
from urllib.parse import urlparse

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

parts = urlparse(os.environ["DATABASE_URL"])
settings.configure(
    SECRET_KEY="a benchmark has no secrets, only numbers to tell",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[],
    USE_TZ=True,
    INSTALLED_APPS=["procrastinate.contrib.django"],
    PROCRASTINATE_AUTODISCOVER_MODULE_NAME="nothing_to_discover",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": parts.username,
            "PASSWORD": parts.password,
            "HOST": parts.hostname,
            "PORT": parts.port,
            "OPTIONS": {"pool": {"min_size": 2, "max_size": 10}},
        }
    },
)
django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from procrastinate.contrib.django import app  # noqa: E402


@app.task(name="bench.nothing", queue="bench")
def nothing(row: int) -> None:
    """Done by nobody: the benchmark is about putting it there."""


def insert(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench_row (text) VALUES (%s) RETURNING id", [request.body.decode()])
            row = cursor.fetchone()[0]
        nothing.defer(row=row)
    return HttpResponse(str(row), status=201)


urlpatterns = [path("insert", insert)]
application = WSGIHandler()
