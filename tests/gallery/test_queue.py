"""The doorbell, heard on a real broker."""

import base64
import json
import threading

from django.db import transaction

from gallery import queue, services
from tests import pictures
from tests.base import GalleryTestCase, as_upload
from tests.broker import RealBroker


class RingTests(RealBroker, GalleryTestCase):
    def test_a_message_names_the_task_and_carries_nothing_else(self) -> None:
        self.assertTrue(queue.ring())
        message = json.loads(self._client().lrange(queue.QUEUE_COLORIZE, 0, -1)[0])
        self.assertEqual(message["headers"]["task"], "photolab.colorize")
        self.assertEqual(message["content-type"], "application/json")
        self.assertEqual(json.loads(base64.b64decode(message["body"]))[:2], [[], {}])

    def test_the_trainers_bell_is_another(self) -> None:
        self.assertTrue(queue.ring_trainer())
        message = json.loads(self._client().lrange(queue.QUEUE_TRAIN, 0, -1)[0])
        self.assertEqual(message["headers"]["task"], "photolab.retrain")
        self.assertEqual(self.messages(), 0)

    def test_an_upload_rings_once_and_after_the_commit(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            services.upload_photo(self.owner, as_upload(pictures.jpeg()))
            self.assertEqual(self.messages(), 0)
        self.assertEqual(self.messages(), 1)

    def test_a_job_that_is_rolled_back_is_not_rung(self) -> None:
        photo = self.make_photo(self.owner)
        services.cancel(photo.jobs.get().pk)
        with self.captureOnCommitCallbacks(execute=True), self.assertRaises(RuntimeError), transaction.atomic():
            services.retry_photo(photo.pk)
            raise RuntimeError("the transaction fails")
        self.assertEqual(self.messages(), 0)

    def test_threads_of_the_web_server_ring_the_same_bell(self) -> None:
        """Celery's "current" application is known to the importing thread alone."""
        heard = []
        ringing = threading.Thread(target=lambda: heard.append(queue.current_app.conf.broker_url))
        ringing.start()
        ringing.join()
        self.assertEqual(heard, [queue.current_app.conf.broker_url])

    def test_requeue_rings_at_once(self) -> None:
        claim = self.claimed(self.make_photo(self.owner))
        with self.captureOnCommitCallbacks(execute=True):
            services.requeue(claim)
        self.assertEqual(self.messages(), 1)

    def test_a_broker_that_is_down_is_an_answer_and_no_error(self) -> None:
        self.broker_goes_away()
        self.assertFalse(queue.ring())
