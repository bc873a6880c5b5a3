"""A backup's folder: what lies where in it, reading it, and making it. gallery.restoring brings it back.

    backup.json              what it is; replaced last, so the folder always holds a whole backup or none
    rows-<digest>.jsonl.gz   all rows but those that live for minutes, as Django writes them for any database
    sums-<digest>.sha256     the SHA-256 of each stored file: `sha256sum --check` reads it
    files/                   the stored files, under their names

Stored files never change, so the next backup into the same folder, or one that goes on where another was ended, copies
only what it lacks.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core import serializers
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from gallery import files
from gallery.named_files import NamedFile, named_files

FORMAT = 1
CARD = "backup.json"
EXACT = "exact-jsonl"
# They live for minutes, belong to bytes that are not backed up, or are log-ins that may have ended since.
LEFT_OUT = ("sessions.Session", "gallery.Preview", "gallery.PartialUpload", "gallery.Removal")
# All rows of one moment, whatever is written meanwhile.
BEGIN = {
    "sqlite": "BEGIN DEFERRED",
    "postgresql": "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
}
MOMENTS_AT_MOST = 20


class BackupRefused(Exception):
    """In plain words, with what to do."""


@dataclass
class Outcome:
    copied: int = 0
    copied_bytes: int = 0
    there_already: int = 0
    missing: list[NamedFile] = field(default_factory=list)
    damaged: list[NamedFile] = field(default_factory=list)


def back_up(folder: Path, *, tell: Callable[[Outcome], None]) -> Outcome:
    """`tell` hears after each file how far it is. Raises BackupRefused, OSError and files.storage_errors()."""
    schema = _schema()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(folder):
        known = read_sums(folder, read_card(folder)) if (folder / CARD).exists() else {}
        copies = _Copies(folder / "files", known, tell)
        copies.take(named_files())  # the most, without holding the database to one moment
        rows = _take_rows(folder, copies)
        card = {"format": FORMAT, "made_at": timezone.now().isoformat(), "schema": schema, "rows": rows}
        _complete(folder, card, copies.sums)
    return copies.outcome


def _schema() -> list[str]:
    """The last migration of each application: rows are understood by a release with the same ones."""
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()
    if executor.migration_plan(newest):
        raise BackupRefused("The database lacks migrations of this release. Call manage.py migrate first.")
    return sorted(".".join(node) for node in newest)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupRefused(f"Another backup into {folder} is under way.") from error
        yield


def _take_rows(folder: Path, copies: "_Copies") -> str:
    """The name of the file that holds them.

    A file that is gone before it could be copied is one whose row has gone since, too: then rows are taken of a later
    moment. What is gone at two moments is missing in the storage itself.
    """
    serializers.register_serializer(EXACT, "gallery.exact_rows")
    fresh = folder / "rows.part.jsonl.gz"
    missing: list[NamedFile] = []
    for last in (False,) * MOMENTS_AT_MOST + (True,):
        with connection.cursor() as cursor:
            cursor.execute(BEGIN[connection.vendor])
            try:
                before, missing = missing, copies.take(named_files())
                if not missing or missing == before or last:
                    call_command(
                        *("dumpdata", "--format", EXACT, "--output", str(fresh), "--all", "--verbosity", "0"),
                        exclude=LEFT_OUT,
                    )
                    break
            finally:
                cursor.execute("ROLLBACK")
    copies.outcome.missing = missing
    return _named_by_digest(fresh, "rows-{}.jsonl.gz")


def _named_by_digest(fresh: Path, name: str) -> str:
    final = name.format(digest_of_file(fresh))
    fresh.chmod(0o600)
    fresh.replace(fresh.with_name(final))
    return final


class _Copies:
    """The copies in a backup's folder. `sums` has those that the newest rows name."""

    def __init__(self, folder: Path, known: dict[str, str], tell: Callable[[Outcome], None]) -> None:
        """`known` are the digests of copies that an earlier backup has made."""
        self.sums: dict[str, str] = {}
        self.outcome = Outcome()
        self._folder, self._known, self._tell = folder, known, tell

    def take(self, named: Iterable[NamedFile]) -> list[NamedFile]:
        """Copies what is not there yet. Returns what is not in the storage."""
        taken, missing = {}, []
        for file in named:
            digest = self.sums.get(file.key) or self._found(file.key) or self._copied(file)
            if digest:
                taken[file.key] = digest
            else:
                missing.append(file)
            self._tell(self.outcome)
        self.sums = taken
        return missing

    def _found(self, key: str) -> str:
        """A copy has its name only when it is whole."""
        target = self._folder / key
        if not target.exists():
            return ""
        self.outcome.there_already += 1
        return self._known.get(key) or digest_of_file(target)

    def _copied(self, file: NamedFile) -> str:
        target = self._folder / file.key
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        digest = hashlib.sha256()
        try:
            with part.open("wb") as copy:
                for chunk in files.read_chunks(file.key):
                    digest.update(chunk)
                    copy.write(chunk)
                self.outcome.copied_bytes += copy.tell()
        except FileNotFoundError:
            part.unlink(missing_ok=True)
            return ""
        part.chmod(0o600)
        part.replace(target)
        self.outcome.copied += 1
        if file.digest not in ("", digest.hexdigest()):
            self.outcome.damaged.append(file)
        return digest.hexdigest()


def _complete(folder: Path, card: dict[str, Any], sums: dict[str, str]) -> None:
    """From here on the new backup counts; then goes what only the one before had."""
    fresh = folder / "sums.part"
    fresh.write_text("".join(f"{digest}  files/{key}\n" for key, digest in sums.items()))
    card["sums"] = _named_by_digest(fresh, "sums-{}.sha256")
    part = folder / f"{CARD}.part"
    part.write_text(json.dumps(card, indent=2) + "\n")
    part.chmod(0o600)
    os.sync()
    part.replace(folder / CARD)
    for old in (*folder.glob("rows*.jsonl.gz"), *folder.glob("sums*")):
        if old.name not in (card["rows"], card["sums"]):
            old.unlink()
    for path in (folder / "files").rglob("*"):
        if path.is_file() and path.relative_to(folder / "files").as_posix() not in sums:
            path.unlink()


def read_card(folder: Path) -> dict[str, Any]:
    """Raises BackupRefused."""
    try:
        card = json.loads((folder / CARD).read_text())
        known = card["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupRefused(f"{folder} holds no whole backup: {CARD} cannot be read ({error}).") from error
    if not known:
        raise BackupRefused(f"The backup in {folder} has format {card['format']}; this release knows {FORMAT}.")
    return card


def read_sums(folder: Path, card: dict[str, Any]) -> dict[str, str]:
    """Storage name to SHA-256. Raises BackupRefused when the list itself is damaged."""
    check_name(folder / card["sums"])
    lines = (folder / card["sums"]).read_text().splitlines()
    return {key.removeprefix("files/"): digest for digest, _, key in (line.partition("  ") for line in lines)}


def check_name(path: Path) -> None:
    """A file that is named by its digest. Raises BackupRefused."""
    try:
        digest = digest_of_file(path)
    except FileNotFoundError as error:
        raise BackupRefused(f"{path.name} is missing in the backup.") from error
    if digest not in path.name:
        raise BackupRefused(f"{path.name} is damaged: its bytes have another SHA-256 than its name.")


def digest_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
