"""The log of calls only grows."""

from django.db import migrations

TRIGGER = """
CREATE TRIGGER calls_callevent_append_only BEFORE UPDATE OR DELETE ON calls_callevent
    FOR EACH ROW EXECUTE FUNCTION kit_append_only();
"""
BACK = "DROP TRIGGER calls_callevent_append_only ON calls_callevent"


class Migration(migrations.Migration):

    dependencies = [("calls", "0001_initial"), ("kit", "0002_append_only")]

    operations = [migrations.RunSQL(TRIGGER, BACK)]
