"""Real SIP calls on the loopback. A tone each: who hears whom is what the telephones hear."""

from __future__ import annotations

from tests.softswitch.conftest import NEEDS_SIP, Call, Exchange, Phones, Platform

pytestmark = NEEDS_SIP

CITIZEN, AGENT, LEADER, EXPERT = 440, 1000, 1700, 2500


def test_two_parties_talk_in_either_law_and_the_citizen_hangs_up(
    exchange: Exchange, phones: Phones, platform: Platform
):
    citizen = Call(exchange, phones, platform, "citizen", CITIZEN, codec="pcmu")
    agent = Call(exchange, phones, platform, "agent", AGENT, codec="pcma")
    assert citizen.facts["trunk"] == "carrier"
    assert citizen.facts["caller"] == "citizen"
    assert citizen.facts["called"] == "12345"
    platform.do("bridge", legs=[citizen.leg, agent.leg])
    phones.hears(citizen={AGENT}, agent={CITIZEN})

    phones.ask("hangup", "citizen")
    ended = platform.event("leg.ended", leg=citizen.leg)
    assert ended["reason"] == "far"
    assert ended["quality"]["packets_in"] > 0
    phones.hears(agent=set())
    platform.do("hangup", leg=agent.leg)
    assert platform.event("leg.ended", leg=agent.leg)["reason"] == "near"
    phones.wait("agent", state="ended")


def test_conference_hold_listen_whisper_and_barge(exchange: Exchange, phones: Phones, platform: Platform):
    citizen, agent, leader, expert = (
        Call(exchange, phones, platform, name, tone)
        for name, tone in (("citizen", CITIZEN), ("agent", AGENT), ("leader", LEADER), ("expert", EXPERT))
    )
    room = platform.do("bridge", legs=[citizen.leg, agent.leg], room="call-1")["room"]

    platform.do("join", leg=leader.leg, room=room, role="listen")
    phones.hears(citizen={AGENT}, agent={CITIZEN}, leader={CITIZEN, AGENT})

    platform.do("join", leg=leader.leg, room=room, role="whisper", target=agent.leg)
    phones.hears(citizen={AGENT}, agent={CITIZEN, LEADER}, leader={CITIZEN, AGENT})

    platform.do("join", leg=leader.leg, room=room, role="barge")
    phones.hears(citizen={AGENT, LEADER}, agent={CITIZEN, LEADER}, leader={CITIZEN, AGENT})
    platform.do("leave", leg=leader.leg)

    platform.do("join", leg=expert.leg, room=room)
    phones.hears(citizen={AGENT, EXPERT}, agent={CITIZEN, EXPERT}, expert={CITIZEN, AGENT}, leader=set())

    platform.do("hold", leg=citizen.leg, files=[exchange.prompt("music.wav", 600)])
    phones.hears(citizen={600}, agent={EXPERT}, expert={AGENT})
    platform.do("resume", leg=citizen.leg)
    phones.hears(citizen={AGENT, EXPERT}, agent={CITIZEN, EXPERT}, expert={CITIZEN, AGENT})

    assert platform.refused("join", leg=leader.leg, room=room, role="whisper", target="leg-x") == "bad_target"
    assert platform.refused("join", leg=leader.leg, room=room, role="whisper") == "bad_target"
    assert platform.refused("join", leg=leader.leg, room=room, role="shout") == "bad_argument"


def test_who_is_whispered_to_leaves_and_the_whisper_reaches_nobody(
    exchange: Exchange, phones: Phones, platform: Platform
):
    citizen = Call(exchange, phones, platform, "citizen", CITIZEN)
    agent = Call(exchange, phones, platform, "agent", AGENT)
    leader = Call(exchange, phones, platform, "leader", LEADER)
    platform.do("bridge", legs=[citizen.leg, agent.leg], room="call-2")
    platform.do("join", leg=leader.leg, room="call-2", role="whisper", target=agent.leg)
    phones.ask("hangup", "agent")
    platform.event("leg.moved", leg=leader.leg, role="listen")
    phones.hears(citizen=set(), leader={CITIZEN})


