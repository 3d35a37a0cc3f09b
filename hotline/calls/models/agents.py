"""Agents at the telephone: shifts, sign-ins, and each second of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from hotline.calls.models.hall import PauseCode
from hotline.calls.rules.states import AgentState, Aside


class Station(models.TextChoices):
    """Where an agent speaks."""

    BROWSER = "browser", _("In the browser")
    PHONE = "phone", _("Desk telephone")


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
