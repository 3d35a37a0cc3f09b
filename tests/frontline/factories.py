"""Phones of the cast, and what they send."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

from django.test import Client

from hotline.kit.clock import now
from tests.accounts.cast import Cast


class Phone:
    """A device of one person, as the browser keeps it: token, own id, and envelopes."""

    def __init__(self, cast: Cast, who: str, uid: uuid.UUID | None = None) -> None:
        self.uid = uid or uuid.uuid4()
        self.client = cast.client(who)
        made = self.client.post("/frontline/api/v1/devices", json.dumps({"uid": str(self.uid)}), "application/json")
        assert made.status_code == 201, made.content
        self.given = made.json()
        self.bare = Client()

    @property
    def door(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.given['token']}"}

    def get(self, path: str) -> Any:
        return self.bare.get(f"/frontline/api/v1/{path}", headers=self.door)

    def envelope(self, verb: str, assignment: int, revision: int | None = None, *, at: datetime | None = None, **more: Any) -> dict[str, Any]:
        moment = (at or now()).isoformat()
        return {
            "client_id": str(uuid.uuid4()), "device": str(self.uid), "verb": verb, "assignment": assignment, "revision": revision,
            "at": moment, "sent_at": moment, "offset": None, "data": {}, **more,
        }

    def send(self, envelope: dict[str, Any]) -> Any:
        return self.bare.post("/frontline/api/v1/acts", json.dumps(envelope), "application/json", headers=self.door)

    def act(self, verb: str, assignment: int, revision: int | None = None, **data: Any) -> Any:
        return self.send(self.envelope(verb, assignment, revision, data=data))

    def photo(self, envelope: dict[str, Any], file: Any) -> Any:
        return self.bare.post("/frontline/api/v1/photos", {"envelope": json.dumps(envelope), "file": file}, headers=self.door)
