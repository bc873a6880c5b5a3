"""The admin's page about queues and workers: what it tells, whose orders it takes, and what people hear of a pause."""

from datetime import timedelta

from django.db.models.functions import Now
from django.urls import reverse

from gallery import services
from gallery.models import QueuePause, Worker
from gallery.queue import QUEUE_COLORIZE, QUEUE_TRAIN
from gallery.waiting import waiting_of
from tests.base import GalleryTestCase


class QueuesPageTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.url = reverse("admin:queues")
        self.worker = self.make_worker("red:7")

    def order(self, verb: str, about: object) -> None:
        answer = self.client.post(self.url, {"order": f"{verb}:{about}"})
        self.assertRedirects(answer, self.url, fetch_redirect_response=False)

    def test_it_is_for_staff_who_may_see_workers(self) -> None:
        clerk = self.make_clerk("view_job")
        for user, status in ((None, 302), (self.owner, 302), (clerk, 403)):
            self.client.logout()
            if user:
                self.client.force_login(user)
            self.assertEqual(self.client.get(self.url).status_code, status)
        clerk.delete()
        for right, may_order in (("view_worker", False), ("run_queues", True)):
            clerk = self.make_clerk(right)
            self.client.force_login(clerk)
            self.assertIs(self.client.get(self.url).context["may_order"], may_order)
            self.assertEqual(
                self.client.post(self.url, {"order": "pause:train"}).status_code, 302 if may_order else 403
            )
            self.assertEqual(services.is_paused(QUEUE_TRAIN), may_order)
            clerk.delete()

    def test_a_queue_is_paused_and_resumed(self) -> None:
        self.client.force_login(self.staff)
        self.order("pause", QUEUE_COLORIZE)
        self.assertEqual(QueuePause.objects.get().paused_by, self.staff)
        self.assertContains(self.client.get(self.url), "by stella")
        self.order("pause", QUEUE_COLORIZE)
        self.assertContains(self.client.get(self.url), "somebody else was quicker")
        self.order("resume", QUEUE_COLORIZE)
        self.assertFalse(services.is_paused(QUEUE_COLORIZE))

    def test_a_worker_is_drained_until_it_is_empty_and_taken_up_again(self) -> None:
        self.client.force_login(self.staff)
        claim = self.claimed(self.make_photo(self.owner), self.worker)
        self.assertEqual(self.states(), ["running"])
        self.order("drain", self.worker.pk)
        self.assertContains(self.client.get(self.url), "is emptied")
        services.finish(claim, self.stored_output(claim))
        self.assertContains(self.client.get(self.url), "it can be stopped")
        self.order("refill", self.worker.pk)
        self.assertEqual(self.states(), ["idle"])

    def test_a_silent_worker_is_shown_as_such_and_takes_no_order(self) -> None:
        self.client.force_login(self.staff)
        Worker.objects.update(beat_at=Now() - timedelta(minutes=2))
        self.assertEqual(self.states(), ["silent"])
        self.assertNotContains(self.client.get(self.url), "drain:")

    def test_an_order_that_is_none_changes_nothing(self) -> None:
        self.client.force_login(self.staff)
        for verb, about in (("pause", "mail"), ("burn", QUEUE_COLORIZE), ("drain", "7"), ("drain", ""), ("", "")):
            self.order(verb, about)
        self.assertFalse(QueuePause.objects.exists())
        self.assertIsNone(Worker.objects.get().drained_at)

    def test_two_workers_on_one_graphics_card_are_told_of(self) -> None:
        self.client.force_login(self.staff)
        self.make_worker("red:8")
        self.assertEqual(self.client.get(self.url).context["shared"], [])
        Worker.objects.update(device="cuda:0")
        self.assertContains(self.client.get(self.url), "cuda:0 (red)")

    def states(self) -> list[str]:
        return [row.state for row in self.client.get(self.url).context["rows"]]


class PauseToldTests(GalleryTestCase):
    def test_those_who_wait_are_told_of_a_pause_and_promised_no_time(self) -> None:
        self.make_worker()
        self.make_colored(self.friend, mark=1)
        photo = self.make_photo(self.owner)
        self.assertIsNotNone(waiting_of(photo.latest_job).eta_s)
        services.pause_queue(QUEUE_COLORIZE, self.staff)
        waiting = waiting_of(photo.latest_job)
        self.assertEqual((waiting.position, waiting.eta_s, waiting.is_paused), (1, None, True))
        self.client.force_login(self.owner)
        for page in (reverse("gallery"), reverse("photo", args=[photo.pk])):
            self.assertContains(self.client.get(page), "Coloring is paused")

    def test_a_site_whose_workers_are_all_drained_has_none_for_those_who_wait(self) -> None:
        worker = self.make_worker()
        services.drain_worker(worker.pk)
        self.client.force_login(self.owner)
        self.assertContains(self.client.get(reverse("gallery")), "No worker is running")
