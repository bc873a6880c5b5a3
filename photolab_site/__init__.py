"""The site: settings, addresses and processes. What the product does lives in gallery and worker."""

from photolab_site.celery import app as celery_app

__all__ = ["celery_app"]
