"""Rows of the audit log are never changed or removed; links of the chain neither."""

from django.db import migrations

TRIGGER = """
CREATE TRIGGER audit_auditentry_append_only BEFORE UPDATE OR DELETE ON audit_auditentry
    FOR EACH ROW EXECUTE FUNCTION kit_append_only();
CREATE TRIGGER audit_chainlink_append_only BEFORE UPDATE OR DELETE ON audit_chainlink
    FOR EACH ROW EXECUTE FUNCTION kit_append_only();
"""
BACK = """
DROP TRIGGER audit_auditentry_append_only ON audit_auditentry;
DROP TRIGGER audit_chainlink_append_only ON audit_chainlink;
"""


class Migration(migrations.Migration):

    dependencies = [("audit", "0001_initial"), ("kit", "0002_append_only")]

    operations = [migrations.RunSQL(TRIGGER, BACK)]
