"""Lines, lanes, agents at the telephone, calls. The switch knows legs; what a call means stands here."""

from __future__ import annotations

from datetime import time
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from hotline.calls.rules.states import (
    AgentState,
    Aside,
    CallState,
    ConsultEnd,
    ConsultState,
    OfferEnd,
    Outcome,
    WatchRole,
)

__all__ = [
    "AgentDay",
    "AgentSession",
    "AgentShift",
    "AgentSpell",
    "AgentState",
    "Announcement",
    "Aside",
    "Ask",
    "BreachNotice",
    "Call",
    "CallBack",
    "CallBackResult",
    "CallBackState",
    "CallBackTry",
    "CallEvent",
    "CallSlot",
    "CallState",
    "Consultation",
    "Contact",
    "Direction",
    "HallSlot",
    "Lane",
    "LaneKind",
    "Line",
    "MergeForm",
    "OfferEnd",
    "Outcome",
    "PauseCode",
    "PersonSkill",
    "Prompt",
    "Rating",
    "Recording",
    "Segment",
    "Skill",
    "Station",
    "Switch",
    "TargetBreach",
    "Watching",
]


class MergeForm(models.TextChoices):
    """How a line was merged into 12345 (rules.md section 2, 归并形式)."""

    OWN = "own", _("The hotline itself")
    FULL = "full", _("Merged whole")
    PARALLEL = "parallel", _("Both numbers kept")
    SUBCENTRE = "subcentre", _("Sub-centre")


class LaneKind(models.TextChoices):
    """A14, A15."""

    GENERAL = "general", _("General lane")
    ENTERPRISE = "enterprise", _("Enterprise lane")
    EXPERT = "expert", _("Expert seats")
    LANGUAGE = "language", _("Foreign language")
    SIGN = "sign", _("Sign language")
    ZONE = "zone", _("Special zone")


class Station(models.TextChoices):
    """Where an agent speaks."""

    BROWSER = "browser", _("In the browser")
    PHONE = "phone", _("Desk telephone")


class Direction(models.TextChoices):
    IN = "in", _("Came in")
    OUT = "out", _("Called out")


class CallBackState(models.TextChoices):
    WAITING = "waiting", _("To be called back")
    CLAIMED = "claimed", _("Being called back")
    DONE = "done", _("Called back")
    UNREACHED = "unreached", _("Could not be reached")


class CallBackResult(models.TextChoices):
    """What one attempt at calling back came to."""

    SPOKE = "spoke", _("Spoke to the caller")
    NO_ANSWER = "no_answer", _("Nobody answered")
    BUSY = "busy", _("Engaged")
    WRONG = "wrong", _("Wrong number")


class Skill(models.Model):
    """What a lane asks of its agents: a language, a field."""

    code = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=60)

    def __str__(self) -> str:
        return self.name


class PersonSkill(models.Model):
    """A person's level in a skill, 1 (just trained) … 5 (teaches it)."""

    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="call_skills")
    skill = models.ForeignKey(Skill, models.CASCADE, related_name="people")
    level = models.PositiveSmallIntegerField(default=3)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "skill"], name="calls_skill_once"),
            models.CheckConstraint(condition=Q(level__range=(1, 5)), name="calls_skill_level"),
        ]


