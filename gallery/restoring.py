"""Bringing a backup back: into an empty database of any kind, and into any storage."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.management.color import no_style
from django.core.management.sql import sql_flush
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from gallery import files
from gallery.backups import BackupRefused, check_name, digest_of_file, read_card, read_sums
from gallery.models import Photo


@dataclass
class Restored:
    stored: int = 0
    there_already: int = 0
    damaged: list[str] = field(default_factory=list)  # storage names; missing ones too


def verify(folder: Path, *, tell: Callable[[Restored], None]) -> Restored:
    """Reads all of a backup and changes nothing. Raises BackupRefused."""
    card = read_card(folder)
    check_name(folder / card["rows"])
    checked = Restored()
    for key, digest in read_sums(folder, card).items():
        if not _is_whole(folder / "files" / key, digest):
            checked.damaged.append(key)
        checked.there_already += 1
        tell(checked)
    return checked


def restore(folder: Path, *, tell: Callable[[Restored], None]) -> Restored:
    """Files first, then all rows in one transaction: the same call goes on where another was ended.

    What is damaged in the backup is left out and named. Raises BackupRefused, OSError and files.storage_errors().
    """
    card = read_card(folder)
    check_name(folder / card["rows"])
    call_command("migrate", interactive=False, verbosity=0)
    _refuse_other_schema(card["schema"])
    _refuse_if_used()
    restored = Restored()
    for key, digest in read_sums(folder, card).items():
        _store(folder, key, digest, restored)
        tell(restored)
    with transaction.atomic():
        # What migrations made, such as permissions, comes with the backup under its own ids. Not by manage.py flush: on
        # PostgreSQL it cannot empty accounts beside the table of tokens that knox makes and ours stands for.
        connection.ops.execute_sql_flush(sql_flush(no_style(), connection, allow_cascade=True))
        call_command("loaddata", str(folder / card["rows"]), verbosity=0)
    return restored


def _refuse_other_schema(schema: list[str]) -> None:
    ours = sorted(".".join(node) for node in MigrationLoader(connection).graph.leaf_nodes())
    if ours != schema:
        theirs = ", ".join(sorted(set(schema) - set(ours))) or "fewer applications"
        raise BackupRefused(
            f"The backup is of a release with other tables ({theirs}). Restore it with that release, then update."
        )


def _refuse_if_used() -> None:
    if get_user_model().objects.exists() or Photo.objects.exists():
        raise BackupRefused(
            "The database is in use: it has accounts. A backup is restored into an empty one; nothing was changed."
        )


def _is_whole(copy: Path, digest: str) -> bool:
    try:
        return digest_of_file(copy) == digest
    except FileNotFoundError:
        return False


def _store(folder: Path, key: str, digest: str, restored: Restored) -> None:
    if default_storage.exists(key):
        if files.digest_of(key) == digest:
            restored.there_already += 1
            return
        default_storage.delete(key)  # begun by a call that was ended
    copy = folder / "files" / key
    if not _is_whole(copy, digest):
        restored.damaged.append(key)
        return
    with copy.open("rb") as file:
        files.store(key, File(file))
    restored.stored += 1
