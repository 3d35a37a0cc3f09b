"""The table of orders by meaning, where the database has pgvector; without it orders are found by words alone."""

from django.db import migrations

from hotline.suggestions.vectors import prepare


def make(apps, schema_editor):
    prepare(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("suggestions", "0001_initial")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