class Lane(models.Model):
    """A queue. Seconds are seconds; 0 waiting or None after: without that limit."""

    code = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=12, choices=LaneKind, default=LaneKind.GENERAL)
    skill = models.ForeignKey(Skill, models.PROTECT, related_name="lanes")
    least_level = models.PositiveSmallIntegerField(default=1)
    priority = models.SmallIntegerField(
        default=0, help_text="higher is served first; a minute of waiting counts one"
    )
    most_waiting = models.PositiveIntegerField(default=0)
    overflow_to = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    overflow_seconds = models.PositiveIntegerField(null=True, blank=True)
    call_back_seconds = models.PositiveIntegerField(null=True, blank=True)
    ring_seconds = models.PositiveSmallIntegerField(default=20)
    wrap_seconds = models.PositiveSmallIntegerField(default=60)
    update_seconds = models.PositiveSmallIntegerField(
        default=60, help_text="place and likely wait are told again after so long; 0: only once"
    )
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class Line(models.Model):
    """A number that citizens call. `choice_key` with its lane is the only choice there may be; 0 is a person, always."""

    code = models.SlugField(max_length=30, unique=True)
    number = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=60)
    merge_form = models.CharField(max_length=12, choices=MergeForm, default=MergeForm.OWN)
    lane = models.ForeignKey(Lane, models.PROTECT, related_name="lines")
    greeting = models.CharField(max_length=90, default="greeting.wav")
    greeting_text = models.TextField(blank=True, help_text="empty: the line's name and its choice")
    asks_satisfaction = models.BooleanField(default=True)
    choice_key = models.CharField(max_length=1, blank=True)
    choice_lane = models.ForeignKey(Lane, models.PROTECT, null=True, blank=True, related_name="+")
    opens = models.TimeField(default=time(0, 0))
    closes = models.TimeField(default=time(0, 0), help_text="the same as opens: day and night")
    call_back_minutes = models.PositiveIntegerField(default=120)
    fallback = models.BooleanField(default=False, help_text="takes calls to numbers that no line has")
    active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(choice_key="", choice_lane=None)
                | Q(choice_key__in=list("123456789"), choice_lane__isnull=False),
                name="calls_line_one_choice",
            ),
            models.UniqueConstraint(
                fields=["fallback"], condition=Q(fallback=True), name="calls_line_one_fallback"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Announcement(models.Model):
    """B14: played before the greeting. No line: all; no district: the whole city. `text` is what is said.

    Without `begins_at` it is prepared: spoken, to be listened to, on no line yet.
    """

    line = models.ForeignKey(Line, models.CASCADE, null=True, blank=True, related_name="announcements")
    district_code = models.CharField(max_length=12, blank=True)
    text = models.TextField()
    sound = models.CharField(max_length=90)
    begins_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()


class Prompt(models.Model):
    """What a sound file of the switch says now, as the distributor found or had it made; the file itself is the switch's.

    `key` stands for the text that it says, "own" for a city's own recording, "" for a tone. `fault`: why `fault_key` was not spoken.
    """

    name = models.CharField(max_length=90, primary_key=True)
    key = models.CharField(max_length=16, blank=True)
    fault_key = models.CharField(max_length=16, blank=True)
    fault = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()


class PauseCode(models.Model):
    """Why an agent takes no calls. `most_minutes` 0: no limit."""

    code = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=60)
    most_minutes = models.PositiveSmallIntegerField(default=0)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class AgentShift(models.Model):
    """When a person is planned to be at the telephone."""

    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="call_shifts")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["person", "begins_at"], name="calls_shift")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="calls_shift_order")
        ]


class AgentSession(models.Model):
    """One person at the telephone, from sign-in to sign-out; `call` the present one, in after-call work the one before."""

    person = models.ForeignKey("accounts.Person", models.PROTECT, related_name="call_sessions")
    shift = models.ForeignKey(AgentShift, models.SET_NULL, null=True, blank=True, related_name="sessions")
    station = models.CharField(max_length=8, choices=Station, default=Station.BROWSER)
    trunk = models.CharField(max_length=31, blank=True)
    number = models.CharField(max_length=20, blank=True, help_text="the desk telephone's own number")
    leg = models.CharField(
        max_length=80, blank=True, help_text="the switch's leg to the agent, while there is one"
    )
    coming = models.CharField(
        max_length=80,
        blank=True,
        help_text="the leg that a browser is making now, perhaps in the old one's place",
    )
    state = models.CharField(max_length=12, choices=AgentState, default=AgentState.SIGNED_OUT)
    state_since = models.DateTimeField()
    pause = models.ForeignKey(PauseCode, models.PROTECT, null=True, blank=True, related_name="+")
    aside = models.CharField(max_length=12, choices=Aside, blank=True)
    call = models.ForeignKey("calls.Call", models.SET_NULL, null=True, blank=True, related_name="+")
    idle_since = models.DateTimeField(help_text="since the last call or sign-in, for the longest idle")
    until = models.DateTimeField(null=True, blank=True, help_text="ringing and after-call work end by then")
    signed_in_at = models.DateTimeField()
    signed_out_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"], condition=~Q(state="signed_out"), name="calls_one_open_session"
            ),
            models.UniqueConstraint(
                fields=["call"],
                condition=Q(state__in=["ringing", "talking", "hold", "consulting", "dialling"]),
                name="calls_one_agent_a_call",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["ringing", "talking", "hold", "consulting", "dialling"])
                | Q(call__isnull=False),
                name="calls_busy_with_a_call",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["idle_since"], condition=Q(state="ready"), name="calls_ready"),
            models.Index(fields=["leg"], condition=~Q(leg=""), name="calls_session_leg"),
            models.Index(fields=["signed_out_at"], name="calls_sessions_over"),
        ]


