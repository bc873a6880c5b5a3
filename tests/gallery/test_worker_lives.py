"""The health check of workers: by their hearts, on their own machine, for their own queue."""

import socket

from django.core.management import CommandError, call_command

from tests.base import GalleryTestCase
from tests.gallery.test_upkeep import silence
from tests.gallery.training_rows import TrainingRows


class WorkerLivesTests(TrainingRows, GalleryTestCase):
    def assert_dead(self, queue: str) -> None:
        with self.assertRaisesMessage(CommandError, f"No worker for the queue {queue} beats"):
            call_command("worker_lives", queue)

    def test_a_worker_of_this_machine_lives_while_it_beats(self) -> None:
        workers = {"train": self.make_trainer, "colorize": self.make_worker}
        for queue, make in workers.items():
            make("elsewhere:1")
            self.assert_dead(queue)
            worker = make(f"{socket.gethostname()}:1")
            call_command("worker_lives", queue)
            silence(worker, 11)
            self.assert_dead(queue)

    def test_a_worker_of_another_queue_is_no_sign_of_life(self) -> None:
        self.make_worker(f"{socket.gethostname()}:1")
        self.assert_dead("train")
