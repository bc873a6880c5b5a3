"""Faults of a fleet whose files are in a bucket: killed workers, broker, database and storage away, a poisonous photo.

Times are those of this machine. What must hold of them is only what is promised.
"""

import re
import tempfile
import time
from collections import Counter
from pathlib import Path

from gallery.models import MAX_ATTEMPTS
from tests import pictures
from tests.e2e.visitors import join
from tests.fleet.case import FleetTestCase, Rescues
from tests.fleet.fleet import Fleet

RESCUED_WITHIN_S = 30
MANY, SOME = 300, 40
JOBS_OF_A_LIFE, WHOLE_WORKER_EVERY = 15, 4
AWAY_S = {"broker": 5, "postgres": 5, "bucket": 20}
TWELVE_MEGAPIXELS, FORTY_MEGAPIXELS = (4000, 3000), (8000, 5000)
WORKERS = ("worker 1", "worker 2")
REQUEUED = re.compile(r"requeued: (\d+)")
MAILS_WANTED = """
from django.contrib.auth.models import User
from gallery.models import AccountPreferences
for user in User.objects.filter(username__startswith='mail'):
    AccountPreferences.objects.update_or_create(owner=user, defaults={'mail_batches': True})
"""


class FaultTests(FleetTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.mails = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="photolab-mails-")))
        cls.fleet = cls.enterClassContext(Fleet(EMAIL_URL=f"filemail:///{cls.mails}"))

    def setUp(self) -> None:
        self.addCleanup(self.bring_back_all)

    def bring_back_all(self) -> None:
        for server in self.fleet.servers:
            if not server.child.is_running():
                server.start()
        self.fleet.stopped.clear()
        self.fleet.wait_until(self.fleet.is_ready, within_s=60)

    def test_workers_are_killed_every_few_seconds(self) -> None:
        """Each as soon as it has done fifteen jobs; now the process that colors, now the whole worker."""
        jobs = self.order("killed", MANY)
        rescues, hits, kills = Rescues(self.fleet), Counter[int](), 0

        def kill_who_has_done_enough() -> bool:
            nonlocal kills
            rescues.look()
            for worker in WORKERS:
                if self.jobs_done_by(worker) >= JOBS_OF_A_LIFE and (held := self.kill(worker, kills)) is not None:
                    rescues.expect(held)
                    hits.update(job for job, _ in held)
                    kills += 1
            return self.ended(jobs) == MANY

        took_s = self.fleet.wait_until(kill_who_has_done_enough, within_s=900, every_s=0.1)
        ((attempts, longest),) = self.fleet.postgres.query(
            "SELECT sum(attempt), max(attempt) FROM gallery_job WHERE id = ANY(%s)", jobs
        )
        self.figures = (
            f"{MANY} jobs in {took_s:.0f} s, {kills} kills ({took_s / kills:.1f} s apart), {sum(hits.values())} hit a "
            f"job, rescued within {max(rescues.took_s):.0f} s, {attempts - MANY} attempts more, {longest} at most"
        )
        self.assertGreater(len(hits), 5, "too few kills hit a job to say anything")
        self.assertLess(max(rescues.took_s), RESCUED_WITHIN_S)
        unlucky = [job for job, times in hits.items() if times == MAX_ATTEMPTS]  # is given up, as is promised
        self.assertEqual(len(unlucky), self.states(unlucky)["failed"])
        self.assert_nothing_lost([job for job in jobs if job not in unlucky])

    def kill(self, worker: str, number: int) -> list[tuple[int, int]] | None:
        """What it held; None when there was nobody to kill."""
        held = self.running_on(worker)
        if number % WHOLE_WORKER_EVERY == WHOLE_WORKER_EVERY - 1:
            self.fleet.children[worker].kill()
            return held
        return held if self.fleet.kill_pool_child(worker) else None

    def jobs_done_by(self, worker: str) -> int:
        """Of the process that colors now; 0 while there is none."""
        query = "SELECT coalesce(max(jobs_done), 0) FROM gallery_worker WHERE name LIKE '%%:' || %s"
        return self.fleet.postgres.query(query, str(self.fleet.pool_child(worker)))[0][0]

    def test_the_broker_is_killed_and_emptied(self) -> None:
        jobs = self.order("bellless", SOME)
        visitor = join(self.fleet.url, "bell")
        self.addCleanup(visitor.close)
        self.wait_for_some(jobs, 10)
        self.fleet.broker.kill()
        jobs += [visitor.order(pictures.jpeg((96, 64), mark=mark))[1] for mark in range(5)]
        time.sleep(AWAY_S["broker"])
        self.fleet.broker.start()
        self.wait_for_some(jobs, 30)
        self.fleet.broker.client().flushall()
        emptied = time.monotonic()
        before = self.ended(jobs)
        self.fleet.wait_until(lambda: self.ended(jobs) > before, within_s=30)
        went_on_s = time.monotonic() - emptied
        self.wait_for_end(jobs, within_s=120)
        self.figures = f"{len(jobs)} jobs, 5 uploaded without a broker, next job {went_on_s:.1f} s after FLUSHALL"
        self.assert_nothing_lost(jobs)

    def test_the_database_is_killed_and_started_again(self) -> None:
        jobs = self.order("rowless", SOME)
        visitor = join(self.fleet.url, "row")
        self.addCleanup(visitor.close)
        self.wait_for_some(jobs, 10)
        self.fleet.postgres.kill()
        answers = [visitor.upload(pictures.jpeg((96, 64), mark=mark)) for mark in range(3)]
        page = visitor.http.get(f"{self.fleet.url}/accounts/login/").status_code
        time.sleep(AWAY_S["postgres"])
        self.fleet.postgres.start()
        back = time.monotonic()
        before = self.ended(jobs)
        self.fleet.wait_until(lambda: self.ended(jobs) > before, within_s=60)
        went_on_s = time.monotonic() - back
        jobs += [visitor.order(pictures.jpeg((96, 64), mark=mark))[1] for mark in range(3)]
        self.wait_for_end(jobs, within_s=120)
        told = sorted({answer.status_code for answer in answers})
        self.figures = f"{len(jobs)} jobs, next one {went_on_s:.1f} s after its return, meanwhile answers {told}"
        self.assert_nothing_lost(jobs)
        self.assertEqual([503], told)
        self.assertIn(page, (200, 503))

    def test_the_storage_is_away_for_twenty_seconds(self) -> None:
        jobs = self.order("fileless", SOME)
        visitor = join(self.fleet.url, "file")
        self.addCleanup(visitor.close)
        self.wait_for_some(jobs, 10)
        self.fleet.bucket.kill()
        away = time.monotonic()
        answer = visitor.upload(pictures.jpeg((96, 64), mark=1))
        self.fleet.wait_until(lambda: time.monotonic() - away > AWAY_S["bucket"], within_s=60)
        self.fleet.bucket.start()
        back = time.monotonic()
        before = self.ended(jobs)
        self.fleet.wait_until(lambda: self.ended(jobs) > before, within_s=60)
        went_on_s = time.monotonic() - back
        jobs.append(visitor.order(pictures.jpeg((96, 64), mark=1))[1])
        self.wait_for_end(jobs, within_s=120)
        self.figures = f"{len(jobs)} jobs, next one {went_on_s:.1f} s after its return, an upload meanwhile answers "
        self.figures += str(answer.status_code)
        self.assert_nothing_lost(jobs)
        self.assertEqual(503, answer.status_code)

    def test_a_poisonous_photograph_is_given_up_and_harms_no_other(self) -> None:
        """What kills its worker each time is, for the system, out of memory: SIGKILL for the process that colors."""
        visitor = join(self.fleet.url, "poison")
        self.addCleanup(visitor.close)
        content = pictures.jpeg(FORTY_MEGAPIXELS)
        others = self.order("innocent", 20)
        _, poison = visitor.order(content)
        deaths: set[tuple[int, int]] = set()

        def kill_who_takes_it() -> bool:
            deaths.update(self.kill_holder(poison))
            return self.ended([poison]) == 1

        took_s = self.fleet.wait_until(kill_who_takes_it, within_s=180, every_s=0.02)
        self.wait_for_end(others, within_s=60)
        ((status, attempt, error),) = self.fleet.postgres.query(
            "SELECT status, attempt, error FROM gallery_job WHERE id = %s", poison
        )
        self.figures = f"given up after {len(deaths)} dead workers, {took_s:.0f} s; {len(others)} others done"
        self.assertEqual(("failed", 3, 3), (status, attempt, len(deaths)))
        self.assertIn("stopped three times", error)
        self.assert_nothing_lost(others)

    def test_two_upkeep_loops_do_nothing_twice(self) -> None:
        visitors = [join(self.fleet.url, f"mail{number}") for number in range(3)]
        for visitor in visitors:
            self.addCleanup(visitor.close)
        self.fleet.inside(MAILS_WANTED)
        given_back = self.given_back()
        orders = [
            visitor.order(pictures.jpeg(TWELVE_MEGAPIXELS, mark=mark))[1] for mark, visitor in enumerate(visitors)
        ]
        self.fleet.wait_until(lambda: self.states(orders)["running"] > 0, within_s=60, every_s=0.02)
        held = [job for worker in WORKERS for job, _ in self.running_on(worker)]
        for worker in WORKERS:
            self.fleet.stop(worker)
        self.fleet.wait_until(lambda: self.given_back() - given_back >= len(held), within_s=RESCUED_WITHIN_S)
        for worker in WORKERS:
            self.fleet.resume(worker)
        self.wait_for_end(orders, within_s=120)
        mails = "SELECT count(*) FROM gallery_uploadbatch WHERE mailed_at IS NOT NULL"
        self.fleet.wait_until(lambda: self.fleet.postgres.query(mails)[0][0] >= len(orders), within_s=60)
        time.sleep(5)
        sent = sum(path.read_text().count("Subject:") for path in self.mails.iterdir())
        back = self.given_back() - given_back
        self.figures = (
            f"{len(held)} jobs of dead workers given back {back} times, {sent} mails for {len(orders)} batches"
        )
        self.assertEqual((len(held), len(orders)), (back, sent))
        self.assert_nothing_lost(orders)

    def given_back(self) -> int:
        """Jobs, by what both loops have told."""
        logs = [self.fleet.log(name) for name in self.fleet.names("upkeep")]
        return sum(int(number) for log in logs for number in REQUEUED.findall(log))
