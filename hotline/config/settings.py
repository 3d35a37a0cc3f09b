"""Django settings. Values come from `environment.py`; nothing here reads os.environ."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qsl, unquote, urlparse

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from hotline.config.environment import ROOT, database_url, environment

env = environment()
DEMO = env.hotline_mode == "demo"
TESTING = env.hotline_mode == "test"
DEBUG = env.hotline_debug
SECRET_KEY = env.secret_key()
DATA_DIR = env.hotline_data_dir
ALLOWED_HOSTS = [host.strip() for host in env.hotline_allowed_hosts.split(",") if host.strip()] + (
    ["testserver"] if TESTING else []
)
PUBLIC_URL = (env.hotline_public_url or f"http://{env.hotline_host}:{env.hotline_port}").rstrip("/")
LIVE_URL = (env.hotline_live_public_url or f"http://{env.hotline_host}:{env.hotline_live_port}").rstrip("/")
SECURE = PUBLIC_URL.startswith("https://")

INSTALLED_APPS = [
    "hotline.config",
    "hotline.demo",
    "hotline.portal",
    "hotline.exchange",
    "hotline.frontline",
    "hotline.chat",
    "hotline.analytics",
    "hotline.followup",
    "hotline.intake",
    "hotline.dispatch",
    "hotline.suggestions",
    "hotline.duty",
    "hotline.workorders",
    "hotline.emotion",
    "hotline.campaigns",
    "hotline.transcripts",
    "hotline.workforce",
    "hotline.calls",
    "hotline.knowledge",
    "hotline.notifications",
    "hotline.worktime",
    "hotline.places",
    "hotline.accounts",
    "hotline.audit",
    "hotline.ui",
    "hotline.kit",
    "hotline.ops",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "template_partials",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "axes",
    "csp",
    "django_prometheus",
    "procrastinate.contrib.django",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "hotline.ui.serving.StaticFiles",
    "hotline.exchange.middleware.ApiDoor",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "hotline.kit.bodies.BodyLimit",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "hotline.accounts.middleware.ActorMiddleware",
    "hotline.kit.errors.RefusalMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "hotline.config.urls"
WSGI_APPLICATION = "hotline.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "hotline.ui.context.page",
            ],
            "builtins": ["django.templatetags.i18n", "hotline.ui.templatetags.ui"],
        },
    }
]
FORM_RENDERER = "hotline.ui.forms.Renderer"


def _database(url: str) -> dict[str, Any]:
    parts = urlparse(url)
    return {
        "ENGINE": "hotline.kit.postgres",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or "") or dict(parse_qsl(parts.query)).get("host", ""),
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            # Tests open and drop databases, which a pool would hold open.
            **(
                {} if TESTING else {"pool": {"min_size": 2, "max_size": env.hotline_pool_size, "timeout": 20}}
            ),
            # For `kit.statements`; Django's own cursors never prepare.
            "prepare_threshold": 5,
            # One page of many at once gains nothing by a second process, and pays for its start.
            "options": "-c timezone=UTC -c statement_timeout=0 -c max_parallel_workers_per_gather=0",
        },
    }


DATABASES = {"default": _database(database_url())}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

IDENTITY_KEYS = env.identity_keys()
IDENTITY_CIPHER = env.hotline_identity_cipher
IDENTITY_KEYS_FILE = None if env.hotline_identity_keys else env.identity_keys_file()
AUDIT_KEY = env.audit_key()

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if TESTING
    else ["django.contrib.auth.hashers.Argon2PasswordHasher"]
)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
STAFF_SESSION_IDLE_MINUTES = env.hotline_session_idle_minutes
STAFF_SESSION_HOURS = env.hotline_session_hours
REQUIRE_SECOND_FACTOR = env.hotline_require_second_factor
DEMO_PASSWORD = env.hotline_demo_password
OTP_TOTP_ISSUER = "12345"
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "home"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = env.hotline_session_hours * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "hotline.ui.views.csrf_failure"
SECURE_HSTS_SECONDS = 31536000 if SECURE else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:", *env.map_host()],
        "font-src": [SELF],
        "connect-src": [SELF, LIVE_URL],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "media-src": [SELF, "blob:"],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [SELF],
        "object-src": [NONE],
    }
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
USE_THOUSAND_SEPARATOR = False

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600
MEDIA_ROOT = DATA_DIR / "files"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
MAX_UPLOAD_BYTES = env.hotline_max_upload_mb * 1024 * 1024
LAKE_DIR = DATA_DIR / "lake"
MODELS_ON = env.hotline_models == "on"
MODELS_DIR = DATA_DIR / "models"
MODELS_MEMORY_MB = env.hotline_models_memory_mb
ENGINE = env.hotline_engine
ENGINE_ADDRESS = env.engine_address()
ENGINE_USER = env.hotline_engine_user
ENGINE_PASSWORD = env.hotline_engine_password
ENGINE_SOUNDS = env.hotline_engine_sounds
ENGINE_RECORDINGS = env.hotline_engine_recordings
ENGINE_MEDIA_ADDRESS = env.hotline_engine_media_address
TELEPHONE_ON = (
    env.hotline_telephone == "on" and (ENGINE != "softswitch" or find_spec("baresip") is not None) and not TESTING
)
VOICE_ON = env.hotline_voice == "on"
TRANSCRIPTS_ON = env.hotline_transcripts == "on"
EMOTION_ON = env.hotline_emotion == "on"
RECORDING_DAYS = env.hotline_recording_days
OIDC_ISSUER = env.oidc_issuer()
OIDC_CLIENT_ID = env.hotline_oidc_client_id
OIDC_CLIENT_SECRET = env.hotline_oidc_client_secret
OIDC_NAME = env.hotline_oidc_name
OIDC_SECOND_FACTORS = frozenset(env.hotline_oidc_second_factors.replace(",", " ").split())
CHAT_DAYS = env.hotline_chat_days
SWITCH_PORT = env.hotline_switch_port
SWITCH_TOKEN = env.hotline_switch_token or (env.switch_token() if TELEPHONE_ON and ENGINE == "softswitch" else "")
DESK_TRUNK = env.hotline_desk_trunk
OUT_TRUNK = env.hotline_out_trunk or DESK_TRUNK
ICE_SERVERS = env.hotline_ice_servers
TURN_SECRET = env.hotline_turn_secret
VIDEO_RELAYED = env.hotline_video_relayed == "on"
DIAL_PATTERN = env.hotline_dial_pattern
MACHINE_HOURS = env.machine_hours()
SMPP = env.smpp()
MAP_TILES = env.hotline_map_tiles
MAP_TILES_SYSTEM = env.hotline_map_tiles_system
MAP_ATTRIBUTION = env.hotline_map_attribution
SWITCH_DIR = DATA_DIR / "switch"
WRITER_URL = env.hotline_writer_url or ""
WRITER_MODEL = env.writer_model()
WRITER_KEY = env.hotline_writer_key or ""
WRITER_TIMEOUT = env.hotline_writer_timeout_seconds
WRITER_TOKENS = env.hotline_writer_tokens_a_day
WRITER_SECONDS = env.hotline_writer_minutes_a_day * 60

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "tasks"
PROCRASTINATE_ON_APP_READY = "hotline.config.subscriptions.ready"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "hotline": {"level": "INFO"},
        "django.request": {"level": "ERROR"},
        "procrastinate": {"level": "WARNING"},
    },
}
TEST_RUNNER = "django.test.runner.DiscoverRunner"
ROOT_DIR = ROOT
MIGRATION_MODULES: dict[str, str] = {}
