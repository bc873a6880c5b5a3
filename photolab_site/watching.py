"""What those who watch the site are given: the form of its logs, and who may read its metrics."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from pythonjsonlogger.core import RESERVED_ATTRS

from photolab_site import env

LINE, JSON = "line", "json"
# Objects that Django hangs on its records; a request's text has the path, and a path may be a secret link.
NOT_TOLD = ("request", "server_time", "color_message", "about")


def read_metrics_token() -> str:
    return env.read_text("PHOTOLAB_METRICS_TOKEN", "")


def read_metrics_networks() -> list[IPv4Network | IPv6Network]:
    try:
        return networks_of(env.read_list("PHOTOLAB_METRICS_FROM", ""))
    except ValueError as error:
        raise ImproperlyConfigured(f"PHOTOLAB_METRICS_FROM: {error}") from error


def networks_of(words: list[str]) -> list[IPv4Network | IPv6Network]:
    """Raises ValueError."""
    return [ip_network(word) for word in words]


def logging_by_environment(*, testing: bool) -> dict[str, Any]:
    """Django's LOGGING. A line for each request is written in JSON alone, for programs that read it."""
    form = env.read_text("PHOTOLAB_LOG_FORMAT", LINE)
    if form not in (LINE, JSON):
        raise ImproperlyConfigured(f"PHOTOLAB_LOG_FORMAT: {form!r} is neither {LINE} nor {JSON}")
    level = "ERROR" if testing else "INFO"
    own = {"handlers": ["stderr"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"about": {"()": "gallery.logs.About"}},
        "formatters": {
            LINE: {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s%(about)s"},
            JSON: {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": "%(levelname)s %(name)s %(message)s",
                "rename_fields": {"levelname": "level", "name": "logger", "exc_info": "traceback"},
                "timestamp": "at",
                "reserved_attrs": [*RESERVED_ATTRS, *NOT_TOLD],
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": form, "filters": ["about"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": "WARNING", **own},
            "django.request": {"level": "CRITICAL" if testing else "ERROR"},
            "gallery.watched": {"level": level if form == JSON else "WARNING"},
            # These bring handlers of their own, which know of no job and write no JSON.
            "uvicorn": {"level": level, **own},
            "uvicorn.error": {"handlers": [], "propagate": True},
            # It tells paths, of which some are secret links, and would wake up with the others.
            "uvicorn.access": {"handlers": [], "propagate": False},
        },
    }
