"""The event log only grows; numbers of orders come from one sequence."""

from django.db import migrations

TRIGGER = """
CREATE TRIGGER workorders_workorderevent_append_only BEFORE UPDATE OR DELETE ON workorders_workorderevent
    FOR EACH ROW EXECUTE FUNCTION kit_append_only();
"""
BACK = "DROP TRIGGER workorders_workorderevent_append_only ON workorders_workorderevent"


class Migration(migrations.Migration):

    dependencies = [("workorders", "0001_initial"), ("kit", "0002_append_only")]

    operations = [
        migrations.RunSQL(TRIGGER, BACK),
        migrations.RunSQL("CREATE SEQUENCE workorders_number AS bigint", "DROP SEQUENCE workorders_number"),
    ]
