"""Models rendered one after the other, as migrations add them, are the models rendered all at once."""

from __future__ import annotations

from typing import Any

from django.core.management import get_commands, load_command_class
from django.core.management.commands import migrate
from django.db import connection, models
from django.db.migrations import AddField, AddIndex, CreateModel
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState, StateApps

from hotline.kit.growing import GrowingExecutor, GrowingState


def shape(apps: StateApps) -> dict[str, Any]:
    """Per model its fields with what they point at, and everything that points back."""
    return {
        model._meta.label: (
            [(field.name, field.db_parameters(connection), _target(apps, field)) for field in model._meta.get_fields() if field.concrete],
            sorted(f"{back.related_model._meta.label}.{back.field.name}" for back in model._meta.related_objects),
        )
        for model in apps.get_models(include_auto_created=True)
    }


def _target(apps: StateApps, field: Any) -> str:
    if field.related_model is None:
        return ""
    label: str = field.related_model._meta.label
    assert apps.get_model(label) is field.related_model, f"{field} points at a model of yesterday"
    return label


def test_all_our_migrations_end_in_the_same_models() -> None:
    loader = MigrationLoader(None)
    plan = list(dict.fromkeys(key for leaf in loader.graph.leaf_nodes() for key in loader.graph.forwards_plan(leaf)))
    grown = GrowingState(real_apps=loader.unmigrated_apps)
    assert grown.apps is not None  # rendered from the start, as a run of all migrations does
    before = grown.clone()
    for key in plan:
        loader.graph.nodes[key].mutate_state(grown, preserve=False)
    grown.clear_delayed_apps_cache()
    assert shape(grown.apps) == shape(loader.project_state().apps)
    assert before.models == {}, "what stood before stays as it was"
    assert len(grown.models) > 100


def test_what_alters_a_model_is_rendered_by_django() -> None:
    number = ("id", models.BigAutoField(primary_key=True))
    operations = [
        CreateModel("Order", [number]),
        CreateModel("Note", [number, ("order", models.ForeignKey("app.Order", models.CASCADE))]),
        AddIndex("Note", models.Index(fields=["order"], name="by_order")),
        AddField("Order", "title", models.TextField(default="")),
        CreateModel("Reply", [number, ("note", models.ForeignKey("app.Note", models.CASCADE, related_name="+"))]),
    ]
    grown, whole = GrowingState(), ProjectState()
    assert grown.apps.get_models() == []
    for operation in operations:
        operation.state_forwards("app", grown)
        operation.state_forwards("app", whole)
        grown.clear_delayed_apps_cache()
        assert shape(grown.apps) == shape(ProjectState(dict(whole.models)).apps)
    assert grown.models == whole.models
    assert [index.name for index in grown.models["app", "note"].options["indexes"]] == ["by_order"]


def test_the_command_is_ours() -> None:
    assert get_commands()["migrate"] == "hotline.kit"
    assert load_command_class("hotline.kit", "migrate").help.startswith("Make or update")
    assert migrate.MigrationExecutor is GrowingExecutor  # type: ignore[attr-defined]
