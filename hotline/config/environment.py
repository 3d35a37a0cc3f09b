"""Typed settings from the environment; the only reader of environment variables.

Each field is one variable of the same name in capitals. A bad value stops the start with a message that names
the variable, what was wrong and an example.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hotline.kit.crypto import BadRing, KeyRing, new_ring

ROOT = Path(__file__).resolve().parents[2]


class SettingsFault(SystemExit):
    """A setting is wrong; the text names it. Exit code 78 (EX_CONFIG)."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.code = 78
        self.text = text


class Environment(BaseSettings):
    """All settings of the platform. Shapes in the annotations; units in the names or descriptions."""

    model_config = SettingsConfigDict(env_prefix="", extra="ignore", env_ignore_empty=True)

    database_url: str | None = Field(
        None, description="PostgreSQL ≥ 15, postgresql://user:password@host:port/name; empty: embedded"
    )
    hotline_data_dir: Path = Field(
        ROOT / "var", description="Folder for the embedded database, attachments, keys"
    )
    hotline_debug: bool = Field(False, description="Debug pages; never in production")
    hotline_mode: Literal["demo", "production", "test"] = Field(
        "demo",
        description="demo prints sign-ins and shows development SMS codes; production refuses generated secrets",
    )
    hotline_secret_key: str | None = Field(
        None, description="At least 32 characters; made and kept in the data folder when empty"
    )
    hotline_identity_keys: str | None = Field(
        None,
        description="Key ring of citizens' identity: id:base64(32 bytes),…,hash:base64(32 bytes); the first encrypts; empty: kept in the data folder",
    )
    hotline_identity_cipher: Literal["aes-gcm", "sm4-gcm"] = Field(
        "aes-gcm", description="Cipher of new identity rows"
    )
    hotline_audit_key: str | None = Field(
        None,
        description="Key of the audit chain, at least 32 characters; made and kept in the data folder when empty",
    )
    hotline_host: str = Field("127.0.0.1", description="Address that the web and live processes listen on")
    hotline_port: int = Field(8000, ge=1, le=65535, description="Port of the web process")
    hotline_live_port: int = Field(8001, ge=1, le=65535, description="Port of the live process")
    hotline_public_url: str | None = Field(
        None, description="Address that browsers use, https://…; empty: http://host:port"
    )
    hotline_live_public_url: str | None = Field(
        None, description="Address of the live process for browsers; empty: host:live port"
    )
    hotline_allowed_hosts: str = Field(
        "127.0.0.1,localhost,[::1]", description="Host names served, separated by commas"
    )
    hotline_web_workers: int = Field(2, ge=1, le=128, description="Web processes")
    hotline_web_threads: int = Field(8, ge=1, le=256, description="Blocking threads per web process")
    hotline_job_workers: int = Field(1, ge=1, le=64, description="Job worker processes")
    hotline_job_threads: int = Field(4, ge=1, le=64, description="Jobs at once per job worker process")
    hotline_pool_size: int = Field(10, ge=2, le=500, description="Database connections per process")
    hotline_session_idle_minutes: int = Field(
        30, ge=1, le=1440, description="Staff session ends after this idle time"
    )
    hotline_session_hours: int = Field(
        12, ge=1, le=72, description="Staff session ends after this time whatever happens"
    )
    hotline_require_second_factor: bool = Field(True, description="Staff must sign in with a second factor")
    hotline_max_upload_mb: int = Field(50, ge=1, le=2048, description="Largest attachment, MB")
    hotline_metrics_token: str | None = Field(
        None, description="Bearer token of /metrics; empty: open, and closed in production mode"
    )
    hotline_models: Literal["on", "off"] = Field(
        "on", description="Models of Chinese text in their own process; off: rules and words alone"
    )
    hotline_models_memory_mb: int = Field(
        1536, ge=512, le=65536, description="Address space that the process of the models may take, MB"
    )
    hotline_writer_url: str | None = Field(
        None,
        description="An OpenAI-compatible server on the city's network that may improve drafts, http://host:port/v1; empty: off",
    )
    hotline_writer_model: str = Field("", max_length=100, description="Name of its model")
    hotline_writer_key: str | None = Field(None, description="Its bearer token; empty: none is sent")
    hotline_writer_timeout_seconds: float = Field(8, ge=1, le=60, description="Longest wait for an answer of it")
    hotline_writer_tokens_a_day: int = Field(
        500_000, ge=1000, le=1_000_000_000, description="Tokens that it may be asked for in a day"
    )
    hotline_writer_minutes_a_day: int = Field(
        240, ge=1, le=100_000, description="Minutes that it may take in a day, all questions together"
    )
    hotline_telephone: Literal["on", "off"] = Field(
        "on", description="The telephone exchange and the distributor of calls; off: no telephone"
    )
    hotline_engine: Literal["softswitch", "asterisk", "freeswitch"] = Field(
        "softswitch",
        description="What switches calls: the exchange that `hotline run` starts, the city's own Asterisk by ARI, or its FreeSWITCH"
        " by the event socket (unverified)",
    )
    hotline_engine_address: str = Field(
        "", description="Where Asterisk's HTTP server or FreeSWITCH's event socket listens, host:port; needed with either"
    )
    hotline_engine_user: str = Field(
        "", description="Asterisk's ARI user, needed; of FreeSWITCH a user@domain where not the socket's own password is used"
    )
    hotline_engine_password: str = Field("", description="Its password; needed with either")
    hotline_engine_sounds: str = Field(
        "", description="The folder of prompts as Asterisk or FreeSWITCH sees it; empty: as the platform does"
    )
    hotline_engine_recordings: str = Field(
        "",
        description="The folder `switch/recorded` of the data folder as FreeSWITCH sees it, to write into; empty: as the platform does",
    )
    hotline_engine_media_address: str = Field(
        "127.0.0.1", description="Address of this machine that Asterisk sends the calls' sound to, for transcripts"
    )
    hotline_voice: Literal["on", "off"] = Field(
        "on", description="The platform's own voice for prompts, where the extra `speech` is installed; off: tones"
    )
    hotline_transcripts: Literal["on", "off"] = Field(
        "on", description="Calls written down as they are spoken, where the extra `speech` is installed"
    )
    hotline_emotion: Literal["on", "off"] = Field(
        "on", description="Voices measured beside their own baseline, where the extra `speech` is installed"
    )
    hotline_recording_days: int = Field(
        1095, ge=30, le=36_500, description="Days that a recording is kept; longer while an order of its call is open"
    )
    hotline_oidc_issuer: str = Field(
        "",
        pattern=r"^(https://[^\s?#]+|http://(127\.0\.0\.1|localhost)(:\d+)?[^\s?#]*)?$",
        description="Issuer of the city's identity provider (OpenID Connect), exactly as its discovery says it; empty: passwords alone",
    )
    hotline_oidc_client_id: str = Field("", description="The platform's name there")
    hotline_oidc_client_secret: str = Field("", description="Its secret there")
    hotline_oidc_name: str = Field("统一身份认证", max_length=40, description="What the button of the sign-in page says")
    hotline_oidc_second_factors: str = Field(
        "mfa,otp,hwk,sc",
        description="Values of the token's amr that count as the second factor; with none of them the platform's own is asked",
    )
    hotline_chat_days: int = Field(
        1095, ge=30, le=36_500, description="Days that the words of an online-help chat are kept; longer while its order is open"
    )
    hotline_sip_address: str = Field(
        "",
        description="Address of this machine that the exchange takes calls on; empty: its own in the network, which browsers need",
    )
    hotline_sip_port: int = Field(5060, ge=1024, le=65535, description="Its SIP port, UDP and TCP")
    hotline_rtp_ports: str = Field("40000-44000", description="First and last port of the calls' sound")
    hotline_switch_port: int = Field(8021, ge=1024, le=65535, description="Port on the loopback by which the exchange is steered")
    hotline_switch_token: str | None = Field(
        None, description="Bearer token of that port, at least 32 characters; made and kept in the data folder when empty"
    )
    hotline_trunks: Path | None = Field(
        None,
        description="JSON file with the list of trunks (softswitch/settings.py); empty: telephones on this very machine alone",
    )
    hotline_desk_trunk: str = Field(
        "local", pattern=r"^[a-z0-9][a-z0-9_-]{0,30}$", description="Trunk by which agents' desk telephones are called"
    )
    hotline_out_trunk: str = Field(
        "",
        pattern=r"^([a-z0-9][a-z0-9_-]{0,30})?$",
        description="Trunk by which agents call out and ask others; empty: that of the desk telephones",
    )
    hotline_ice_servers: str = Field(
        "",
        pattern=r"^((stun|turn|turns):[^,\s]+(,\s*(stun|turn|turns):[^,\s]+)*)?$",
        description="STUN and TURN servers by which browsers of calls by video find one another, separated by commas; empty: one network",
    )
    hotline_turn_secret: str = Field(
        "", description="coturn's static-auth-secret: names and passwords of an hour are made of it"
    )
    hotline_video_relayed: Literal["on", "off"] = Field(
        "off", description="Pictures go by the TURN server alone, so that no browser learns another's address"
    )
    hotline_dial_pattern: str = Field(
        r"1[3-9]\d{9}|0[1-9]\d{1,2}[2-9]\d{6,7}|[2-9]\d{6,7}|400\d{7}|1\d{2,4}|9[56]\d{3,6}",
        description="Numbers that may be dialled, as a pattern of whole numbers; abroad and charged by the minute never",
    )
    hotline_machine_hours: str = Field(
        "08:00-21:00",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$",
        description="Hours in which campaigns may call citizens at all, within 08:00-21:00",
    )
    hotline_map_tiles: str = Field(
        "",
        pattern=r"^$|^https?://[^\s\"'<>;,]+\{z\}[^\s\"'<>;,]*$",
        description="Map pictures under the outlines, https://host/{z}/{x}/{y}.png; empty: outlines alone",
    )
    hotline_map_tiles_system: Literal["wgs84", "cgcs2000", "gcj02"] = Field(
        "wgs84", description="Coordinate system of the map pictures; they are shifted to fit"
    )
    hotline_map_attribution: str = Field("", max_length=200, description="Whose map pictures they are, shown on the map")
    hotline_smpp_address: str = Field(
        "", description="SMS centre of the provider, SMPP 3.4, host:port; empty: SMS are printed to the page of messages"
    )
    hotline_smpp_system_id: str = Field("", max_length=15, description="Its account's name; needed with the address")
    hotline_smpp_password: str = Field("", description="Its password, at most 8 characters; needed with the address")
    hotline_smpp_sender: str = Field(
        "", pattern=r"^\d{0,20}$", description="Access number that SMS come from; empty: the account's own"
    )
    hotline_smpp_reference_tag: str = Field(
        "1400",
        pattern=r"^(1[4-9a-fA-F]|[23][0-9a-fA-F])[0-9a-fA-F]{2}$",
        description="Vendor's TLV by which the SMS centre knows a message sent again, four hexadecimal digits",
    )
    hotline_demo_password: str = Field(
        "Xinsheng-12345", min_length=8, description="Password of demo staff; demo mode only"
    )

    @field_validator("database_url")
    @classmethod
    def _database_url(cls, value: str | None) -> str | None:
        if value and not value.startswith(("postgresql://", "postgres://")):
            raise ValueError(
                "must start with postgresql://, for example postgresql://hotline:secret@db:5432/hotline"
            )
        return value

    @field_validator("hotline_rtp_ports")
    @classmethod
    def _rtp_ports(cls, value: str) -> str:
        first, dash, last = value.partition("-")
        if not (dash and first.isdigit() and last.isdigit() and 1024 <= int(first) <= int(last) - 16 <= 65519):
            raise ValueError("must be first-last, at least 16 apart, for example 40000-44000")
        return value

    @field_validator("hotline_writer_url")
    @classmethod
    def _writer_url(cls, value: str | None) -> str | None:
        if not value:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("must be an address like http://10.0.0.5:8080/v1")
        if parts.username or parts.password:
            raise ValueError("must hold no password; HOTLINE_WRITER_KEY takes the token")
        return value.rstrip("/")

    @field_validator("hotline_secret_key", "hotline_audit_key", "hotline_switch_token")
    @classmethod
    def _secret(cls, value: str | None) -> str | None:
        if value is not None and len(value) < 32:
            raise ValueError("must have at least 32 characters")
        return value

    def secret_key(self) -> str:
        """The signing key: the setting, else one made once and kept (mode 0600) in the data folder."""
        if self.hotline_secret_key:
            return self.hotline_secret_key
        if self.hotline_mode == "production":
            raise SettingsFault(
                "HOTLINE_SECRET_KEY: must be set in production mode (at least 32 characters)."
            )
        return kept_secret(self.hotline_data_dir / "secret.key", lambda: secrets.token_urlsafe(48))

    def switch_token(self) -> str:
        """The token of the exchange's door: the setting, else one made once and kept in the data folder."""
        return self.hotline_switch_token or kept_secret(
            self.hotline_data_dir / "switch.token", lambda: secrets.token_urlsafe(48)
        )

    def machine_hours(self) -> tuple[time, time]:
        """From, before; the end of the day is `time.max`. Only tests may call citizens by night."""
        opens, closes = (
            time.max if text == "24:00" else time.fromisoformat(text)
            for text in self.hotline_machine_hours.split("-")
        )
        if opens >= closes:
            raise SettingsFault("HOTLINE_MACHINE_HOURS: the end must come after the beginning.")
        if self.hotline_mode != "test" and (opens < time(8) or closes > time(21)):
            raise SettingsFault("HOTLINE_MACHINE_HOURS: nobody is called before 08:00 or from 21:00 on.")
        return opens, closes

    def map_host(self) -> list[str]:
        """Where map pictures come from, for the pages' policy; empty without a source."""
        parts = urlsplit(self.hotline_map_tiles)
        return [f"{parts.scheme}://{parts.netloc}"] if parts.netloc else []

    def oidc_issuer(self) -> str:
        """The identity provider; empty without one. It is of no use without the name and secret that we have there."""
        for name in ("hotline_oidc_client_id", "hotline_oidc_client_secret"):
            if self.hotline_oidc_issuer and not getattr(self, name):
                raise SettingsFault(f"{name.upper()}: must be set with HOTLINE_OIDC_ISSUER.")
        return self.hotline_oidc_issuer

    def engine_address(self) -> str:
        """host:port of the engine that is not ours; empty for the embedded exchange."""
        if self.hotline_engine == "softswitch":
            return ""
        host, _colon, port = self.hotline_engine_address.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise SettingsFault(
                "HOTLINE_ENGINE_ADDRESS: must be host:port of Asterisk's HTTP server (10.1.2.3:8088) or FreeSWITCH's event socket"
                " (10.1.2.3:8021)."
            )
        needed = ("hotline_engine_user", "hotline_engine_password")
        for name in needed if self.hotline_engine == "asterisk" else needed[1:]:
            if not getattr(self, name):
                raise SettingsFault(f"{name.upper()}: must be set with HOTLINE_ENGINE={self.hotline_engine}.")
        for name in ("hotline_engine_sounds", "hotline_engine_recordings"):
            if (folder := getattr(self, name)) and not folder.startswith("/"):
                raise SettingsFault(f"{name.upper()}: must be a whole path on the switch's machine, beginning with /.")
        if any(one.isspace() for one in self.hotline_engine_recordings):
            raise SettingsFault("HOTLINE_ENGINE_RECORDINGS: must hold no blanks; FreeSWITCH's commands are divided by them.")
        return self.hotline_engine_address

    def smpp(self) -> tuple[str, int, str, str, str, int] | None:
        """Host, port, name, password, sender and tag of the SMS centre; None without one."""
        if not self.hotline_smpp_address:
            return None
        host, _colon, port = self.hotline_smpp_address.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise SettingsFault("HOTLINE_SMPP_ADDRESS: must be host:port of the SMS centre, for example 10.1.2.3:2775.")
        if not self.hotline_smpp_system_id:
            raise SettingsFault("HOTLINE_SMPP_SYSTEM_ID: must be set with HOTLINE_SMPP_ADDRESS.")
        if not 0 < len(self.hotline_smpp_password) <= 8:
            raise SettingsFault("HOTLINE_SMPP_PASSWORD: must be set with HOTLINE_SMPP_ADDRESS, at most 8 characters.")
        tag = int(self.hotline_smpp_reference_tag, 16)
        return host, int(port), self.hotline_smpp_system_id, self.hotline_smpp_password, self.hotline_smpp_sender, tag

    def writer_model(self) -> str:
        """The model that the writer's server is asked for; empty without a server."""
        if not self.hotline_writer_url:
            return ""
        if not (name := self.hotline_writer_model.strip()):
            raise SettingsFault("HOTLINE_WRITER_MODEL: must name the model of HOTLINE_WRITER_URL.")
        return name

    def identity_keys(self) -> str:
        """The key ring's text: the setting, else one made once and kept in the data folder."""
        if not self.hotline_identity_keys:
            if self.hotline_mode == "production":
                raise SettingsFault(
                    "HOTLINE_IDENTITY_KEYS: must be set in production mode; `hotline identity new-ring` prints one."
                )
            text = kept_secret(self.identity_keys_file(), new_ring)
        else:
            text = self.hotline_identity_keys
        try:
            KeyRing.parse(text, self.hotline_identity_cipher)
        except BadRing as fault:
            raise SettingsFault(f"HOTLINE_IDENTITY_KEYS: {fault}.") from None
        return text

    def identity_keys_file(self) -> Path:
        """Where the ring is kept when the setting is empty."""
        return self.hotline_data_dir / "identity.keys"

    def audit_key(self) -> str:
        """The key that seals the audit chain. Its own, so that changing the signing key breaks no chain."""
        if self.hotline_audit_key:
            return self.hotline_audit_key
        if self.hotline_mode == "production":
            raise SettingsFault("HOTLINE_AUDIT_KEY: must be set in production mode (at least 32 characters).")
        return kept_secret(self.hotline_data_dir / "audit.key", lambda: secrets.token_urlsafe(48))


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """Read a secret file, or make it once with mode 0600; safe when several processes start together."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(make())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
        return path.read_text().strip()


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The checked settings; raises SystemExit(78) with one line per wrong variable."""
    try:
        return Environment()  # type: ignore[call-arg]
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(p) for p in item['loc']).upper()}: {item['msg']} (given: {item.get('input')!r})"
            for item in error.errors()
        ]
        raise SettingsFault("Settings from the environment are wrong:\n  " + "\n  ".join(lines)) from None


def database_url() -> str:
    """DATABASE_URL, else the address that the embedded database's supervisor keeps in the data folder."""
    env = environment()
    if env.database_url:
        return env.database_url
    kept = env.hotline_data_dir / "database.url"
    if kept.exists():
        return kept.read_text().strip()
    # Settings must load before the embedded database first starts; connecting then fails with this name in the error.
    return "postgresql://hotline@127.0.0.1:1/embedded-database-not-started"
