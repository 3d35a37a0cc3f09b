"""A double of FreeSWITCH that speaks its event socket: channels that park, play, record and confer, as its documentation says.

It has never been compared with a real one: what both this and the engine take for granted wrongly no test finds.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

PLAY_SECONDS = 0.1
"""Each file's length."""
SOUND = b"\x10\x27\xd0\x07" * 1600
"""What a file has when it was recorded, and what a growing one gets every tenth of a second."""


class Fs:
    """`telephones`: by number what it does when it is called: answer, busy or ring."""

    def __init__(self) -> None:
        self.telephones: dict[str, str] = {}
        self.channels: dict[str, dict[str, Any]] = {}
        self.conferences: dict[str, dict[str, Any]] = {}
        self.plays: dict[str, tuple[str, str]] = {}
        """By leg: the running application's name, its argument."""
        self.records: dict[str, tuple[str, Path]] = {}
        """By path as it was told: the leg, the file."""
        self.asked: list[str] = []
        self.core = "core-1"
        self.port = 0
        self.lines = 0
        self.deaf = ""
        """Commands that begin so break the connection."""
        self.at_line: Callable[[], object] | None = None
        """Happens once, when somebody has just asked for events."""
        self._serial = itertools.count(1)
        self._followers: list[asyncio.StreamWriter] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self.drop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def drop(self) -> None:
        """Every connection breaks."""
        for writer in list(self._writers):
            writer.close()
        self._followers.clear()

    # -- what a test does ----------------------------------------------------------------------------------------------

    def call_in(self, caller: str, called: str = "12345", headers: dict[str, str] | None = None) -> str:
        leg = f"00000000-0000-4000-8000-{next(self._serial):012d}"
        self._channel(leg, "inbound", {"xs_trunk": "carrier"})
        self.channels[leg] |= {"Caller-Caller-ID-Number": caller, "Caller-Destination-Number": called}
        self.channels[leg] |= {f"variable_sip_h_{name}": value for name, value in (headers or {}).items()}
        self._park(leg)
        return leg

    def press(self, leg: str, digits: str) -> None:
        for digit in digits:
            self.tell("DTMF", leg, **{"DTMF-Digit": digit, "DTMF-Duration": "2000"})

    def end(self, leg: str, cause: str = "NORMAL_CLEARING") -> None:
        """It hangs up, or is hung up."""
        if leg not in self.channels:
            return
        self.tell("CHANNEL_HANGUP", leg, **{"Hangup-Cause": cause})
        self._break(leg)
        self._leave(leg)
        for path in [path for path, (of, _file) in self.records.items() if of == leg]:
            self._record_stops(path)
        self.tell("CHANNEL_HANGUP_COMPLETE", leg, **{"Hangup-Cause": cause})
        del self.channels[leg]

    def answer(self, leg: str) -> None:
        """The telephone that rings is answered."""
        self._up(leg)
        self._park(leg)

    def place(self, leg: str) -> dict[str, Any]:
        """What a member may do: conference, mute, and to whom it may not speak."""
        for name, one in self.conferences.items():
            for number, member in one["members"].items():
                if member["uuid"] == leg:
                    away = {
                        one["members"][to]["uuid"]
                        for of, to in one["nospeak"]
                        if of == number and to in one["members"]
                    }
                    return {"conference": name, "mute": member["mute"], "not_to": away}
        return {}

    # -- state ---------------------------------------------------------------------------------------------------------

    def _channel(self, leg: str, direction: str, variables: dict[str, str]) -> None:
        self.channels[leg] = {
            "Unique-ID": leg,
            "Call-Direction": direction,
            "Answer-State": "ringing",
            "Caller-Channel-Created-Time": str(time.time_ns() // 1000),
            "Caller-Channel-Answered-Time": "0",
            **{f"variable_{name}": value for name, value in variables.items()},
        }
        self.tell("CHANNEL_CREATE", leg)

    def _up(self, leg: str) -> None:
        if self.channels[leg]["Answer-State"] != "answered":
            now = str(time.time_ns() // 1000)
            self.channels[leg] |= {"Answer-State": "answered", "Caller-Channel-Answered-Time": now}
            self.tell("CHANNEL_ANSWER", leg)

    def _park(self, leg: str) -> None:
        if leg in self.channels:
            self.tell("CHANNEL_PARK", leg)

    def _leave(self, leg: str) -> None:
        for name, one in list(self.conferences.items()):
            for number in [number for number, member in one["members"].items() if member["uuid"] == leg]:
                del one["members"][number]
                one["nospeak"] = {pair for pair in one["nospeak"] if number not in pair}
                self._maintenance(leg, name, "del-member", number)
            if not one["members"]:
                del self.conferences[name]

    def _enter(self, leg: str, told: str) -> None:
        found = re.fullmatch(r"conference:(xs-[A-Za-z0-9_-]+)@hotline(\+flags\{mute\})?", told)
        if leg not in self.channels or found is None:
            return
        self._break(leg)
        self._leave(leg)
        one = self.conferences.setdefault(found[1], {"members": {}, "nospeak": set()})
        number = str(next(self._serial))
        one["members"][number] = {"uuid": leg, "mute": bool(found[2])}
        self._maintenance(leg, found[1], "add-member", number)

    def _maintenance(self, leg: str, name: str, action: str, number: str) -> None:
        facts = {
            "Event-Subclass": "conference::maintenance",
            "Conference-Name": name,
            "Action": action,
            "Member-ID": number,
        }
        self.tell("CUSTOM", leg, **facts)

    def _break(self, leg: str) -> None:
        if (running := self.plays.pop(leg, None)) is not None:
            self._executed("CHANNEL_EXECUTE_COMPLETE", leg, running[0])

    def _executed(self, kind: str, leg: str, name: str) -> None:
        self.tell(
            kind,
            leg,
            **{"Application": "playback", "Application-UUID": name, "Application-Response": "FILE PLAYED"},
        )

    def _plays(self, leg: str, name: str, argument: str) -> None:
        if leg not in self.channels:
            return
        self._break(leg)
        self.plays[leg] = (name, argument)
        self._executed("CHANNEL_EXECUTE", leg, name)
        if not argument.startswith("tone_stream://"):
            self.later(PLAY_SECONDS * (argument.count("!") + 1), self._played, leg, name)

    def _played(self, leg: str, name: str) -> None:
        if self.plays.get(leg, ("", ""))[0] == name:
            self._break(leg)

    def _record_stops(self, path: str) -> None:
        leg, file = self.records.pop(path)
        if file.suffix == ".wav":
            with wave.open(str(file), "wb") as sound:
                sound.setparams((2, 2, 8000, 0, "NONE", ""))
                sound.writeframes(SOUND)
        self.tell("RECORD_STOP", leg, **{"Record-File-Path": path})

    def _grow(self, path: str) -> None:
        if path in self.records:
            with self.records[path][1].open("ab") as file:
                file.write(SOUND[:3200])
            self.later(0.05, self._grow, path)

    def later(self, seconds: float, work: Any, *given: Any) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            work(*given)

        task = asyncio.get_running_loop().create_task(wait())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- the verbs -----------------------------------------------------------------------------------------------------

    def _api(self, verb: str, words: list[str]) -> str:
        if verb.startswith("uuid_") and verb != "uuid_exists" and words[0] not in self.channels:
            return "-ERR No such channel!\n"
        match [verb, *words]:
            case ["global_getvar", "core_uuid"]:
                return self.core
            case ["show", "channels", "count"]:
                return f"\n{len(self.channels)} total.\n"
            case ["show", "channels", "as", "json"]:
                rows = [{"uuid": leg} for leg in self.channels]
                return json.dumps({"row_count": len(rows), **({"rows": rows} if rows else {})})
            case ["conference", "json_list"]:
                return (
                    json.dumps(
                        [
                            {
                                "conference_name": name,
                                "members": [
                                    {"type": "caller", "id": int(number), "uuid": its["uuid"]}
                                    for number, its in one["members"].items()
                                ],
                            }
                            for name, one in self.conferences.items()
                        ]
                    )
                    if self.conferences
                    else "-ERR no conferences\n"
                )
            case ["conference", name, *_rest] if name not in self.conferences:
                return f"Conference {name} not found\n"
            case ["conference", name, "mute" | "unmute" as how, number]:
                members = self.conferences[name]["members"]
                if number not in members:
                    return f"Non-Existant ID {number}\n"
                members[number]["mute"] = how == "mute"
                return f"OK {how} {number}\n"
            case ["conference", name, "relate", number, other, how]:
                pairs = self.conferences[name]["nospeak"]
                pairs.add((number, other)) if how == "nospeak" else pairs.discard((number, other))
                return f"ok {number}->{other} {how} set\n"
            case ["sofia", "status", "gateway", name]:
                return "Name carrier\n" if name == "carrier" else "Invalid Gateway!\n"
            case ["uuid_exists", leg]:
                return "true" if leg in self.channels else "false"
            case ["uuid_dump", leg, "json"]:
                return json.dumps({"Event-Name": "CHANNEL_DATA", **self.channels[leg]})
            case ["uuid_setvar_multi", leg, told]:
                self.channels[leg] |= {
                    f"variable_{one.partition('=')[0]}": one.partition("=")[2] for one in told.split(";")
                }
            case ["uuid_setvar", leg, name]:
                self.channels[leg].pop(f"variable_{name}", None)
            case ["uuid_setvar", leg, name, value]:
                self.channels[leg][f"variable_{name}"] = value
            case ["uuid_answer", leg]:
                self._up(leg)
            case ["uuid_kill", leg, cause]:
                self.end(leg, cause)
            case ["uuid_break", leg, "all"]:
                self.later(0.01, self._break, leg)
            case ["uuid_park", leg]:
                self.later(0.01, self._parks, leg)
            case ["uuid_transfer", leg, told, "inline"]:
                self.later(0.01, self._enter, leg, told)
            case ["uuid_send_dtmf", _leg, _digits]:
                pass
            case ["uuid_record", leg, "start", path]:
                if (
                    self.channels[leg].get("variable_RECORD_STEREO") != "true"
                    or not Path(path).parent.is_dir()
                ):
                    return "-ERR Cannot record session!\n"
                Path(path).touch()
                self.records[path] = (leg, Path(path))
                if path.endswith(".r8"):
                    self._grow(path)
            case ["uuid_record", leg, "stop", path]:
                if path not in self.records:
                    return "-ERR Cannot stop record session!\n"
                self._record_stops(path)
            case ["uuid_record", _leg, "mask" | "unmask", path]:
                if path not in self.records:
                    return "-ERR\n"
            case _:
                return f"-ERR {verb} Command not found!\n"
        return "+OK\n"

    def _parks(self, leg: str) -> None:
        self._break(leg)
        self._leave(leg)
        self._park(leg)

    def _originate(self, told: str) -> str | None:
        """The job's answer; None when it comes later."""
        found = re.fullmatch(r"originate \{(.*)\}sofia/gateway/carrier/(\S+) &park\(\)", told)
        assert found is not None, told
        variables = dict(re.findall(r"([A-Za-z0-9_-]+)='([^']*)'", found[1]))
        leg, number = variables["origination_uuid"], found[2]
        if leg in self.channels:
            return "-ERR DESTINATION_OUT_OF_ORDER\n"
        self._channel(leg, "outbound", variables)
        does = self.telephones.get(number, "answer")
        if does == "busy":
            self.end(leg, "USER_BUSY")
            return "-ERR USER_BUSY\n"
        self.tell("CHANNEL_PROGRESS", leg)
        if does == "answer":
            self.answer(leg)
            return f"+OK {leg}\n"
        return None

    # -- the wire ------------------------------------------------------------------------------------------------------

    def tell(self, kind: str, leg: str = "", **facts: Any) -> None:
        event = {"Event-Name": kind, "Core-UUID": self.core, **self.channels.get(leg, {}), **facts}
        body = json.dumps(event).encode()
        for writer in self._followers:
            writer.write(f"Content-Length: {len(body)}\nContent-Type: text/event-json\n\n".encode() + body)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            writer.write(b"Content-Type: auth/request\n\n")
            if (await reader.readuntil(b"\n\n")).strip() not in (
                b"auth secret",
                b"userauth hotline@city:secret",
            ):
                writer.write(b"Content-Type: command/reply\nReply-Text: -ERR invalid\n\n")
                writer.write(b"Content-Type: text/disconnect-notice\nContent-Length: 4\n\nBye\n")
                return
            writer.write(b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n")
            while True:
                first, *rest = (await reader.readuntil(b"\n\n")).decode().strip().split("\n")
                fields = dict(one.split(": ", 1) for one in rest)
                self.asked.append(first)
                if self.deaf and first.startswith(self.deaf):
                    return
                self._answer(writer, first, fields)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            if writer in self._followers:
                self._followers.remove(writer)
            self._writers.discard(writer)
            writer.close()

    def _answer(self, writer: asyncio.StreamWriter, first: str, fields: dict[str, str]) -> None:
        def reply(text: str) -> None:
            writer.write(f"Content-Type: command/reply\nReply-Text: {text}\n\n".encode())

        verb, _space, told = first.partition(" ")
        if verb == "api":
            body = self._api(*_words(told)).encode()
            writer.write(f"Content-Type: api/response\nContent-Length: {len(body)}\n\n".encode() + body)
        elif verb == "bgapi":
            reply(f"+OK Job-UUID: {fields['Job-UUID']}")
            if (answered := self._originate(told)) is not None:
                self.tell("BACKGROUND_JOB", **{"Job-UUID": fields["Job-UUID"], "_body": answered})
        elif verb == "sendmsg":
            if told not in self.channels:
                reply(f"-ERR invalid session id [{told}]")
                return
            reply("+OK")
            self.later(0.01, self._plays, told, fields["event-uuid"], fields["execute-app-arg"])
        elif verb == "event":
            reply("+OK event listener enabled json")
            self._followers.append(writer)
            self.lines += 1
            if self.at_line is not None:
                happens, self.at_line = self.at_line, None
                happens()
        else:
            reply("-ERR command not found")


def _words(told: str) -> tuple[str, list[str]]:
    verb, *words = told.split()
    return verb, words
