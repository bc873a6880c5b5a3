"""What `manage.py check` looks at, each with a hint of what to do."""

import os
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

# The last of the migrations that 0001_schema stands for.
LAST_BEFORE_SCHEMA = ("gallery", "0014_words_of_models")


@register()
def data_folder_is_writable(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if os.access(settings.PHOTOLAB_DATA, os.W_OK | os.X_OK):
        return []
    return [
        Error(
            f"The data folder {settings.PHOTOLAB_DATA} cannot be written to.",
            hint="Give this user the right to write there, or set PHOTOLAB_DATA to another folder.",
            id="gallery.E001",
        )
    ]


@register()
def weights_are_present(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if not (settings.BASE_DIR / "colorizer").is_dir():
        return []  # the image of the web half, which colors nothing
    if settings.PHOTOLAB_WEIGHTS.is_file() and settings.PHOTOLAB_WEIGHTS.with_suffix(".json").is_file():
        return []
    return [
        Warning(
            f"The generator's weights {settings.PHOTOLAB_WEIGHTS} or their card are missing; workers cannot color.",
            hint="Set PHOTOLAB_WEIGHTS to a .safetensors file with its .json card beside it.",
            id="gallery.W001",
        )
    ]


@register(Tags.database)
def tables_are_new_enough(
    app_configs: Sequence[Any] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Django itself would pass over a database that has some of the old migrations: nothing to apply, it says."""
    return [error for alias in databases or [] for error in _check_tables(alias)]


def _check_tables(alias: str) -> list[CheckMessage]:
    applied = MigrationRecorder(connections[alias]).applied_migrations()
    ours = {name for name in applied if name[0] == "gallery"}
    if not ours or ours & {LAST_BEFORE_SCHEMA, ("gallery", "0001_schema")}:
        return []
    return [
        Error(
            f"The database stands at {max(ours)[1]}, and this release goes on from {LAST_BEFORE_SCHEMA[1]} alone.",
            hint="Start a release that still has that migration once, then this one.",
            id="gallery.E002",
        )
    ]


@register()
def debug_stays_at_home(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if not settings.DEBUG or settings.ALLOWED_HOSTS != ["*"]:
        return []
    return [
        Warning(
            "DEBUG shows the insides of the site to every host.",
            hint="Set DEBUG to 0, or name the hosts in ALLOWED_HOSTS.",
            id="gallery.W002",
        )
    ]
