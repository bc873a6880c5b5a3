"""Faults of a fleet whose files are in a bucket: killed workers, broker, database and storage away, a poisonous photo.

Times are those of this machine. What must hold of them is only what is promised.
"""

import re
import tempfile
import time
from itertools import cycle
from pathlib import Path

from tests import pictures
from tests.e2e.visitors import join
from tests.fleet.case import FleetTestCase, Rescues
from tests.fleet.fleet import Fleet

RESCUED_WITHIN_S = 30
MANY, SOME = 300, 40
KILL_EVERY_S, WHOLE_WORKER_EVERY = 8, 4
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
        jobs = self.order("killed", MANY)
        rescues, kills, next_kill = Rescues(self.fleet), 0, time.monotonic() + KILL_EVERY_S
        victims = cycle(WORKERS)
        began = time.monotonic()

        def kill_now_and_then() -> bool:
            nonlocal kills, next_kill
            rescues.look()
            if time.monotonic() > next_kill and self.fleet.pool_child(worker := next(victims)):
                held = self.running_on(worker)
                if kills % WHOLE_WORKER_EVERY == 0:
                    self.fleet.children[worker].kill()
                    self.fleet.children[worker].failures = 0
                else:
                    self.fleet.kill_pool_child(worker)
                rescues.expect(held)
                kills, next_kill = kills + 1, time.monotonic() + KILL_EVERY_S
            return self.ended(jobs) == MANY

        self.fleet.wait_until(kill_now_and_then, within_s=400, every_s=0.2)
        took_s = time.monotonic() - began
        self.fleet.wait_until(rescues.look, within_s=RESCUED_WITHIN_S)
        attempts = self.fleet.postgres.query(
            "SELECT max(attempt), sum(attempt) FROM gallery_job WHERE id = ANY(%s)", jobs
        )
        longest, total = attempts[0]
        self.figures = (
            f"{MANY} jobs in {took_s:.0f} s, {kills} kills, {len(rescues.took_s)} jobs hit, each rescued within "
            f"{max(rescues.took_s):.0f} s, {total - MANY} attempts more, at most {longest} of one"
        )
        self.assert_nothing_lost(jobs)
        self.assertGreater(len(rescues.took_s), 3, "too few kills hit a job to say anything")
        self.assertLess(max(rescues.took_s), RESCUED_WITHIN_S)

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
