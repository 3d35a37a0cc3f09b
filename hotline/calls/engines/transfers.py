"""Transfer and consultation over `Steered`, made of rooms as in the embedded exchange (softswitch/transfers.py): no switch is asked to
move a call, carriers refuse that (REFER)."""

from __future__ import annotations

from collections.abc import Callable

from hotline.calls.engines import commands as asked
from hotline.calls.engines import events as told
from hotline.calls.engines.commands import Number, Role
from hotline.calls.engines.interface import EngineRefused
from hotline.calls.engines.parties import ENDED, RINGING, UP, Consultation, Party, Seat
from hotline.calls.engines.steered import Steered, Told
from hotline.calls.engines.switch import RING_BACK


class Transferring(Steered):
    """Adds transfer, consult, complete, merge, cancel."""

    def __init__(self, *given: object, **named: object) -> None:
        super().__init__(*given, **named)  # type: ignore[arg-type]
        self._verbs |= {
            "transfer": self._transfer,
            "consult": self._consult,
            "complete": self._complete,
            "merge": self._merge,
            "cancel": self._cancel,
        }

    def _room_of(self, party: Party) -> str:
        """The room it shares with somebody. Raises EngineRefused no_room."""
        if party.seat is None or len(self.seated(party.seat.room)) < 2:
            raise EngineRefused("no_room", f"Leg {party.leg} is in no room with anybody.")
        return party.seat.room

    async def _target(self, to: Number | str, key: str, agent: Party, room: str) -> tuple[Party, bool]:
        if isinstance(to, str):
            target = self.speaking(to)
            if target is agent:
                raise EngineRefused("bad_argument", "A party cannot be transferred to itself.")
            return target, False
        target = await self.dial(to, key)
        if agent.seat is None or agent.seat.room != room or len(self.seated(room)) < 2:
            await self.hang_up(target)
            raise EngineRefused("no_room", "The call has ended meanwhile.")
        return target, True

    async def _ring(self, parties: list[Party], key: str) -> None:
        for one in parties:
            if one.playing is None:
                await self.play(one, f"ring-{key}-{one.leg[-12:]}", (RING_BACK,), loop=True)

    async def _hush(self, parties: list[Party]) -> None:
        """The ring-back tone ends; what else is played by now goes on."""
        for one in parties:
            if one.playing is not None and RING_BACK in one.playing.files and one.state == UP:
                await self.silence(one, "stopped")

    def _when(
        self, name: str, target: Party, arrived: Callable[[], None], failed: Callable[[str], None]
    ) -> None:
        """Also when it has happened already."""
        if target.state == ENDED:
            failed(target.ending)
            return
        target.on_end[name] = failed
        if target.state == UP:
            arrived()
        else:
            target.on_up = arrived

    async def _transfer(self, command: asked.Transfer, key: str) -> Told:
        agent = self.speaking(command.leg)
        room, name = self._room_of(agent), f"transfer-{key}"
        target, dialled = await self._target(command.to, key, agent, room)
        others = [one for one in self.seated(room) if one is not agent]
        await self.move(agent, None)
        if dialled:
            await self._ring(others, key)

        async def arrive() -> None:
            await over()
            if self.seated(room):
                await self.move(target, Seat(room, Role.TALK))
                await self._resume_all(room)
                self._telling.tell(told.TransferDone, target.leg, name, room)
            else:
                self._telling.tell(told.TransferFailed, target.leg, name, room, "alone")
                await self.hang_up(target, "alone")

        async def over() -> None:
            for one in others:
                one.on_end.pop(name, None)
            await self._hush(others)

        def failed(reason: str) -> None:
            if target.answered is None:
                self.spawn(over())
                self._telling.tell(told.TransferFailed, target.leg, name, room, reason)

        def left(_reason: str) -> None:
            if not self.seated(room) and target.state == RINGING:
                self.spawn(self.hang_up(target, "alone"))

        for one in others:
            one.on_end[name] = left
        self._when(name, target, lambda: self.spawn(arrive()), failed)
        return {"transfer": name, "leg": target.leg}

    async def _consult(self, command: asked.Consult, key: str) -> Told:
        agent = self.speaking(command.leg)
        room, name = self._room_of(agent), f"consult-{key}"
        music = self.sounds(command.files, needed=False)
        if any(one.agent is agent for one in self._consultations.values()):
            raise EngineRefused("consulting", "This party is consulting somebody already.")
        target, dialled = await self._target(command.to, key, agent, room)
        for one in self.seated(room):
            if one is not agent and one.seat is not None and one.seat.role is Role.TALK:
                await self.held(one, f"play-{key}-{one.leg[-12:]}", music)
        apart = f"{room[:60]}/{name}"
        self._consultations[name] = Consultation(name, agent, target, room, apart, dialled)
        await self.move(agent, Seat(apart, Role.TALK))
        if dialled:
            await self._ring([agent], key)

        async def arrive() -> None:
            await self._hush([agent])
            if name in self._consultations:
                await self.move(target, Seat(apart, Role.TALK))
                self._telling.tell(told.ConsultAnswered, target.leg, name)

        agent.on_end[name] = lambda _reason: self.spawn(self._end(name, "agent"))
        self._when(
            name,
            target,
            lambda: self.spawn(arrive()),
            lambda reason: self.spawn(self._end(name, reason)),
        )
        return {"consult": name, "leg": target.leg}

    async def _end(self, name: str, how: str) -> None:
        """Back to where it was; an agent who has gone leaves the others waiting for what the platform does."""
        consultation = self._consultations.pop(name, None)
        if consultation is None:
            return
        agent, target = consultation.agent, consultation.target
        await self._let_go(consultation)
        if consultation.dialled and target.state != ENDED:
            self.spawn(self.hang_up(target))
        elif target.seat is not None and target.seat.room == consultation.apart:
            await self.move(target, None)
        if agent.state == UP:
            if self.seated(consultation.room):
                await self.move(agent, Seat(consultation.room, Role.TALK))
                await self._resume_all(consultation.room)
            else:
                await self.move(agent, None)
        self._telling.tell(told.ConsultEnded, agent.leg, name, how)

    async def _let_go(self, consultation: Consultation) -> None:
        for one in (consultation.agent, consultation.target):
            one.on_end.pop(consultation.name, None)
        await self._hush([consultation.agent])

    async def _resume_all(self, room: str) -> None:
        for one in self.seated(room):
            await self.resumed(one)

    def _answered(self, name: str) -> Consultation:
        consultation = self._consultations.get(name)
        if consultation is None:
            raise EngineRefused("no_consult", "That consultation is over.")
        if consultation.target.state != UP or consultation.target.seat is None:
            raise EngineRefused("not_up", "The target has not answered yet.")
        if not self.seated(consultation.room):
            raise EngineRefused("no_room", "Nobody is waiting any more.")
        return consultation

    async def _close(self, consultation: Consultation, how: str) -> None:
        self._consultations.pop(consultation.name, None)
        await self._let_go(consultation)
        await self.move(consultation.target, Seat(consultation.room, Role.TALK))
        await self._resume_all(consultation.room)
        self._telling.tell(told.ConsultEnded, consultation.agent.leg, consultation.name, how)

    async def _complete(self, command: asked.CompleteConsult, key: str) -> Told:
        consultation = self._answered(command.consult)
        await self.move(consultation.agent, None)
        await self._close(consultation, "completed")
        return {}

    async def _merge(self, command: asked.MergeConsult, key: str) -> Told:
        consultation = self._answered(command.consult)
        await self.move(consultation.agent, Seat(consultation.room, Role.TALK))
        await self._close(consultation, "merged")
        return {}

    async def _cancel(self, command: asked.CancelConsult, key: str) -> Told:
        if command.consult not in self._consultations:
            raise EngineRefused("no_consult", "That consultation is over.")
        await self._end(command.consult, "cancelled")
        return {}