def test_prompts_and_digits(exchange: Exchange, phones: Phones, platform: Platform):
    citizen = Call(exchange, phones, platform, "citizen", CITIZEN)
    first, second = exchange.prompt("first.wav", 700, 0.5), exchange.prompt("second.wav", 900, 30)

    play = platform.do("play", leg=citizen.leg, files=[first, second], until_digit=True)["play"]
    phones.hears(citizen={900})
    platform.do("collect", leg=citizen.leg, most=4, first_seconds=60, gap_seconds=60)
    phones.ask("press", "citizen", digits="12#")
    assert platform.event("play.ended", play=play)["reason"] == "digit"
    collected = platform.event("digits.collected", leg=citizen.leg)
    assert (collected["digits"], collected["reason"]) == ("12", "end")
    phones.hears(citizen=set())

    phones.ask("press", "citizen", digits="5")  # typed ahead of the question
    platform.event("leg.digit", digit="5")
    number = platform.do("collect", leg=citizen.leg, most=1, fresh=False)["collect"]
    assert platform.event("digits.collected", collect=number)["digits"] == "5"

    number = platform.do("collect", leg=citizen.leg, most=3, first_seconds=0.2)["collect"]
    assert platform.event("digits.collected", collect=number)["reason"] == "timeout"

    short = platform.do("play", leg=citizen.leg, files=[first])["play"]
    assert platform.event("play.ended", play=short)["reason"] == "finished"

    platform.do("digits", leg=citizen.leg, digits="90")
    phones.wait("citizen", digits="90")

    number = platform.do("collect", leg=citizen.leg, most=3)["collect"]
    phones.ask("hangup", "citizen")
    assert platform.event("digits.collected", collect=number)["reason"] == "hangup"
    assert platform.refused("play", leg=citizen.leg, files=[first]) == "no_leg"


def test_prompts_come_from_their_folder_only(exchange: Exchange, phones: Phones, platform: Platform):
    citizen = Call(exchange, phones, platform, "citizen", CITIZEN)
    (exchange.prompts / "broken.wav").write_bytes(b"RIFF....")
    for name, code in (
        ("../../settings.json", "file_missing"),
        ("/etc/passwd", "file_missing"),
        ("nothing.wav", "file_missing"),
        ("broken.wav", "file_unusable"),
    ):
        assert platform.refused("play", leg=citizen.leg, files=[name]) == code


def test_calls_out_answered_busy_and_unanswered(exchange: Exchange, phones: Phones, platform: Platform):
    phones.ask("expect", "110", tone=EXPERT)
    phones.ask("expect", "120", busy=True)
    phones.ask("expect", "119", ring=True)

    leg = platform.do("originate", trunk="carrier", number="110", headers={"X-Task": "7"})["leg"]
    platform.event("leg.answered", leg=leg)
    phones.wait("110", state="up")
    platform.do("hangup", leg=leg)
    assert platform.event("leg.ended", leg=leg)["reason"] == "near"

    leg = platform.do("originate", trunk="carrier", number="120")["leg"]
    ended = platform.event("leg.ended", leg=leg)
    assert (ended["reason"], ended["status"], ended["seconds"]) == ("busy", 486, 0)

    leg = platform.do("originate", trunk="carrier", number="119")["leg"]
    phones.wait("119", state="new")
    platform.do("hangup", leg=leg)
    assert platform.event("leg.ended", leg=leg)["reason"] == "near"

    leg = platform.do("originate", trunk="carrier", number="119", ring_seconds=1)["leg"]
    assert platform.event("leg.ended", leg=leg)["reason"] == "no_answer"

    assert platform.refused("originate", trunk="nobody", number="110") == "no_trunk"
    assert platform.refused("originate", trunk="carrier", number="1@evil:5060") == "bad_number"
    assert (
        platform.refused("originate", trunk="carrier", number="110", headers={"Via": "x"}) == "bad_argument"
    )
    assert (
        platform.refused("originate", trunk="carrier", number="110", headers={"X-A": "a\r\nB: c"})
        == "bad_argument"
    )


