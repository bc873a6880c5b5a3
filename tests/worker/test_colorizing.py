"""A worker's task in this process: real photographs, the shipped weights, a storage of its own."""

import io
from pathlib import Path

import numpy as np
import pyvips
from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.storage import default_storage
from django.test import SimpleTestCase, override_settings
from PIL import Image, ImageChops

from gallery import images, services
from gallery.images import ImageRefused
from gallery.models import Job, JobState, ModelVersion, Photo, Result
from tests import pictures
from tests.base import GalleryTestCase, as_upload, read_stored
from worker import colorizing, engine, tasks


def most_color(image: Image.Image) -> int:
    """The largest difference between two channels of a pixel: 0 in a grey picture."""
    red, green, blue = image.convert("RGB").split()
    return max(ImageChops.difference(red, other).getextrema()[1] for other in (green, blue))


class ColorizeTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        registered = services.WorkerFacts(id=engine.worker_id(), name="test:1", queue="colorize", device="cpu")
        services.register_worker(registered)

    def color(self, content: bytes, name: str = "photo.jpg") -> Job:
        """Upload, have the worker's task color it, answer the job as it stands then."""
        photo = services.upload_photo(self.owner, as_upload(content, name)).photo
        return self.run_task(photo)

    def run_task(self, photo: Photo) -> Job:
        job = photo.jobs.latest("id")
        tasks.colorize()
        job.refresh_from_db()
        return job

    def picture(self, key: str) -> Image.Image:
        return Image.open(io.BytesIO(read_stored(key)))

    def test_a_photo_comes_back_in_color_at_full_size(self) -> None:
        job = self.color(pictures.jpeg((900, 600)))
        self.assertEqual((JobState.DONE, 1, ""), (job.status, job.attempt, job.error))
        image = self.picture(job.result.image_key)
        self.assertEqual(("JPEG", (900, 600), "RGB"), (image.format, image.size, image.mode))
        self.assertGreater(most_color(image), 10)
        self.assertEqual((900, 600), (job.result.width, job.result.height))
        self.assertEqual(len(read_stored(job.result.image_key)), job.result.byte_size)
        loaded = engine.current()
        self.assertEqual((loaded.colorizer.digest, loaded.version), (job.result.model_digest, job.result.model_version))
        self.assertGreater(job.result.duration_s, 0)

    def test_the_light_of_the_photo_is_kept(self) -> None:
        job = self.color(pictures.encoded(pictures.grey((640, 480)), "PNG"), "scan.png")
        light = self.picture(job.result.image_key).convert("L")
        difference = ImageChops.difference(light, pictures.grey((640, 480)))
        mean = sum(value * count for value, count in enumerate(difference.histogram())) / (640 * 480)
        self.assertLess(mean, 3)

    def test_previews_are_bounded_and_keep_the_shape(self) -> None:
        job = self.color(pictures.jpeg((2000, 1000)))
        self.assertEqual((1600, 800), self.picture(job.result.preview_key).size)
        self.assertEqual((480, 240), self.picture(job.result.thumb_key).size)

    def test_a_result_is_of_its_sources_format(self) -> None:
        heic = (Path(__file__).parents[1] / "gallery" / "samples" / "portrait.heic").read_bytes()
        sources = {name: pictures.encoded(pictures.grey(), name) for name in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")}
        for name, content in (sources | {"HEIF": heic}).items():
            with self.subTest(name):
                result = self.color(content, f"scan.{name}").result
                expected = "JPEG" if name == "HEIF" else name
                self.assertEqual((expected, expected), (result.format, self.picture(result.image_key).format))
                self.assertTrue(result.image_key.endswith(images.EXTENSIONS[expected]))

    def test_sixteen_bits_come_back_as_sixteen(self) -> None:
        for name in ("TIFF", "PNG"):
            with self.subTest(name):
                scan = pictures.encoded(pictures.sixteen_bit((640, 480)), name)
                stored = read_stored(self.color(scan, "scan").result.image_key)
                image = pyvips.Image.new_from_buffer(stored, "")
                self.assertEqual(("ushort", 3), (image.format, image.bands))
                light = image.colourspace("grey16").numpy().squeeze() / 257
                self.assertLess(abs(light - np.asarray(pictures.grey((640, 480)), dtype=float)).mean(), 3)

    def test_a_result_says_that_its_colors_are_simulated(self) -> None:
        image = self.picture(self.color(pictures.jpeg()).result.image_key)
        self.assertIn(b"ColorsAreSimulated>True<", image.info["xmp"])

    def test_a_photo_turned_by_exif_is_colored_upright(self) -> None:
        result = self.color(pictures.turned_by_exif((640, 480))).result
        self.assertEqual((480, 640), self.picture(result.image_key).size)

    def test_a_message_too_many_changes_nothing(self) -> None:
        job = self.color(pictures.jpeg())
        stored = self.stored_files()
        tasks.colorize()
        job.refresh_from_db()
        self.assertEqual((JobState.DONE, 1), (job.status, job.attempt))
        self.assertEqual(1, Result.objects.count())
        self.assertEqual(stored, self.stored_files())

    def test_a_message_is_for_whatever_waits_longest(self) -> None:
        first, second = (
            services.upload_photo(self.owner, as_upload(pictures.jpeg(mark=mark))).photo for mark in (1, 2)
        )
        tasks.colorize()
        states = [photo.jobs.get().status for photo in (first, second)]
        self.assertEqual([JobState.DONE, JobState.QUEUED], states)

    def test_an_original_that_was_damaged_in_the_storage_fails_in_plain_words(self) -> None:
        photo = services.upload_photo(self.owner, as_upload(pictures.jpeg())).photo
        whole = read_stored(photo.original_key)
        (self.media / photo.original_key).write_bytes(whole[: len(whole) // 2])
        with self.assertLogs("worker.tasks", "ERROR"):
            job = self.run_task(photo)
        self.assertEqual(JobState.FAILED, job.status)
        self.assertIn("cut off", job.error)

    def test_a_missing_original_fails_in_plain_words(self) -> None:
        photo = services.upload_photo(self.owner, as_upload(pictures.jpeg())).photo
        default_storage.delete(photo.original_key)
        with self.assertLogs("worker.tasks", "ERROR"):
            job = self.run_task(photo)
        self.assertEqual(JobState.FAILED, job.status)
        self.assertIn("no longer in the storage", job.error)

    def test_missing_weights_fail_in_plain_words_and_a_later_try_succeeds(self) -> None:
        photo = services.upload_photo(self.owner, as_upload(pictures.jpeg())).photo
        loaded, engine._engine.loaded = engine.current(), None
        default_storage.delete(ModelVersion.objects.get().weights_key)
        nowhere = override_settings(PHOTOLAB_WEIGHTS=Path("/nowhere/photolab.safetensors"))
        with nowhere, self.assertLogs("worker.tasks", "ERROR"), self.assertLogs("worker.engine", "ERROR"):
            job = self.run_task(photo)
        engine._engine.loaded = loaded
        self.assertEqual(JobState.FAILED, job.status)
        self.assertIn("missing or damaged on this site", job.error)
        services.retry_photo(photo.pk)
        self.assertEqual(JobState.DONE, self.run_task(photo).status)

    def test_an_attempt_that_lost_its_claim_leaves_no_files(self) -> None:
        photo = services.upload_photo(self.owner, as_upload(pictures.jpeg())).photo
        engine.current()  # its weights are stored when they are named
        before = self.stored_files()
        claim = self.claimed(photo)
        output = colorizing.colorize(claim)
        self.assertIn(output.image_key, self.stored_files())
        services.cancel(claim.job_id)
        self.assertFalse(services.finish(claim, output))
        colorizing.discard(claim)
        self.assertEqual(before, self.stored_files())


class WordsTests(SimpleTestCase):
    def test_every_failure_says_what_to_do(self) -> None:
        from colorizer import NoColorError, OutOfMemoryError, WeightsError

        expected = {
            ImageRefused("This file is cut off."): "This file is cut off.",
            NoColorError("The generator found no color."): "The generator found no color.",
            OutOfMemoryError("10 GB"): "Upload a smaller copy",
            MemoryError(): "Upload a smaller copy",
            SoftTimeLimitExceeded(): "took too long",
            WeightsError("/srv/secret/weights"): "Tell whoever runs it",
            FileNotFoundError("photos/1"): "Upload it again",
            RuntimeError("mat1 and mat2 shapes cannot be multiplied"): "Try again",
        }
        for error, words in expected.items():
            with self.subTest(type(error).__name__):
                said = colorizing.in_words(error)
                self.assertIn(words, said)
                self.assertTrue(said.endswith("."))
        self.assertNotIn("secret", colorizing.in_words(WeightsError("/srv/secret/weights")))
