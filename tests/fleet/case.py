"""What the tests of faults share: orders for the fleet, what must hold afterwards, and the figures of the table."""

import os
import signal
import time
from collections import Counter
from typing import ClassVar
from unittest import TestCase

from django.test import tag

from tests.fleet.fleet import Fleet

ENDED = ("done", "failed", "cancelled")


@tag("fleet")
class FleetTestCase(TestCase):
    """`figures` is what the table of `make test-fleet` says of a test."""

    fleet: ClassVar[Fleet]
    figures = ""

    def order(self, name: str, count: int) -> list[int]:
        """The ids of as many jobs, all waiting."""
        return self.fleet.inside(f"from tests.fleet.orders import add_photos\nanswer = add_photos({name!r}, {count})")

    def states(self, jobs: list[int]) -> Counter[str]:
        rows = self.fleet.postgres.query("SELECT status FROM gallery_job WHERE id = ANY(%s)", jobs)
        return Counter(status for (status,) in rows)

    def ended(self, jobs: list[int]) -> int:
        states = self.states(jobs)
        return sum(states[state] for state in ENDED)

    def wait_for_end(self, jobs: list[int], *, within_s: float) -> float:
        """Seconds until the last had ended."""
        return self.fleet.wait_until(lambda: self.ended(jobs) == len(jobs), within_s=within_s, every_s=0.2)

    def wait_for_some(self, jobs: list[int], count: int) -> None:
        """Until as many have ended, so that a fault comes in the middle."""
        self.fleet.wait_until(lambda: self.ended(jobs) >= count, within_s=60)

    def assert_nothing_lost(self, jobs: list[int]) -> None:
        """Each job is done and has one result; rows and files agree, once upkeep has swept."""
        self.assertEqual(Counter(done=len(jobs)), self.states(jobs), self.reasons(jobs))
        self.assert_consistent(jobs)

    def assert_consistent(self, jobs: list[int]) -> None:
        done = self.states(jobs)["done"]
        results = self.fleet.postgres.query(
            "SELECT count(*), count(DISTINCT job_id) FROM gallery_result WHERE job_id = ANY(%s)", jobs
        )
        self.assertEqual([(done, done)], results)
        found = self.fleet.inside("from tests.fleet.orders import sweep_and_compare\nanswer = sweep_and_compare()")
        self.assertEqual(([], [], []), (found["without_row"], found["without_file"], found["problems"]))
        self.figures += f"; swept {found['swept']} files"

    def reasons(self, jobs: list[int]) -> str:
        query = "SELECT id, attempt, error FROM gallery_job WHERE status = 'failed' AND id = ANY(%s)"
        told = [line for name in self.fleet.names("worker") for line in self.fleet.log(name).splitlines()]
        errors = [line for line in told if "ERROR" in line and "attempt" in line]
        return f"{self.fleet.postgres.query(query, jobs)}\n{errors[-1:]}"

    def running_on(self, worker: str) -> list[tuple[int, int]]:
        """Job and attempt of what a worker's pool child has claimed."""
        query = (
            "SELECT j.id, j.attempt FROM gallery_job j JOIN gallery_worker w ON w.id = j.worker_id "
            "WHERE j.status = 'running' AND w.name LIKE '%%:' || %s"
        )
        return self.fleet.postgres.query(query, str(self.fleet.pool_child(worker)))

    def kill_holder(self, job: int) -> list[tuple[int, int]]:
        """End the process that colors a job: job and attempt, or nothing while no worker has it."""
        query = (
            "SELECT j.id, j.attempt, w.name FROM gallery_job j JOIN gallery_worker w ON w.id = j.worker_id "
            "WHERE j.status = 'running' AND j.id = %s"
        )
        killed = []
        for job_id, attempt, name in self.fleet.postgres.query(query, job):
            try:
                os.kill(int(name.rpartition(":")[2]), signal.SIGKILL)
            except ProcessLookupError:  # it was killed already, and its job not yet given back
                continue
            killed.append((job_id, attempt))
        return killed


class Rescues:
    """How long jobs whose worker was killed stay without another one."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._since: dict[tuple[int, int], float] = {}
        self.took_s: list[float] = []

    def expect(self, held: list[tuple[int, int]]) -> None:
        self._since |= dict.fromkeys(held, time.monotonic())

    def look(self) -> bool:
        """Whether all are rescued: given back to the queue, or ended."""
        if not self._since:
            return True
        query = "SELECT id, attempt FROM gallery_job WHERE status = 'running' AND id = ANY(%s)"
        held = set(self._fleet.postgres.query(query, [job for job, _ in self._since]))
        for attempt in set(self._since) - held:
            self.took_s.append(time.monotonic() - self._since.pop(attempt))
        return not self._since
