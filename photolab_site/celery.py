"""The Celery application. Tasks live in worker/ and are loaded by workers only."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings
from django.utils.log import configure_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photolab_site.settings")

# The default for all threads: the "current" application is known to the importing thread alone.
app = Celery("photolab", include=["worker.tasks"])
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()


@setup_logging.connect
def log_as_django_does(**_signal: Any) -> None:
    """Celery, too, writes in the form that the settings ask for, and every line with the job that it is about."""
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
