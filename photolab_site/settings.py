"""Every setting of the site. The defaults run on SQLite, local files and the embedded broker.

The environment is read here and nowhere else; README.md lists each variable.
"""

import os
import secrets
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from photolab_site import env, security, watching
from photolab_site.storing import read_storages

BASE_DIR = Path(__file__).resolve().parent.parent
TESTING = "test" in sys.argv[1:2]

# --- Where things are kept -------------------------------------------------------------------
PHOTOLAB_DATA = env.read_path("PHOTOLAB_DATA", BASE_DIR / "data")
PHOTOLAB_DATA.mkdir(mode=0o700, parents=True, exist_ok=True)
# Copies and pixels of photographs while they are read. What killed processes leave here, the next start removes.
PHOTOLAB_TMP = PHOTOLAB_DATA / "tmp"
PHOTOLAB_TMP.mkdir(mode=0o700, exist_ok=True)
PHOTOLAB_PARTIAL = PHOTOLAB_DATA / "partial"  # files that arrive in pieces, and go on after a restart


def _kept_secret_key() -> str:
    """The key made at the first start. Linked into place whole, so that two starts at once agree."""
    kept = PHOTOLAB_DATA / "secret_key"
    if not kept.exists():
        handle, fresh = tempfile.mkstemp(dir=PHOTOLAB_DATA, prefix=".secret_key-")
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(fresh, kept)
        except FileExistsError:
            pass
        finally:
            os.unlink(fresh)
    return kept.read_text().strip()


SECRET_KEY = env.read_text("SECRET_KEY", "") or _kept_secret_key()
DEBUG = env.read_flag("DEBUG", False)
ALLOWED_HOSTS = env.read_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.read_list("CSRF_TRUSTED_ORIGINS", "")
_OWN_URL = CSRF_TRUSTED_ORIGINS[0] if CSRF_TRUSTED_ORIGINS else f"http://localhost:{env.read_text('PORT', '8000')}"
PHOTOLAB_URL = env.read_text("PHOTOLAB_URL", _OWN_URL).rstrip("/")  # for mails, which no page asks for

# --- The product's own limits ----------------------------------------------------------------
PHOTOLAB_MAX_UPLOAD_MB = env.read_positive_int("PHOTOLAB_MAX_UPLOAD_MB", 64)
PHOTOLAB_MAX_PIXELS = env.read_positive_int("PHOTOLAB_MAX_PIXELS", 100_000_000)
PHOTOLAB_DEVICE = env.read_text("PHOTOLAB_DEVICE", "cpu")
PHOTOLAB_AT_ONCE = env.read_positive_int("PHOTOLAB_AT_ONCE", 1 if PHOTOLAB_DEVICE == "cpu" else 8)
PHOTOLAB_WEIGHTS = env.read_path("PHOTOLAB_WEIGHTS", BASE_DIR / "colorizer" / "weights" / "photolab-5.safetensors")
PHOTOLAB_BASE_CORPUS = env.read_optional_path("PHOTOLAB_BASE_CORPUS")
PHOTOLAB_GOLDEN = env.read_optional_path("PHOTOLAB_GOLDEN")
PHOTOLAB_WEBHOOKS_TO_PRIVATE_HOSTS = env.read_flag("PHOTOLAB_WEBHOOKS_TO_PRIVATE_HOSTS", False)
PHOTOLAB_SIGNUP_OPEN = env.read_flag("PHOTOLAB_SIGNUP_OPEN", True)
# Of each account, 0 is no limit; the first two the admin may set otherwise for one of them.
PHOTOLAB_STORAGE_QUOTA_MB = env.read_whole_number("PHOTOLAB_STORAGE_QUOTA_MB", 0)
PHOTOLAB_PHOTOS_PER_DAY = env.read_whole_number("PHOTOLAB_PHOTOS_PER_DAY", 0)
PHOTOLAB_UPLOADS_PER_MINUTE = env.read_whole_number("PHOTOLAB_UPLOADS_PER_MINUTE", 1200)
PHOTOLAB_API_CALLS_PER_MINUTE = env.read_whole_number("PHOTOLAB_API_CALLS_PER_MINUTE", 3000)

