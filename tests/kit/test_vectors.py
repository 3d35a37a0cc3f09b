"""Search by meaning gives as many as were asked for, through the index too."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection

from hotline.kit.vectors import DIMENSIONS, VectorTable, as_text, looking_for

pytestmark = pytest.mark.django_db
NEAREST = "SELECT id FROM kit_test_meaning ORDER BY vector <=> %s::halfvec LIMIT 80"


def test_the_index_gives_more_than_its_forty() -> None:
    table = VectorTable("kit_test_meaning", id="integer")
    if not table.prepare():
        pytest.skip("this database has no pgvector")
    chance = np.random.default_rng(5)
    with connection.cursor() as cursor:
        for number in range(200):
            row = [number, as_text(chance.normal(size=DIMENSIONS))]
            cursor.execute("INSERT INTO kit_test_meaning VALUES (%s, %s::halfvec)", row)
        cursor.execute("SET LOCAL enable_seqscan = off")
        asked = as_text(chance.normal(size=DIMENSIONS))
        cursor.execute("EXPLAIN " + NEAREST, [asked])
        assert "kit_test_meaning_near" in str(cursor.fetchall())
        cursor.execute(NEAREST, [asked])
        assert len(cursor.fetchall()) <= 40
    with looking_for(80) as wide:
        wide.execute(NEAREST, [asked])
        assert len(wide.fetchall()) == 80
