"""Faults of a fleet whose files are on one disk, a small one, and whose database's clock is moved."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from tests import pictures
from tests.e2e.visitors import join
from tests.fleet.case import FleetTestCase, Rescues
from tests.fleet.fleet import Fleet
from tests.fleet.servers import own_folder

DISK_MB, FULL_S = 512, 12
RESCUED_WITHIN_S = 30
FORTY_MEGAPIXELS = (8000, 5000)


def small_disk(size_mb: int) -> Path:
    folder = own_folder("disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(folder)], check=True)
    return folder


def remove_disk(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


def fake_clock() -> Path:
    """The library that moves a program's clock. Raises FileNotFoundError with what to install."""
    for found in sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")):
        return found
    raise FileNotFoundError("The fleet's tests need libfaketime: apt-get install faketime")


class DiskAndClockTests(FleetTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        handle, name = tempfile.mkstemp(prefix="photolab-clock-")
        os.close(handle)
        cls.clock = Path(name)
        cls.addClassCleanup(cls.clock.unlink)
        cls.clock.chmod(0o644)
        cls.move_clock("+0")
        cls.fleet = Fleet(in_bucket=False)
        cls.fleet.postgres.move_clock_by(fake_clock(), cls.clock)
        cls.fleet.data = small_disk(DISK_MB)
        cls.addClassCleanup(remove_disk, cls.fleet.data)
        cls.enterClassContext(cls.fleet)

    @classmethod
    def move_clock(cls, by: str) -> None:
        cls.clock.write_text(f"{by}\n")

    def test_the_disk_is_full_for_a_while(self) -> None:
        visitor = join(self.fleet.url, "disk")
        self.addCleanup(visitor.close)
        jobs = self.order("full", 30)
        self.wait_for_some(jobs, 5)
        filler = self.fleet.data / "filler"
        self.addCleanup(filler.unlink, missing_ok=True)
        fill(filler)
        full = time.monotonic()
        answers = set()
        for mark in range(3):
            fill(filler)  # once more, since workers give back what they had taken
            answers.add(visitor.upload(pictures.jpeg((96, 64), mark=mark)).status_code)
        page = visitor.http.get(f"{self.fleet.url}/accounts/login/").status_code
        self.fleet.wait_until(lambda: time.monotonic() - full > FULL_S, within_s=60)
        ended_meanwhile = self.states(jobs)
        filler.unlink()
        began = time.monotonic()
        jobs.append(visitor.order(pictures.jpeg((96, 64), mark=9))[1])
        self.wait_for_end(jobs, within_s=120)
        self.figures = (
            f"{len(jobs)} jobs done {time.monotonic() - began:.0f} s after there was room, full for {FULL_S} s, "
            f"when uploads answered {sorted(answers)} and {ended_meanwhile['failed']} jobs failed"
        )
        self.assert_nothing_lost(jobs)
        # In that very moment a worker may have made room for a small one.
        self.assertEqual(({503}, 200), (answers - {201}, page))

    def test_the_clock_of_the_database_is_moved(self) -> None:
        visitor = join(self.fleet.url, "clock")
        self.addCleanup(visitor.close)
        large = [pictures.jpeg(FORTY_MEGAPIXELS, mark=mark) for mark in range(2)]
        jobs, took_s = [], []
        for mark, moved in enumerate(("+3600", "-3600")):
            jobs += self.order(f"moved{mark}", 10)
            self.wait_for_some(jobs, len(jobs) - 5)
            self.move_clock(moved)
            self.fleet.wait_until(lambda by=moved: self.is_moved(by), within_s=20)
            jobs.append(visitor.order(large[mark])[1])
            took_s.append(self.kill_who_colors(jobs[-1]))
            self.wait_for_end(jobs, within_s=120)
        ((longest,),) = self.fleet.postgres.query("SELECT max(attempt) FROM gallery_job WHERE id = ANY(%s)", jobs)
        self.figures = (
            f"{len(jobs)} jobs; an hour forward, then two back: a killed worker's job rescued after "
            f"{took_s[0]:.0f} and {took_s[1]:.0f} s, at most {longest} attempts"
        )
        self.assert_nothing_lost(jobs)
        self.assertLess(max(took_s), RESCUED_WITHIN_S)

    def is_moved(self, by: str) -> bool:
        """Whether the database tells the time that it was set to."""
        ((told,),) = self.fleet.postgres.query("SELECT extract(epoch FROM now())::float")
        return abs(told - time.time() - int(by)) < 60

    def kill_who_colors(self, job: int) -> float:
        """Seconds until somebody else may have the job."""
        rescues = Rescues(self.fleet)

        def kill() -> bool:
            rescues.expect(killed := self.kill_holder(job))
            return bool(killed)

        self.fleet.wait_until(kill, within_s=60, every_s=0.02)
        self.fleet.wait_until(rescues.look, within_s=2 * RESCUED_WITHIN_S)
        return rescues.took_s[0]


def fill(path: Path) -> None:
    """Until there is no room for a single byte more."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
