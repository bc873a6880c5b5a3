"""What a watchman is told."""

from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now
from django.test import TransactionTestCase
from django.urls import reverse

from gallery.models import Job, Worker
from tests.base import GalleryTestCase


class HealthTests(GalleryTestCase):
    def test_an_idle_site_is_well(self) -> None:
        answer = self.client.get(reverse("healthz"))
        self.assertEqual(
            (answer.status_code, answer.json()), (200, {"ok": True, "live_workers": 0, "oldest_queued_s": None})
        )
        self.assertIn("no-store", answer["Cache-Control"])

    def test_it_counts_live_workers_and_the_age_of_the_oldest_queued_job(self) -> None:
        self.make_worker("host:1")
        silent = self.make_worker("host:2")
        Worker.objects.filter(pk=silent.pk).update(beat_at=Now() - timedelta(seconds=11))
        for mark, age_s in enumerate((5, 90)):
            job = self.make_photo(self.owner, mark=mark).jobs.get()
            Job.objects.filter(pk=job.pk).update(queued_at=Now() - timedelta(seconds=age_s))
        self.make_colored(self.owner, mark=7)
        told = self.client.get(reverse("healthz")).json()
        self.assertEqual(told["live_workers"], 2)
        self.assertAlmostEqual(told["oldest_queued_s"], 90, delta=2)


class BrokenDatabaseTests(TransactionTestCase):
    def test_a_database_without_the_tables_is_unavailable(self) -> None:
        with connection.schema_editor() as editor:
            editor.alter_db_table(Worker, "gallery_worker", "gallery_worker_gone")
        try:
            with self.assertLogs("gallery.views.health", "ERROR"):
                answer = self.client.get(reverse("healthz"))
        finally:
            with connection.schema_editor() as editor:
                editor.alter_db_table(Worker, "gallery_worker_gone", "gallery_worker")
        self.assertEqual((answer.status_code, answer.json()["ok"]), (503, False))
