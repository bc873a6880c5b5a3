"""Previews as a worker makes them, asked for by a page in one thread and answered in another."""

import base64
import io
from unittest import mock

import numpy as np
from django.urls import reverse
from PIL import Image

from gallery import services
from gallery.models import JobState, ModelVersion, Photo, Preview, PreviewState
from gallery.services import previews
from gallery.variants import VariantSettings
from tests import pictures
from tests.base import GalleryRaceTestCase, GalleryTestCase, as_upload
from tests.broker import RealBroker
from tests.worker.small_site import SmallSite
from tests.worker.test_colorizing import most_color
from worker import colorizing, engine, heartbeat, previewing, tasks

BLUE = {"x": 100.0, "y": 80.0, "radius": 30.0, "color": "#2040ff"}


class Patient:
    """On a machine that is busy with other tests, nobody gives up."""

    def setUp(self) -> None:
        super().setUp()
        longer = mock.patch.multiple(previews, PATIENCE_S=120.0, DOUBT_PATIENCE_S=120.0)
        longer.start()
        self.addCleanup(longer.stop)


class PageTests(Patient, RealBroker, GalleryRaceTestCase):
    """One worker answers from its own thread as long as the test runs."""

    def setUp(self) -> None:
        super().setUp()
        previewing._photo.cache_clear()
        previewing._proposed.cache_clear()
        self.photo = services.upload_photo(self.owner, as_upload(pictures.jpeg((900, 600)))).photo
        engine.warm_up()
        heart = heartbeat.Heart()
        heart.start()
        self.addCleanup(heart.stop)
        self.client.force_login(self.owner)
        beside = tasks.previews_beside()
        beside.__enter__()
        self.addCleanup(beside.__exit__, None, None, None)

    def preview(self, **told: object) -> Image.Image:
        address = reverse("photo_preview", args=[self.photo.pk])
        answer = self.client.post(address, told, content_type="application/json")
        self.assertEqual((answer.status_code, answer["Content-Type"]), (200, "image/jpeg"), answer.content)
        return Image.open(io.BytesIO(answer.content))

    def test_a_page_gets_the_photograph_in_the_colors_it_asks_for(self) -> None:
        plain, grey, told = self.preview(), self.preview(vividness=0), self.preview(hints=[BLUE])
        self.assertEqual((plain.size, plain.mode), ((900, 600), "RGB"))
        self.assertGreater(most_color(plain), 10)
        self.assertLess(most_color(grey), 4)
        red, _, blue = told.getpixel((100, 80))
        self.assertGreater(blue - red, 15)
        self.assertEqual({PreviewState.DONE}, set(Preview.objects.values_list("status", flat=True)))

    def test_a_preview_looks_like_the_result(self) -> None:
        asked = {"hints": [BLUE], "vividness": 1.3, "warmth": -0.4, "network_size": 192, "flip_averaged": True}
        preview = np.asarray(self.preview(**asked), dtype=float)
        job = services.order_variant(self.photo, VariantSettings.parse(asked))
        claim = services.claim(job.pk, engine.worker_id())
        output = colorizing.colorize(claim)
        self.assertEqual(output.settings, claim.settings.everything())
        with Image.open(self.media / output.preview_key) as result:
            self.assertLess(np.abs(preview - np.asarray(result, dtype=float)).mean(), 3)

    def test_neither_a_slider_nor_a_hint_asks_the_network_anew_but_another_size_does(self) -> None:
        for vividness in (0.5, 1.0, 1.5):
            self.preview(vividness=vividness, warmth=0.1)
        plain = self.preview()
        self.assertNotEqual(self.preview(hints=[BLUE]), plain)
        self.assertEqual(previewing._proposed.cache_info().misses, 1)
        self.preview(network_size=192)
        self.assertEqual((previewing._proposed.cache_info().misses, previewing._photo.cache_info().misses), (2, 1))

    def test_likely_colors_and_doubt(self) -> None:
        at = {"x": "450", "y": "300"}
        colors = self.client.get(reverse("photo_palette", args=[self.photo.pk]), at).json()["colors"]
        self.assertTrue(colors)
        self.assertRegex(" ".join(colors), r"^(#[0-9a-f]{6} ?)+$")
        told = self.client.get(reverse("photo_doubt", args=[self.photo.pk])).json()
        self.assertEqual(set(told), {"map", "sentence", "share"})
        drawn = Image.open(io.BytesIO(base64.b64decode(told["map"].split(",")[1])))
        self.assertEqual(drawn.mode, "RGBA")
        self.assertAlmostEqual(drawn.width / drawn.height, 1.5, delta=0.02)

    def test_a_photograph_that_shows_nothing_is_told_of(self) -> None:
        blank = pictures.encoded(Image.new("L", (64, 64), 255))
        self.photo = services.upload_photo(self.owner, as_upload(blank)).photo
        address = reverse("photo_preview", args=[self.photo.pk])
        with self.assertLogs("worker.tasks", "ERROR"):
            answer = self.client.post(address, {}, content_type="application/json")
        self.assertEqual((answer.status_code, list(answer.json())), (422, ["error"]))


