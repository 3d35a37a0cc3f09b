from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hotline.accounts import actions, queries
from hotline.accounts.models import Role, UnitLevel
from hotline.kit.actor import system_actor


class Command(BaseCommand):
    help = "The first administrator of a new city, or a member of staff when nobody can sign in any more."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        add = acts.add_parser("add", help="Make a member of staff; prints the first password")
        add.add_argument("username")
        add.add_argument("--name", required=True)
        add.add_argument("--role", choices=Role.values, default=Role.ADMIN)
        add.add_argument(
            "--unit",
            default="HUB",
            help="Code of the unit (HUB; made as the hotline centre when there is no unit at all)",
        )
        reset = acts.add_parser("reset", help="New first password and no second factor for somebody")
        reset.add_argument("username")

    def handle(self, *args: Any, act: str, username: str, **options: Any) -> None:
        actor = system_actor("console", "accounts:manage_people", "accounts:manage_units")
        if act == "reset":
            person = queries.person_named(username)
            if person is None:
                raise CommandError(f"Nobody in service has the user name {username!r}.")
            actions.reset_second_factor(actor=actor, person_id=person.pk)
            self.stdout.write(
                f"First password of {person.username}: {actions.reset_password(actor=actor, person_id=person.pk)}"
            )
            return
        unit = queries.unit_with_code(options["unit"])
        if unit is None:
            if queries.open_units().exists():
                raise CommandError(f"There is no unit with the code {options['unit']!r}.")
            unit = actions.create_unit(
                actor=actor,
                parent_id=None,
                code=options["unit"],
                name="市民服务热线中心",
                short_name="热线中心",
                level=UnitLevel.HUB,
            )
        person, first = actions.create_person(
            actor=actor, username=username, name=options["name"], unit_id=unit.pk, role=options["role"]
        )
        self.stdout.write(f"First password of {person.username}: {first}")
