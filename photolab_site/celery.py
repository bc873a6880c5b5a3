"""The Celery application. Tasks live in worker/ and are loaded by workers only."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photolab_site.settings")

# The default for all threads: the "current" application is known to the importing thread alone.
app = Celery("photolab", include=["worker.tasks"])
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()