def test_blind_transfer_and_one_that_fails(exchange: Exchange, phones: Phones, platform: Platform):
    citizen = Call(exchange, phones, platform, "citizen", CITIZEN)
    agent = Call(exchange, phones, platform, "agent", AGENT)
    phones.ask("expect", "expert", tone=EXPERT)
    phones.ask("expect", "full", busy=True)
    room = platform.do("bridge", legs=[citizen.leg, agent.leg])["room"]

    lost = platform.do("transfer", leg=agent.leg, to={"trunk": "carrier", "number": "full"})["transfer"]
    assert platform.event("transfer.failed", transfer=lost)["reason"] == "busy"
    platform.do("join", leg=agent.leg, room=room)
    phones.hears(citizen={AGENT})

    done = platform.do("transfer", leg=agent.leg, to={"trunk": "carrier", "number": "expert"})["transfer"]
    platform.event("transfer.done", transfer=done)
    phones.hears(citizen={EXPERT}, expert={CITIZEN}, agent=set())


def test_warm_transfer_cancelled_merged_and_completed(exchange: Exchange, phones: Phones, platform: Platform):
    citizen = Call(exchange, phones, platform, "citizen", CITIZEN)
    agent = Call(exchange, phones, platform, "agent", AGENT)
    phones.ask("expect", "expert", tone=EXPERT)
    music = [exchange.prompt("music.wav", 600)]
    to = {"trunk": "carrier", "number": "expert"}
    platform.do("bridge", legs=[citizen.leg, agent.leg])

    first = platform.do("consult", leg=agent.leg, to=to, files=music)
    platform.event("consult.answered", consult=first["consult"])
    phones.hears(citizen={600}, agent={EXPERT}, expert={AGENT})
    phones.ask("hangup", "expert")  # the target has no time: all as it was
    assert platform.event("consult.ended", consult=first["consult"])["how"] == "far"
    phones.hears(citizen={AGENT}, agent={CITIZEN})

    second = platform.do("consult", leg=agent.leg, to=to, files=music)
    assert platform.refused("consult", leg=agent.leg, to=to) in ("consulting", "no_room")
    platform.event("consult.answered", consult=second["consult"])
    platform.do("merge", consult=second["consult"])
    phones.hears(citizen={AGENT, EXPERT}, agent={CITIZEN, EXPERT}, expert={CITIZEN, AGENT})
    platform.do("hangup", leg=second["leg"])

    third = platform.do("consult", leg=agent.leg, to=to, files=music)
    platform.event("consult.answered", consult=third["consult"])
    platform.do("complete", consult=third["consult"])
    phones.hears(citizen={EXPERT}, expert={CITIZEN}, agent=set())
    assert platform.refused("complete", consult=third["consult"]) == "no_consult"


def test_hang_up_at_each_stage(exchange: Exchange, phones: Phones, platform: Platform):
    phones.ask("dial", "early", to=exchange.sip)
    leg = platform.event("leg.ringing", caller="early")["leg"]
    phones.ask("hangup", "early")  # before anybody answered
    ended = platform.event("leg.ended", leg=leg)
    assert (ended["reason"], ended["seconds"]) == ("far", 0)
    assert platform.refused("answer", leg=leg) == "no_leg"

    phones.ask("dial", "unwanted", to=exchange.sip)
    leg = platform.event("leg.ringing", caller="unwanted")["leg"]
    platform.do("hangup", leg=leg)
    assert platform.event("leg.ended", leg=leg)["reason"] == "near"
    phones.wait("unwanted", state="ended")

    citizen = Call(exchange, phones, platform, "citizen", CITIZEN)
    platform.do("play", leg=citizen.leg, files=[exchange.prompt("long.wav", 700, 30)])
    phones.ask("hangup", "citizen")  # in the middle of the greeting
    assert platform.event("play.ended", leg=citizen.leg)["reason"] == "hangup"
    assert platform.do("snapshot")["legs"] == []
