"""What the running site survives: a killed worker, a killed broker, a broker that forgot everything."""

import os
import signal
import time
from unittest import TestCase

from gallery.queue import QUEUE_COLORIZE
from photolab_site.broker import EmbeddedBroker
from tests import pictures
from tests.e2e.stack import Stack, running_processes, wait_until
from tests.e2e.visitors import ApiVisitor, join

RESCUED_WITHIN_S = 30
TWELVE_MEGAPIXELS = (4000, 3000)


class RescueTests(TestCase):
    stack: Stack
    visitor: ApiVisitor

    @classmethod
    def setUpClass(cls) -> None:
        cls.stack = Stack()
        cls.addClassCleanup(cls.stack.close)
        cls.stack.start()
        cls.visitor = join(cls.stack.url, "olga")
        cls.addClassCleanup(cls.visitor.close)

    def wait_for_state(self, job_id: int, state: str, within_s: float = RESCUED_WITHIN_S) -> None:
        wait_until(lambda: self.stack.job(job_id)[0] == state, within_s=within_s, every_s=0.02)

    def start_long_job(self, mark: int) -> tuple[int, int]:
        """A job that is being colored, and will be for seconds: the ids of photo and job."""
        photo_id, job_id = self.visitor.order(pictures.jpeg(TWELVE_MEGAPIXELS, mark=mark))
        self.wait_for_state(job_id, "running")
        return photo_id, job_id

    def results_of(self, photo_id: int) -> int:
        query = "SELECT count(*) FROM gallery_result r JOIN gallery_job j ON j.id = r.job_id WHERE j.photo_id = ?"
        return self.stack.rows(query, photo_id)[0][0]

    def stored_results(self, job_id: int) -> list[str]:
        """Attempt and name of each stored file."""
        folder = self.stack.data / "media" / "results" / str(job_id)
        return sorted(f"{path.parts[-3]}/{path.name}" for path in folder.rglob("*.*"))

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pid not in running_processes(), within_s=5)

    def test_a_job_whose_worker_was_killed_is_done_in_the_second_attempt(self) -> None:
        photo_id, job_id = self.start_long_job(mark=1)
        self.kill(self.stack.pool_child())
        began = time.monotonic()
        self.assertEqual(("running", 1), self.stack.job(job_id), "the job had ended before its worker was killed")
        wait_until(lambda: self.stack.job(job_id) == ("running", 2), within_s=RESCUED_WITHIN_S)
        self.assertLess(time.monotonic() - began, RESCUED_WITHIN_S)
        self.wait_for_state(job_id, "done")
        self.assertEqual(("done", 2), self.stack.job(job_id))
        self.assertEqual(1, self.results_of(photo_id))
        self.assertEqual(["2/image.jpg", "2/preview.jpg", "2/thumb.jpg"], self.stored_results(job_id))

    def test_a_photo_deleted_while_it_is_colored_leaves_no_files(self) -> None:
        photo_id, job_id = self.start_long_job(mark=2)
        self.assertEqual(204, self.visitor.http.delete(f"/photos/{photo_id}").status_code)
        _, next_job_id = self.visitor.order(pictures.jpeg(mark=7))
        self.wait_for_state(next_job_id, "done")  # one worker, one job at a time: the deleted one has ended
        self.assertEqual([], self.stored_results(job_id))
        self.assertEqual(404, self.visitor.http.get(f"/jobs/{job_id}").status_code)

    def test_an_upload_succeeds_without_the_broker_and_runs_when_it_is_back(self) -> None:
        self.stack.supervisor.send_signal(signal.SIGSTOP)  # or it would start the broker again at once
        try:
            self.kill(self.stack.pid("broker"))
            _, job_id = self.visitor.order(pictures.jpeg(mark=3))
            time.sleep(2.5)  # longer than upkeep's pause: it meets the dead broker, too
            self.assertEqual(("queued", 0), self.stack.job(job_id))
        finally:
            self.stack.supervisor.send_signal(signal.SIGCONT)
        self.wait_for_state(job_id, "done")
        self.assertEqual(("done", 1), self.stack.job(job_id))

    def test_a_job_whose_message_was_lost_is_rung_again(self) -> None:
        self.start_long_job(mark=4)
        self.visitor.order(pictures.jpeg(mark=5))  # its message is in the worker's hands already
        _, job_id = self.visitor.order(pictures.jpeg(mark=6))
        broker = EmbeddedBroker.in_folder(self.stack.data / "valkey")
        self.assertEqual(b":1", broker.ask(f"EXISTS {QUEUE_COLORIZE}"))
        self.assertEqual(b"+OK", broker.ask("FLUSHALL"))
        self.assertEqual(("queued", 0), self.stack.job(job_id))
        self.wait_for_state(job_id, "done")
        self.assertEqual(("done", 1), self.stack.job(job_id))
