"""Administrative divisions, points below them, and outlines of areas."""

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


class AreaLevel(models.TextChoices):
    DISTRICT = "district", _("Districts")
    STREET = "street", _("Streets and towns")
    GRID = "grid", _("Grids")
    ZONE = "zone", _("Areas for special zones")


class OutlineSet(models.Model):
    """One import of a level's outlines. The newest of its level holds; those before it stay to be looked at."""

    level = models.CharField(max_length=10, choices=AreaLevel)
    source = models.CharField(max_length=200, help_text="the file's name")
    system = models.CharField(max_length=10, help_text="coordinate system of the file: rules.coordinates.System")
    areas_count = models.PositiveIntegerField()
    repaired_count = models.PositiveIntegerField(default=0)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["level", "-id"], name="outline_newest")]


class Area(models.Model):
    """One outline. `code` is a division's 12 digits for districts and streets, the city's own for the others."""

    outlines = models.ForeignKey(OutlineSet, models.CASCADE, related_name="areas")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    parent_code = models.CharField(max_length=40, blank=True, help_text="the area of the level above that holds it")
    shape = models.BinaryField(help_text="WKB, polygon or multipolygon, WGS-84")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["outlines", "code"], name="area_once")]

    def __str__(self) -> str:
        return self.name
