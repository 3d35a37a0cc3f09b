"""The table of meaning, where the database has pgvector; without it the base finds by words alone and says so."""

from django.db import migrations

from hotline.knowledge.vectors import TABLE


def make(apps, schema_editor):
    TABLE.prepare(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0001_initial")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
