"""Orders by meaning where the database has pgvector (words alone without it), the writer's questions, notices of risks."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from hotline.suggestions.vectors import prepare


def make(apps, schema_editor):
    prepare(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("suggestions", "0001_initial"),
    ]
    operations = [
        migrations.RunPython(make, migrations.RunPython.noop),
        migrations.CreateModel(
            name='WriterDay',
            fields=[
                ('day', models.DateField(primary_key=True, serialize=False)),
                ('questions', models.PositiveIntegerField(default=0)),
                ('tokens', models.PositiveBigIntegerField(default=0)),
                ('milliseconds', models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='WriterCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('actor', models.CharField(max_length=80)),
                ('purpose', models.CharField(max_length=20)),
                ('model', models.CharField(max_length=100)),
                ('prompt', models.TextField(help_text='personal data is masked')),
                ('answer', models.TextField(blank=True)),
                ('failure', models.CharField(blank=True, max_length=20)),
                ('tokens', models.PositiveIntegerField(default=0)),
                ('milliseconds', models.PositiveIntegerField(default=0)),
                ('offered', models.BooleanField(default=False)),
            ],
            options={
                'indexes': [models.Index(fields=['-at'], name='writer_call_latest')],
            },
        ),
        migrations.CreateModel(
            name='RiskNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('told_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField(blank=True, null=True)),
                ('alert', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='suggestions.riskalert')),
                ('person', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('seen_at__isnull', True)), fields=['person'], name='risk_notice_unseen')],
                'constraints': [models.UniqueConstraint(fields=('person', 'alert'), name='risk_notice_once')],
            },
        ),
    ]
