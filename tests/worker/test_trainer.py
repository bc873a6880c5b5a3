"""The training worker as a process: small while it idles, and stopped in order it gives its run back."""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from unittest import skipUnless

from django.conf import settings
from django.db.models import QuerySet

from gallery import services
from gallery.models import RunState, Worker
from gallery.queue import QUEUE_TRAIN
from photolab_site.run import Supervisor
from tests.broker import RealBroker
from tests.e2e.stack import running_processes, wait_until
from tests.worker.test_retraining import QUICK, RetrainingTestCase

IDLE_AT_MOST_MB = 150
STOPPED_WITHIN_S = 8


class TrainingWorkerTests(RealBroker, RetrainingTestCase):
    def setUp(self) -> None:
        super().setUp()
        command = Supervisor.celery("train", "--pool=solo")
        env = {**os.environ, "REDIS_URL": f"redis+socket://{self._socket}", "MALLOC_ARENA_MAX": "2"}
        told = self.enterContext(tempfile.NamedTemporaryFile())
        self.worker = subprocess.Popen(command, cwd=settings.BASE_DIR, env=env, stdout=told, stderr=told)
        self.addCleanup(self.worker.wait)
        self.addCleanup(self.worker.kill)
        # Its row comes first; until Celery is ready a signal ends it on the spot.
        wait_until(lambda: b" ready." in Path(told.name).read_bytes(), within_s=60)
        self.assertTrue(self.rows().exists())

    def rows(self) -> QuerySet[Worker]:
        """Its row alone: this process is a worker, too."""
        return Worker.objects.serving(QUEUE_TRAIN).filter(name__endswith=f":{self.worker.pid}")

    def children(self) -> list[int]:
        return [pid for pid, parent in running_processes().items() if parent == self.worker.pid]

    def stop(self) -> float:
        began = time.monotonic()
        self.worker.send_signal(signal.SIGTERM)
        self.worker.wait(timeout=30)
        return time.monotonic() - began

    @skipUnless(Path("/proc/self/status").exists(), "Linux tells what a process has in memory")
    def test_it_idles_in_one_small_process_and_leaves_the_list_at_its_end(self) -> None:
        rows = dict(row.split(":", 1) for row in Path(f"/proc/{self.worker.pid}/status").read_text().splitlines())
        self.assertLess(int(rows["VmRSS"].split()[0]) / 1000, IDLE_AT_MOST_MB)
        self.assertEqual([], self.children())
        self.assertLess(self.stop(), STOPPED_WITHIN_S)
        self.assertFalse(self.rows().exists())

    def test_stopped_in_order_it_gives_its_run_back_and_no_attempt_is_lost(self) -> None:
        run = self.start(steps=2000, **QUICK)
        wait_until(lambda: self.run_row().stage, within_s=120)
        program = self.children()
        self.assertLess(self.stop(), STOPPED_WITHIN_S)
        self.assertEqual([], [pid for pid in program if pid in running_processes()])
        run.refresh_from_db()
        told = (run.status, run.attempt, run.given_back, run.worker)
        self.assertEqual((RunState.RUNNING, 1, 1, None), told)
        self.assertFalse(services.spent_runs().exists())
        self.assertEqual([], list((self.data / "training").glob("*")))