class AgentSpell(models.Model):
    """One state of one session, from–to; the next begins at the very moment this ends."""

    session = models.ForeignKey(AgentSession, models.CASCADE, related_name="spells")
    state = models.CharField(max_length=12, choices=AgentState)
    pause = models.ForeignKey(PauseCode, models.PROTECT, null=True, blank=True, related_name="+")
    aside = models.CharField(max_length=12, choices=Aside, blank=True)
    call = models.ForeignKey("calls.Call", models.SET_NULL, null=True, blank=True, related_name="+")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(ended_at=None), name="calls_one_open_spell"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("began_at")), name="calls_spell_order"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["session", "began_at"], name="calls_spell_of"),
            models.Index(fields=["ended_at"], name="calls_spells_ended"),
        ]


class Call(models.Model):
    """One call. The caller is a citizen of `accounts`, who holds the number; none when the number was withheld.

    `direction` out: an agent called the citizen; it never waits in a queue and is no contact of the figures.
    """

    direction = models.CharField(max_length=3, choices=Direction, default=Direction.IN)
    order_number = models.CharField(
        max_length=40, blank=True, help_text="of a call out: the order it is about"
    )
    line = models.ForeignKey(Line, models.PROTECT, related_name="calls")
    lane = models.ForeignKey(Lane, models.PROTECT, related_name="calls")
    citizen = models.ForeignKey("accounts.Citizen", models.PROTECT, null=True, blank=True, related_name="+")
    district_code = models.CharField(max_length=12, blank=True)
    trunk = models.CharField(max_length=31, blank=True)
    leg = models.CharField(max_length=80, unique=True)
    state = models.CharField(max_length=10, choices=CallState, default=CallState.ARRIVED)
    state_since = models.DateTimeField()
    priority = models.SmallIntegerField(default=0)
    at_head = models.BooleanField(default=False)
    arrived_at = models.DateTimeField()
    queued_at = models.DateTimeField(null=True, blank=True)
    likely_wait_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="as foreseen when it was queued"
    )
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="when place and likely wait were last told"
    )
    call_back_offered_at = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField(null=True, blank=True, help_text="first to an agent")
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    end_reason = models.CharField(max_length=20, blank=True, help_text="the switch's word for the leg's end")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["lane", "queued_at"], condition=Q(state="queued"), name="calls_queue"),
            models.Index(fields=["state"], condition=~Q(state="ended"), name="calls_open"),
            models.Index(fields=["citizen", "-arrived_at"], name="calls_of_citizen"),
            models.Index(fields=["arrived_at"], name="calls_by_time"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(Q(state="ended") & ~Q(outcome="") & Q(ended_at__isnull=False))
                | (~Q(state="ended") & Q(ended_at=None)),
                name="calls_ended_with_an_outcome",
            )
        ]


