"""Numbers of appeals that make no order come from one sequence."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [("intake", "0001_initial")]

    operations = [migrations.RunSQL("CREATE SEQUENCE intake_appeal_number AS bigint", "DROP SEQUENCE intake_appeal_number")]
