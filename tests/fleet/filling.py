"""Rows of every model for a site that no test case is in, and what the rows and files say, as digests."""

import json
from hashlib import sha256
from unittest import TestCase

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from gallery import files
from gallery.backups import LEFT_OUT
from tests.base import Cast, Orders
from tests.gallery.admin_rows import AdminRows, TrueDigests


class Filling(TrueDigests, AdminRows, Cast, Orders, TestCase):
    def fill(self, more: int) -> None:
        """`more` colored photographs beside the rows."""
        self.make_cast()
        self.photo = self.make_colored(self.owner)
        self.make_every_row()
        for mark in range(100, 100 + more):
            self.make_colored(self.friend, mark=mark)


def fill(*, more: int = 0) -> list[str]:
    """Models of the gallery that have no row after all."""
    Filling().fill(more)
    return [model.__name__ for model in apps.get_app_config("gallery").get_models() if not model.objects.exists()]


def rows_and_files() -> dict[str, str]:
    """Model or stored file to a digest; alike on every database and storage. Without what a backup leaves out."""
    kept = [model for model in apps.get_models() if model._meta.label not in LEFT_OUT]
    rows = {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in kept}
    # Keys of JSON in one order, since PostgreSQL has its own.
    texts = {label: json.dumps(values, sort_keys=True, default=repr) for label, values in rows.items()}
    told = {label: sha256(text.encode()).hexdigest() for label, text in texts.items()}
    return told | {file.key: files.digest_of(file.key) for file in files.list_stored()}


def columns() -> dict[str, str]:
    """Each column of the gallery's tables to a digest of what is in it, past Django's models."""
    told = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if not table.startswith("gallery_"):
                continue
            for column in connection.introspection.get_table_description(cursor, table):
                cursor.execute(f'SELECT "{column.name}" FROM "{table}" ORDER BY 1')
                told[f"{table}.{column.name}"] = sha256(repr(cursor.fetchall()).encode()).hexdigest()
    return told


def walk(*, back: bool) -> int:
    """From one migration of the gallery to the next, through all of them; how many steps that were."""
    names = sorted(name for app, name in MigrationLoader(connection).graph.nodes if app == "gallery")
    for name in reversed(names[:-1]) if back else names[1:]:
        call_command("migrate", "gallery", name, verbosity=0)
    return len(names) - 1