class Segment(models.Model):
    """One offer of a call to one agent, and the conversation that followed."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="segments")
    session = models.ForeignKey(AgentSession, models.PROTECT, related_name="segments")
    overflowed = models.BooleanField(default=False)
    leg = models.CharField(max_length=80, blank=True)
    offered_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=12, choices=OfferEnd, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["call"], condition=Q(ended_at=None), name="calls_offered_to_one")
        ]
        indexes: ClassVar = [
            models.Index(fields=["session", "-offered_at"], name="calls_segments_of"),
            models.Index(fields=["offered_at"], name="calls_segments_by_time"),
        ]


class Contact(models.Model):
    """Somebody outside whom agents may ask or hand over to by one key: 110, a unit's duty telephone."""

    code = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=60)
    number = models.CharField(max_length=20)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class Consultation(models.Model):
    """B6: somebody else is brought to a call: a colleague (`helper`), a contact, or a number. `consult`, `leg`: the switch's names."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="consultations")
    session = models.ForeignKey(AgentSession, models.PROTECT, related_name="consultations")
    helper = models.ForeignKey(AgentSession, models.PROTECT, null=True, blank=True, related_name="+")
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=60, help_text="whom, in words; a number dialled by hand is masked")
    blind = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=ConsultState, default=ConsultState.RINGING)
    outcome = models.CharField(max_length=12, choices=ConsultEnd, blank=True)
    leg = models.CharField(max_length=80, blank=True)
    consult = models.CharField(max_length=80, blank=True)
    began_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["call"], condition=~Q(state="ended"), name="calls_one_consultation_a_call"
            ),
            models.UniqueConstraint(
                fields=["helper"],
                condition=~Q(state="ended") & Q(helper__isnull=False),
                name="calls_one_consultation_a_helper",
            ),
            models.CheckConstraint(
                condition=(Q(state="ended") & ~Q(outcome="") & Q(ended_at__isnull=False))
                | (~Q(state="ended") & Q(ended_at=None)),
                name="calls_consultation_ended",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["leg"], condition=~Q(state="ended"), name="calls_consultation_leg")
        ]


class Watching(models.Model):
    """B7: a shift leader in a conversation, from their own browser; one conversation at a time."""

    person = models.ForeignKey("accounts.Person", models.PROTECT, related_name="+")
    call = models.ForeignKey(Call, models.CASCADE, related_name="watchers")
    session = models.ForeignKey(AgentSession, models.PROTECT, related_name="watchers")
    role = models.CharField(max_length=8, choices=WatchRole, default=WatchRole.LISTEN)
    leg = models.CharField(max_length=80, blank=True)
    began_at = models.DateTimeField()
    joined_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(ended_at=None), name="calls_watching_one_at_a_time"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["leg"], condition=Q(ended_at=None), name="calls_watching_leg")
        ]


class CallEvent(models.Model):
    """Append-only: what happened, by whom, with the mark of the switch's event that caused it."""

    call = models.ForeignKey(Call, models.CASCADE, null=True, blank=True, related_name="events")
    session = models.ForeignKey(AgentSession, models.CASCADE, null=True, blank=True, related_name="events")
    verb = models.CharField(max_length=30)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    run = models.CharField(max_length=60, blank=True)
    number = models.BigIntegerField(null=True, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["call", "id"], name="calls_events_of_call"),
            models.Index(fields=["session", "id"], name="calls_events_of_session"),
        ]


class Recording(models.Model):
    """A file of the switch: left what the citizen says, right what they hear. Its checksum was made when it was closed."""

    call = models.ForeignKey(Call, models.PROTECT, related_name="recordings")
    name = models.CharField(max_length=80, unique=True)
    path = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64, blank=True)
    bytes = models.BigIntegerField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    silent_left = models.BooleanField(null=True, blank=True)
    silent_right = models.BooleanField(null=True, blank=True)
    recovered = models.BooleanField(default=False)
    failure = models.TextField(blank=True)


class CallBack(models.Model):
    """B12: a caller whom nobody spoke to, to be called back by `due_at`."""

    call = models.OneToOneField(Call, models.PROTECT, related_name="call_back")
    state = models.CharField(max_length=10, choices=CallBackState, default=CallBackState.WAITING)
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    claimed_by = models.ForeignKey(
        "accounts.Person", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    alarmed_at = models.DateTimeField(null=True, blank=True, help_text="when it was told to be overdue")

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(state__in=["waiting", "claimed"]),
                name="calls_call_backs",
            )
        ]


class CallBackTry(models.Model):
    """One attempt at calling back; `result` is empty while it is under way."""

    call_back = models.ForeignKey(CallBack, models.CASCADE, related_name="attempts")
    person = models.ForeignKey("accounts.Person", models.PROTECT, related_name="+")
    call = models.OneToOneField(Call, models.SET_NULL, null=True, blank=True, related_name="call_back_try")
    result = models.CharField(max_length=10, choices=CallBackResult, blank=True)
    note = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["call_back"], condition=Q(ended_at=None), name="calls_one_try_at_a_time"
            )
        ]


