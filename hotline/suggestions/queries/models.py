"""The models of Chinese text in use, and how they are. `language` does the work; here are its folder and its worker."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from hotline.kit.health import Level, Result

if TYPE_CHECKING:  # numpy is of the optional part
    from hotline.language.category import Predictor
    from hotline.language.client import Client
    from hotline.language.registry import Model, Registry


def registry() -> Registry:
    """The trained models of this city. Raises ImportError where the optional part `language` is not installed."""
    from hotline.language.registry import Registry

    return Registry(settings.MODELS_DIR)


def open_category(source: Registry, model: Model) -> Predictor:
    """A category model in this process. Raises RegistryFault."""
    from hotline.language.category import Predictor

    return Predictor.load(source.read(model))


@lru_cache(maxsize=1)
def model_worker() -> Client | None:
    """The worker that answers with categories and vectors; None when models are switched off or not installed. Its methods
    answer `Off` rather than raise, within 150 ms."""
    if not settings.MODELS_ON:
        return None
    try:
        from hotline.language.client import Client
    except ImportError:
        return None
    return Client(settings.MODELS_DIR)


def category_health() -> Result:
    """One line of the health page: categories."""
    return _judge("category", _("Categories are suggested by model %(version)s."))


def meaning_health() -> Result:
    """One line of the health page: meaning."""
    return _judge("embedding", _("Texts are compared by meaning with %(version)s."))


def _judge(function: str, good: str) -> Result:
    if not settings.MODELS_ON:
        return Result(
            Level.OK, _("The models are switched off; rules and words do the work."), "HOTLINE_MODELS=on"
        )
    client = model_worker()
    if client is None:
        return Result(
            Level.WARN,
            _("The packages of the models are not installed; rules and words do the work."),
            "pip install 'xinsheng[language]'",
        )
    from hotline.language.client import Off

    status: dict[str, Any] | Off = client.status(timeout=0.5)
    if isinstance(status, Off):
        return Result(
            Level.WARN,
            _("The worker of the models does not answer; rules and words do the work."),
            _("`hotline run` starts it again by itself; by hand: `hotline models serve`."),
        )
    found = status["functions"][function]
    if found["state"] == "on":
        return Result(Level.OK, good % {"version": found["version"]})
    if found["code"] == "not_trained":
        return Result(
            Level.OK,
            _("No category model was trained; categories are not suggested."),
            _("`hotline models train category` learns from closed orders, with --from FILE.csv from a file."),
        )
    reasons = {
        "loading": _("it is being loaded"),
        "not_installed": _("its package is not installed"),
        "wrong_version": _("another version of its package is installed"),
        "wrong_hash": _("its file is not the one that was registered"),
        "not_found": _("its file is not there"),
        "unusable": _("the list of models cannot be read"),
    }
    return Result(
        Level.FAIL if found["code"] == "wrong_hash" else Level.WARN,
        _("A model is not used: %(reason)s.")
        % {"reason": reasons.get(found["code"], _("its file or package is damaged"))},
        str(found["advice"]),
    )


def listed_models() -> list[tuple[Model, bool]]:
    """(model, in use) of every model, those of packages first; empty where the optional part is not installed or unreadable."""
    try:
        from hotline.language.registry import RegistryFault, packaged
    except ImportError:
        return []
    try:
        known = registry()
        trained = [(one, known.current(one.task)) for one in known.models()]
    except RegistryFault:
        trained = []
    return [
        *((one, True) for one in packaged()),
        *((one, used is not None and used.key == one.key) for one, used in trained),
    ]
