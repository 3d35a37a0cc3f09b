"""The command `hotline`: Django's commands and ours under one name.

`hotline load-city DIR` is the Django command `load_city`. Commands that need the database find the embedded
one running, or start it for their own length, unless DATABASE_URL names another.

Exit codes: 0 done · 1 refused or failed, the reason is printed · 2 wrong usage · 69 database not reachable ·
78 wrong setting · 130 interrupted.
"""

from __future__ import annotations

import contextlib
import os
import sys
import textwrap
from collections.abc import Sequence

USAGE, UNAVAILABLE, INTERRUPTED = 2, 69, 130

OURS = {
    "run": "Start the whole platform",
    "migrate": "Start the whole platform",
    "load_city": "Cities and orders",
    "generate": "Cities and orders",
    "replay": "Cities and orders",
    "import": "Cities and orders",
    "import_divisions": "Cities and orders",
    "deadlines": "Proof and safety",
    "audit": "Proof and safety",
    "backup": "Proof and safety",
    "restore": "Proof and safety",
    "models": "Models",
}
"""Where a command of ours stands in the help; others of ours come under "More"."""

WITHOUT_DATABASE = frozenset(
    {
        "run",
        "help",
        "check",
        "collectstatic",
        "findstatic",
        "messages",
        "templates",
        "reference",
        "diffsettings",
        "testserver",
        "test",
    }
)


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point; leaves by SystemExit."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hotline.config.settings")
    try:
        sys.exit(_dispatch(arguments))
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _dispatch(arguments: list[str]) -> int:
    from hotline.config.environment import SettingsFault, environment
    from hotline.ops.machine import PostgresFault
    from hotline.ops.postgres import using

    try:
        env = environment()
        name = arguments[0].replace("-", "_") if arguments and not arguments[0].startswith("-") else "help"
        if name == "help" and len(arguments) > 1:
            arguments = [arguments[1], "--help"]
            name = arguments[0].replace("-", "_")
        asks_for_help = bool({"-h", "--help"} & set(arguments[1:]))
        with contextlib.ExitStack() as stack:
            if not (env.database_url or asks_for_help or _works_alone(name, arguments)):
                stack.enter_context(
                    using(env.hotline_data_dir, say=lambda text: print(f"postgres | {text}", file=sys.stderr))
                )
            return _execute(name, arguments)
    except SettingsFault as fault:
        print(fault.text, file=sys.stderr)
        return int(fault.code or 78)
    except PostgresFault as fault:
        print(f"hotline: {fault}", file=sys.stderr)
        return UNAVAILABLE


def _works_alone(name: str, arguments: Sequence[str]) -> bool:
    """True for what needs no database: models are files, and learn from one when told so."""
    if name == "models":
        learns = bool({"train", "evaluate"} & set(arguments[1:2]))
        return not learns or any(argument.split("=")[0] == "--from" for argument in arguments)
    return name in WITHOUT_DATABASE


def _execute(name: str, arguments: list[str]) -> int:
    import django
    from django.core.management import get_commands, load_command_class
    from django.core.management.base import BaseCommand
    from django.db import OperationalError

    from hotline.kit.errors import ActionError

    django.setup()
    commands = get_commands()
    if arguments and arguments[0] in ("-V", "--version"):
        from importlib.metadata import version

        print(version("xinsheng"))
        return 0
    if name == "help":
        print(_help())
        return 0
    if name not in commands:
        near = _near(name, commands)
        print(
            f"hotline: there is no command {arguments[0]!r}{near}. `hotline --help` lists them.",
            file=sys.stderr,
        )
        return USAGE
    app = commands[name]
    command = app if isinstance(app, BaseCommand) else load_command_class(app, name)
    try:
        command.run_from_argv(
            ["hotline", name.replace("_", "-") if app.startswith("hotline.") else name, *arguments[1:]]
        )
    except ActionError as refusal:
        print(f"hotline {arguments[0]}: {refusal.message}", file=sys.stderr)
        return 1
    except OperationalError as error:
        print(
            f"hotline {arguments[0]}: the database cannot be reached or refused: {error}".rstrip(),
            file=sys.stderr,
        )
        print("Check DATABASE_URL, or leave it empty for the embedded database.", file=sys.stderr)
        return UNAVAILABLE
    return 0


def _near(name: str, commands: dict[str, str]) -> str:
    import difflib

    found = difflib.get_close_matches(name, commands, n=1)
    return f"; did you mean {found[0].replace('_', '-')!r}" if found else ""


def _help() -> str:
    from django.core.management import get_commands, load_command_class

    commands = get_commands()
    ours = {name: app for name, app in commands.items() if app.startswith("hotline.")}
    sections: dict[str, list[str]] = {}
    order = list(OURS)
    for name in sorted(ours, key=lambda name: (order.index(name) if name in order else len(order), name)):
        text = " ".join(str(load_command_class(ours[name], name).help).split())
        first = textwrap.shorten(text.split(". ")[0].rstrip("."), 92, placeholder=" …")
        line = f"  {name.replace('_', '-'):18}{first}"
        sections.setdefault(OURS.get(name, "More"), []).append(line)
    lines = ["Usage: hotline COMMAND [options]        hotline COMMAND --help", ""]
    for title, entries in sections.items():
        lines += [title, *entries, ""]
    others = sorted(set(commands) - set(ours))
    lines.append("Django and its packages")
    width = 0
    row = " "
    for name in others:
        if width + len(name) > 90:
            lines.append(row)
            row, width = " ", 0
        row += f" {name}"
        width += len(name) + 1
    lines += [row, "", "Settings come from the environment: docs/operations.md."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