# --- Applications ----------------------------------------------------------------------------
OIDC_APPS, _OIDC_SETTINGS = security.read_oidc()
INSTALLED_APPS = [
    "gallery",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    *OIDC_APPS,
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "photolab_site.apps.PhotoLabAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "gallery.watched.watch",
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "gallery.unavailable.AnswerUnavailable",
    "gallery.limits.TellWhenAgain",
]
ROOT_URLCONF = "photolab_site.urls"
ASGI_APPLICATION = "photolab_site.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- Database --------------------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.read_database("DATABASE_URL", f"sqlite:///{PHOTOLAB_DATA / 'db.sqlite3'}")
}
DATABASES["default"]["CONN_MAX_AGE"] = 0  # connections kept open belong to threads, and under ASGI threads come and go
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=5000;",
        "transaction_mode": "IMMEDIATE",
    }
    # A file, because real workers and threads of the tests open it too; one for each run.
    DATABASES["default"]["TEST"] = {"NAME": Path(tempfile.gettempdir()) / f"photolab-test-{os.getpid()}.sqlite3"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Files -----------------------------------------------------------------------------------
MEDIA_ROOT = PHOTOLAB_DATA / "media"
FILE_UPLOAD_TEMP_DIR = PHOTOLAB_TMP
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
FILE_UPLOAD_HANDLERS = ["gallery.uploading.BoundedUploadHandler"]
DATA_UPLOAD_MAX_NUMBER_FILES = 500
LARGEST_REQUEST_MB = max(1024, 2 * PHOTOLAB_MAX_UPLOAD_MB)  # a form without JavaScript sends all of its files at once
STORAGES = read_storages(MEDIA_ROOT)
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
SERVESTATIC_USE_FINDERS = True  # straight from where they lie: no collecting step to forget
SERVESTATIC_AUTOREFRESH = DEBUG
SERVESTATIC_ALLOW_ALL_ORIGINS = False
SERVESTATIC_ROOT = BASE_DIR / "static" / "root"  # a service worker sees only what lies beside it and below

# --- Accounts --------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "gallery.accounts.ModestArgon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "gallery"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "gallery.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Photo-Lab] "
vars().update(security.read_accounts())
vars().update(_OIDC_SETTINGS)
vars().update(env.read_email("EMAIL_URL", "consolemail://"))
DEFAULT_FROM_EMAIL = env.read_text("DEFAULT_FROM_EMAIL", "Photo-Lab <photolab@localhost>")
vars().update(security.read_https(CSRF_TRUSTED_ORIGINS))

# --- Broker ----------------------------------------------------------------------------------
REDIS_URL = env.read_text("REDIS_URL", f"redis+socket://{PHOTOLAB_DATA / 'valkey' / 'valkey.sock'}")
SHARED_CACHE = security.shared_cache(REDIS_URL)
# Tests count for themselves; gallery.shared_cache has its own.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"} if TESTING else SHARED_CACHE}
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "colorize"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    "socket_keepalive": True,
    "health_check_interval": 10,
}

# --- API -------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["gallery.api.permits.KeyAuthentication"],
    "DEFAULT_PARSER_CLASSES": [
        "gallery.api.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "gallery.api.permits.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "gallery.api.schema.ScopedSchema",
    "DEFAULT_THROTTLE_CLASSES": ["gallery.api.permits.CallsOfAccount"],
    "EXCEPTION_HANDLER": "gallery.api.errors.answer_error",
}
KNOX_TOKEN_MODEL = "gallery.ApiKey"
# By the prefix, scanners for leaked secrets know a key when they see it.
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_TTL": timedelta(days=90), "TOKEN_PREFIX": "photolab_"}
SPECTACULAR_SETTINGS = {
    "TITLE": "Photo-Lab",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": False},  # its links stand inside of buttons, which nobody can tell apart
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "gallery.api.schema.complete"],
    "ENUM_NAME_OVERRIDES": {
        f"{name}Enum": f"gallery.models.{name}" for name in ("JobState", "RunState", "VersionState")
    },
}

# --- The rest --------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
TIME_ZONE = "UTC"
LOGGING = watching.logging_by_environment(testing=TESTING)
PHOTOLAB_METRICS_TOKEN = watching.read_metrics_token()
PHOTOLAB_METRICS_FROM = watching.read_metrics_networks()
