"""A form field that is filled by typing: the widget of every package's pick boxes."""

from __future__ import annotations

from typing import Any

from django import forms

from hotline.kit.numbers import wholes


class Pick(forms.Widget):
    """A search box over a hidden value; the controller `pick` fills the list from `url`, which gets `?q=` what is typed."""

    template_name = "ui/widgets/pick.html"
    multiple = False
    url: Any = ""
    hint: Any = ""

    def __init__(self, attrs: dict[str, Any] | None = None, query: str = "") -> None:
        super().__init__(attrs)
        self.query = query

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        chosen = [
            item
            for item in (value if isinstance(value, (list, tuple)) else [value])
            if item not in (None, "")
        ]
        context["widget"] |= {
            "chosen": self.labels([str(getattr(item, "pk", item)) for item in chosen]),
            "url": f"{self.url}{self.query}",
            "multiple": self.multiple,
            "hint": self.hint,
        }
        return context

    def labels(self, values: list[str]) -> list[tuple[str, str]]:
        """Value and name of each chosen one that exists, to be shown again; whoever says where the names are, overrides it."""
        return [(value, value) for value in values]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        if self.multiple:
            return data.getlist(name) if hasattr(data, "getlist") else data.get(name)
        return data.get(name)

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_search" if id_ else id_


def chosen_names(values: list[str], rows: Any, name: str = "name") -> list[tuple[str, str]]:
    """`Pick.labels` where values are keys of `rows` (a manager): key and name."""
    wanted = wholes(values)
    found = rows.filter(pk__in=wanted).values_list("pk", name) if wanted else ()
    return [(str(pk), label) for pk, label in found]
