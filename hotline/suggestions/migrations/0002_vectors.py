"""The table of orders' meanings, where the database has pgvector; without it orders are found by words alone."""

from django.db import migrations

from hotline.suggestions.vectors import TABLE


def make(apps, schema_editor):
    TABLE.prepare(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("suggestions", "0001_initial")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
