"""Administrative divisions and points."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _


class DivisionLevel(models.IntegerChoices):
    PROVINCE = 1, _("Province")
    CITY = 2, _("City")
    DISTRICT = 3, _("District or county")
    STREET = 4, _("Street or town")
    COMMUNITY = 5, _("Community or village")


class Division(models.Model):
    """A division with its 12-digit statistical code (国家统计局区划代码), padded with zeros on the right."""

    code = models.CharField(max_length=12, primary_key=True)
    name = models.CharField(max_length=80)
    level = models.PositiveSmallIntegerField(choices=DivisionLevel)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path_name = models.CharField(
        max_length=300, help_text="names from the province down, separated by spaces"
    )
    pinyin = models.CharField(max_length=200, blank=True)
    latitude = models.FloatField(null=True, blank=True, help_text="degrees, WGS-84")
    longitude = models.FloatField(null=True, blank=True, help_text="degrees, WGS-84")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["name"], name="division_name", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["level", "code"], name="division_level"),
        ]

    def __str__(self) -> str:
        return self.name


class Point(models.Model):
    """A place below the community: estate, building, station, landmark."""

    name = models.CharField(max_length=120)
    aliases = models.JSONField(default=list)
    kind = models.CharField(max_length=40, blank=True)
    division = models.ForeignKey(Division, models.PROTECT, related_name="points")
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [GinIndex(fields=["name"], name="point_name", opclasses=["gin_trgm_ops"])]