class OrderTests(Patient, RealBroker, GalleryTestCase):
    def test_previews_come_before_jobs_and_a_crowd_of_them_lets_a_job_through(self) -> None:
        photo = services.upload_photo(self.owner, as_upload(pictures.jpeg((64, 48)))).photo
        engine.warm_up()
        services.register_worker(services.WorkerFacts(engine.worker_id(), "test:1", queue="colorize", device="cpu"))
        for _ in range(3):
            services.ask_for_preview(photo, Preview.Kind.PALETTE, {"x": 0.5, "y": 0.5})
        with mock.patch.object(tasks, "MOST_PREVIEWS", 2), mock.patch.object(tasks, "LOOK_EVERY_S", 60):
            tasks.colorize()
        self.assertEqual(photo.jobs.get().status, JobState.DONE)
        self.assertEqual(Preview.objects.filter(status=PreviewState.DONE).count(), 2)
        tasks.colorize()
        self.assertEqual(Preview.objects.filter(status=PreviewState.DONE).count(), 3)


class BesideTests(SmallSite, GalleryTestCase):
    """Another version than the active one."""

    def setUp(self) -> None:
        super().setUp()
        self.shipped = services.active_version()
        self.make_set(self.staff, count=8)
        self.better = self.add_version(seed=2)
        services.promote_version(self.better.pk, self.staff, reason="a test")

    def color(self, version: ModelVersion) -> Photo:
        photo = services.upload_photo(self.owner, as_upload(pictures.jpeg((96, 64)))).photo
        photo.jobs.all().delete()
        services.order_variant(photo, VariantSettings(model_version=version.number))
        tasks.colorize()
        return photo

    def test_a_job_is_colored_by_the_version_it_names_and_the_next_by_the_active_one(self) -> None:
        result = self.color(self.shipped).jobs.get().result
        self.assertEqual((result.model_version, result.model_digest), (self.shipped, self.shipped.digest))
        self.assertEqual(result.settings["model_version"], self.shipped.number)
        self.assertEqual(engine.serving(None).version, self.better)
        self.assertIs(engine.serving(self.shipped.number), engine.serving(self.shipped.number))

    def test_a_version_that_cannot_be_loaded_fails_its_job_alone(self) -> None:
        for path in (self.data / "shipped.safetensors", self.media / self.shipped.weights_key):
            path.write_bytes(b"nonsense")
        with self.assertLogs("worker.tasks", "ERROR"):
            job = self.color(self.shipped).jobs.get()
        self.assertEqual(job.status, JobState.FAILED)
        self.assertIn("missing or damaged", job.error)
        self.assertEqual(engine.serving(None).version, self.better)
