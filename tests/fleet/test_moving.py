"""A backup taken from one kind of site is brought back into another, after kills in the middle of both."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import TestCase

from django.test import tag

from tests.e2e.stack import wait_until
from tests.fleet.bare_site import BareSite
from tests.fleet.servers import PostgreSQL, SeaweedFS

PHOTOGRAPHS = 150
TELL = "from tests.fleet.filling import rows_and_files\nanswer = rows_and_files()"


@tag("fleet")
class MovingTests(TestCase):
    figures = ""

    def test_a_backup_moves_a_site_from_sqlite_to_postgresql_and_a_bucket_and_back(self) -> None:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="photolab-backup-")))
        laptop, postgres, bucket = map(self.enterContext, (BareSite(), PostgreSQL(), SeaweedFS()))
        fleet = self.enterContext(BareSite(DATABASE_URL=postgres.url, **bucket.environment))
        laptop.inside(f"from tests.fleet.filling import fill\nanswer = fill(more={PHOTOGRAPHS})")
        before = laptop.inside(TELL)
        self.kill_in_the_middle(laptop, "backup", folder / "first", lambda: count(folder / "first" / "files"))
        began = time.monotonic()
        laptop.manage("backup", str(folder / "first"))
        self.figures = f"{count(folder / 'first' / 'files')} files; backup {time.monotonic() - began:.1f} s"
        self.kill_in_the_middle(fleet, "restore", folder / "first", lambda: len(bucket.names()))
        began = time.monotonic()
        fleet.manage("restore", str(folder / "first"))
        self.figures += f", restore {time.monotonic() - began:.1f} s"
        self.assertEqual(fleet.inside(TELL), before)
        fleet.manage("check_integrity", "--bytes")
        fleet.manage("backup", str(folder / "second"))
        again = self.enterContext(BareSite())
        again.manage("restore", str(folder / "second"))
        after = again.inside(TELL)
        # The one thing that was done meanwhile.
        self.assertEqual({name for name in before if after.get(name) != before[name]}, {"gallery.IntegrityCheck"})

    def kill_in_the_middle(self, site: BareSite, command: str, folder: Path, counted: Callable[[], int]) -> None:
        process = site.start(command, str(folder))
        wait_until(lambda: counted() > PHOTOGRAPHS or process.poll() is not None, within_s=60, every_s=0.01)
        self.assertIsNone(process.poll(), "it ended before it could be killed")
        process.kill()
        process.communicate()


def count(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))
