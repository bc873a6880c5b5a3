"""A worker's sign of life: registered, kept, taken off the list."""

from gallery.models import Worker
from tests.base import GalleryRaceTestCase
from tests.e2e.stack import wait_until
from worker import engine, heartbeat


class HeartbeatTests(GalleryRaceTestCase):
    def setUp(self) -> None:
        super().setUp()
        engine.begin_anew()
        self.heart = heartbeat.Heart()
        self.heart.start()
        self.addCleanup(self.heart.stop)

    def test_a_worker_is_known_before_its_first_job(self) -> None:
        worker = Worker.objects.live().get()
        self.assertEqual(engine.worker_id(), worker.pk)
        self.assertRegex(worker.name, r".+:\d+")
        self.assertEqual("", worker.model_digest)

    def test_it_beats_by_itself_and_tells_its_model(self) -> None:
        first = Worker.objects.get().beat_at
        colorizer = engine.current().colorizer
        worker = wait_until(
            lambda: Worker.objects.filter(beat_at__gt=first, model_digest=colorizer.digest).first(), within_s=6
        )
        self.assertEqual(colorizer.card.name, worker.model_name)
        self.assertGreater(worker.memory_bytes, 50_000_000)
        self.assertEqual((1, None), (worker.at_once, worker.device_memory_bytes))

    def test_a_worker_that_was_forgotten_registers_again(self) -> None:
        Worker.objects.all().delete()
        wait_until(Worker.objects.filter(pk=engine.worker_id()).exists, within_s=6)

    def test_it_leaves_the_list_at_its_end(self) -> None:
        self.heart.stop()
        self.assertEqual(0, Worker.objects.count())

    def test_a_task_that_could_not_settle_its_job_disowns_it(self) -> None:
        left_behind = engine.worker_id()
        heartbeat.disown()
        beaten = Worker.objects.get(pk=left_behind).beat_at
        wait_until(Worker.objects.filter(pk=engine.worker_id(), beat_at__gt=beaten).exists, within_s=6)
        self.assertNotEqual(left_behind, engine.worker_id())
        self.assertEqual(beaten, Worker.objects.get(pk=left_behind).beat_at)