class Rating(models.Model):
    """B11: what a citizen pressed after the conversation, once a call (一次一评); apart from the order's satisfaction.

    `grade` 1 very satisfied … 5 very dissatisfied, None: was asked and pressed none. `session`: the agent who spoke last.
    """

    call = models.OneToOneField(Call, models.PROTECT, related_name="rating")
    session = models.ForeignKey(AgentSession, models.PROTECT, related_name="ratings")
    grade = models.PositiveSmallIntegerField(null=True, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["at"], name="calls_ratings_by_time")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(grade__range=(1, 5)), name="calls_rating_grade")
        ]


class Ask(models.Model):
    """What the switch is still to be asked, in the order of ids; gone once it answered. `key` makes it happen once."""

    key = models.CharField(max_length=40, unique=True)
    chain = models.CharField(
        max_length=40, help_text="asks of one chain follow one another: call:7, session:3, leg:…"
    )
    verb = models.CharField(max_length=20)
    arguments = models.JSONField(default=dict)
    created_at = models.DateTimeField()


class Switch(models.Model):
    """How far this switch's events have become state: one row a switch."""

    name = models.CharField(max_length=30, primary_key=True)
    run = models.CharField(max_length=60, blank=True)
    number = models.BigIntegerField(default=0)
    seen_at = models.DateTimeField(null=True, blank=True)


class CallSlot(models.Model):
    """B15: the calls that arrived in one quarter hour at one line, into one lane, counted once all of them are over.

    What the columns mean stands in `rules/figures.py`. Seconds are whole calls' seconds, wherever the quarter's end lies.
    """

    begins_at = models.DateTimeField()
    line = models.ForeignKey(Line, models.CASCADE, related_name="+", db_index=False)
    lane = models.ForeignKey(Lane, models.CASCADE, related_name="+", db_index=False)
    arrived = models.PositiveIntegerField()
    left_early = models.PositiveIntegerField()
    closed = models.PositiveIntegerField()
    full = models.PositiveIntegerField()
    coming = models.PositiveIntegerField()
    queued = models.PositiveIntegerField()
    answered = models.PositiveIntegerField()
    in_time = models.PositiveIntegerField()
    abandoned = models.PositiveIntegerField()
    call_back = models.PositiveIntegerField()
    cut = models.PositiveIntegerField()
    waiting = models.PositiveIntegerField()
    talked = models.PositiveIntegerField()
    wrapped = models.PositiveIntegerField()
    wait_seconds = models.FloatField()
    abandoned_seconds = models.FloatField()
    longest_wait = models.FloatField()
    talk_seconds = models.FloatField()
    hold_seconds = models.FloatField()
    wrap_seconds = models.FloatField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["begins_at", "line", "lane"], name="calls_slot_once")
        ]


class HallSlot(models.Model):
    """Seconds of all agents by state in one quarter hour. Its row says that the quarter is settled: its calls are in `CallSlot`."""

    begins_at = models.DateTimeField(primary_key=True)
    ready = models.FloatField()
    ringing = models.FloatField()
    talking = models.FloatField()
    hold = models.FloatField()
    wrap_up = models.FloatField()
    paused = models.FloatField()
    settled_at = models.DateTimeField()


class AgentDay(models.Model):
    """One agent's settled quarters of one day of the city: seconds by state, offers and what came of them."""

    day = models.DateField()
    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="+", db_index=False)
    ready = models.FloatField()
    ringing = models.FloatField()
    talking = models.FloatField()
    hold = models.FloatField()
    wrap_up = models.FloatField()
    paused = models.FloatField()
    offered = models.PositiveIntegerField()
    taken = models.PositiveIntegerField()
    not_taken = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "person"], name="calls_agent_day_once")
        ]


class TargetBreach(models.Model):
    """A target of GB/T 33358 missed over 24 h: from the minute it was seen to the minute it was met again."""

    measure = models.CharField(max_length=20)
    began_at = models.DateTimeField()
    value = models.FloatField(help_text="when it began")
    worst = models.FloatField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["measure"], condition=Q(ended_at=None), name="calls_one_open_breach"
            )
        ]


class BreachNotice(models.Model):
    """A breach, or its end, told to one shift leader, once; `seen_at` when they said so."""

    breach = models.ForeignKey(TargetBreach, models.CASCADE, related_name="notices")
    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="+", db_index=False)
    over = models.BooleanField(default=False)
    told_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "breach", "over"], name="calls_breach_told_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["person"], condition=Q(seen_at__isnull=True), name="calls_breach_unseen")
        ]
