"""Where the gallery and the colorizer meet: Celery's tasks. The web process never loads this."""
