"""Addresses under /search/."""

from django.urls import path

from hotline.workorders.views import find

app_name = "search"

urlpatterns = [path("palette", find.palette, name="palette")]
