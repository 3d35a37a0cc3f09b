"""A trigger function for append-only tables, and the unlogged table of rate limits."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION kit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is forbidden', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
"""
# Unlogged: counts of the last minute need not outlive a crash, and cost no write-ahead log.
RATE = """
CREATE UNLOGGED TABLE kit_rate_limit (
    key text PRIMARY KEY,
    opened_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    hits integer NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX kit_rate_limit_closes ON kit_rate_limit (closes_at);
"""


class Migration(migrations.Migration):

    dependencies = [("kit", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION kit_append_only()"),
        migrations.RunSQL(RATE, "DROP TABLE kit_rate_limit"),
    ]
