"""`hotline models`: the models of Chinese text, kept by name and hash."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import threading
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hotline.kit.clock import now
from hotline.suggestions import queries

TASKS = ("category",)
OWN = "the city's own closed orders, masked"


class Command(BaseCommand):
    help = "Models of Chinese text: list, train, evaluate, promote, rollback, serve."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's own form)

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        verbs.add_parser(
            "list", help="every model, which is in use and how good it was measured"
        ).add_argument("--json", action="store_true")
        train = verbs.add_parser("train", help="make a model; the first of its task is put to use at once")
        train.add_argument("task", choices=TASKS)
        train.add_argument(
            "--from",
            dest="file",
            type=Path,
            metavar="FILE.csv",
            help=f"columns id,label,title,text; without: {OWN}",
        )
        train.add_argument("--seed", type=int, default=0, metavar="N")
        train.add_argument("--promote", action="store_true", help="put it to use even if another is")
        train.add_argument("--licence", default="the city's own", help="under which the texts may be used")
        train.add_argument("--json", action="store_true", help="end with one line of JSON")
        judge = verbs.add_parser("evaluate", help="measure the model in use on labelled texts")
        judge.add_argument("task", choices=TASKS)
        judge.add_argument(
            "--from",
            dest="file",
            type=Path,
            metavar="FILE.csv",
            help=f"columns id,label,title,text; without: {OWN}",
        )
        judge.add_argument(
            "--version",
            dest="model_version",
            default="",
            metavar="VERSION",
            help="another than the one in use",
        )
        judge.add_argument(
            "--cross-validate",
            type=_folds,
            default=0,
            metavar="N",
            help="train and measure by N folds of the file",
        )
        judge.add_argument(
            "--taxonomy",
            type=Path,
            metavar="FILE.csv",
            help="names of categories, a column a level, for the case without a model",
        )
        judge.add_argument(
            "--zero-shot", action="store_true", help="measure names alone though there is a model"
        )
        judge.add_argument("--seed", type=int, default=0, metavar="N")
        judge.add_argument("--json", action="store_true", help="end with one line of JSON")
        promote = verbs.add_parser("promote", help="put a version to use")
        promote.add_argument("task", choices=TASKS)
        promote.add_argument("model_version", metavar="VERSION")
        verbs.add_parser("rollback", help="back to the version before").add_argument("task", choices=TASKS)
        verbs.add_parser("serve", help="the worker that holds the models; `hotline run` starts it")

    def handle(self, *args: Any, **options: Any) -> None:
        with _faults():
            getattr(self, f"_{options['verb']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        from hotline.language.registry import packaged

        registry = queries.registry()
        rows: list[dict[str, Any]] = []
        for model in packaged() + registry.models():
            in_use = registry.current(model.task)
            rows.append(
                {
                    "task": model.task,
                    "version": model.version,
                    "name": model.name,
                    "in_use": not model.path or (in_use is not None and in_use.key == model.key),
                    "source": model.source,
                    "licence": model.licence,
                    "sha256": model.sha256,
                    "made_at": model.made_at,
                    "size": model.size,
                    "quality": model.quality,
                }
            )
        if options["json"]:
            self.stdout.write(json.dumps(rows, ensure_ascii=False))
            return
        for row in rows:
            figures = row["quality"]
            told = ", ".join(
                f"{name} {figures[name]}"
                for name in ("macro_f1", "accuracy", "calibration_error")
                if name in figures
            )
            self.stdout.write(
                f"{'*' if row['in_use'] else ' '} {row['task']:10} {row['version']:16} {str(row['sha256'])[:12]}  "
                f"{row['made_at'][:10] or 'package':10}  {row['licence']}  {row['source']}  {told}".rstrip()
            )

    def _train(self, options: dict[str, Any]) -> None:
        from hotline.language.registry import Model
        from hotline.language.training import train

        registry = queries.registry()
        examples, source = self._examples(options["file"])
        began = time.perf_counter()
        trained = train(examples, options["seed"], self._say)
        moment = now()
        model = registry.add(
            Model(
                task="category",
                name="linear, characters and words",
                version=registry.next_version("category", moment),
                source=source,
                licence=options["licence"],
                sha256="",
                made_at=moment.isoformat(timespec="seconds"),
                quality=trained.quality,
            ),
            trained.predictor.dump(),
        )
        if options["promote"]:
            registry.promote("category", model.version)
        used = registry.current("category")
        in_use = used is not None and used.version == model.version
        if trained.left_out:
            self._say(f"too rare to learn: {', '.join(trained.left_out[:20])}")
        self._say(f"{model.key}: {model.size / 2**20:.1f} MB in {time.perf_counter() - began:.0f} s")
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {
                        "model": model.name,
                        "version": model.version,
                        "sha256": model.sha256,
                        "in_use": in_use,
                        "left_out": len(trained.left_out),
                        **trained.quality,
                    },
                    ensure_ascii=False,
                )
            )
        else:
            self.stdout.write(
                f"{model.key} is in use."
                if in_use
                else f"{model.key} is kept. Put it to use: hotline models promote category {model.version}"
            )

    def _evaluate(self, options: dict[str, Any]) -> None:
        from hotline.language import evaluate
        from hotline.language.training import cross_validate

        registry = queries.registry()
        examples, _source = self._examples(options["file"])
        version = options["model_version"]
        model = registry.find("category", version) if version else registry.current("category")
        began = time.perf_counter()
        if options["cross_validate"]:
            figures = cross_validate(examples, options["cross_validate"], options["seed"], self._say)
            name, version = (
                f"linear, characters and words; {options['cross_validate']} folds, grouped by text",
                "cross-validated",
            )
            speed = len(examples) / (time.perf_counter() - began)
        else:
            if model is None or options["zero_shot"]:
                predictor = self._by_names(examples, options)
                name, version = "zero-shot by the names of the categories", "none"
            else:
                predictor = queries.open_category(registry, model)
                name, version = model.name, model.version
            began = time.perf_counter()
            shares = predictor.first_level(examples)
            speed = len(examples) / max(time.perf_counter() - began, 1e-9)
            given = [predictor.labels[i] for i in shares.argmax(axis=1)]
            figures = evaluate.category_figures(
                [e.path[0] for e in examples], given, shares.max(axis=1).tolist()
            )
            if len(predictor.nodes) > 1:
                figures["leaf_accuracy"] = evaluate.leaf_accuracy(predictor, examples)
            if model is not None and not options["zero_shot"]:
                registry.note_quality("category", model.version, {"evaluated": _noted(figures, options["file"])})
        result = {**figures, "texts_per_second": round(speed, 1), "model": name, "version": version}
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        else:
            for key, value in result.items():
                self.stdout.write(f"{key:22}{value}")

    def _by_names(self, examples: list[Any], options: dict[str, Any]) -> Any:
        from hotline.language import evaluate, zeroshot

        labels = {example.path[0] for example in examples}
        paths = [example.path for example in examples]
        if options["taxonomy"]:
            paths = [path for path in evaluate.read_taxonomy(options["taxonomy"]) if path[0] in labels]
        if not options["zero_shot"]:
            self._say("No category model was trained: judged by the names of the categories alone.")
        return zeroshot.teach(sorted(set(paths)), examples, seed=options["seed"], say=self._say).predictor

    def _promote(self, options: dict[str, Any]) -> None:
        model = queries.registry().promote(options["task"], options["model_version"])
        self.stdout.write(f"{model.key} is in use.")

    def _rollback(self, options: dict[str, Any]) -> None:
        self.stdout.write(f"{queries.registry().rollback(options['task']).key} is in use again.")

    def _serve(self, _options: dict[str, Any]) -> None:
        from hotline.language.worker import Server, bound_memory

        bound_memory(settings.MODELS_MEMORY_MB)
        with Server(settings.MODELS_DIR) as server:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: sys.exit(0))
            threading.Thread(target=server.models.keep_warm, daemon=True).start()
            with contextlib.suppress(SystemExit):
                server.serve_forever()

    def _examples(self, file: Path | None) -> tuple[list[Any], str]:
        from hotline.language import evaluate

        if file is not None:
            return evaluate.read_labelled(file), f"file {file.name}"
        examples = [evaluate.Example(*row) for row in queries.training_rows()]
        if not examples:
            raise CommandError(
                "There are no closed orders with a category yet; give labelled texts by --from FILE.csv."
            )
        return examples, OWN

    def _say(self, text: str) -> None:
        self.stderr.write(text)


def _noted(figures: Mapping[str, Any], file: Path | None) -> dict[str, Any]:
    """What stays beside the model of an evaluation: on which texts, when, and the figures in short."""
    short = {name: figures[name] for name in ("accuracy", "macro_f1", "calibration_error", "n") if name in figures}
    return {"on": file.name if file else OWN, "at": now().isoformat(timespec="seconds"), **short}


def _folds(text: str) -> int:
    if not text.isdigit() or not 2 <= int(text) <= 20:
        raise ArgumentTypeError("2 to 20 folds")
    return int(text)


@contextlib.contextmanager
def _faults() -> Iterator[None]:
    try:
        from hotline.language.evaluate import BadFile
        from hotline.language.registry import RegistryFault
    except ImportError as error:
        raise CommandError(
            f"The package {error.name} is not installed: pip install 'xinsheng[language]'."
        ) from None
    try:
        yield
    except (BadFile, RegistryFault) as fault:
        raise CommandError(str(fault)) from None
