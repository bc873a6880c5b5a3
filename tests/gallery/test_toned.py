"""Toned scans: recognized at the upload, said on the page, and taken back by who knows better."""

from unittest import mock

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.urls import reverse
from PIL import Image, ImageOps

from gallery import admission, services
from gallery.models import Admission, CollectedImage, Origin, Photo, Result
from gallery.variants import VariantSettings
from tests import pictures
from tests.base import A_COLOR, GalleryTestCase, as_upload

READ_AS_GREY = "This scan is toned; it was read as grey"


def sepia() -> Image.Image:
    return ImageOps.colorize(pictures.grey((320, 240)), black="#140c04", mid="#87725a", white="#efe4cf")


class TonedTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.owner)

    def uploaded(self, image: Image.Image) -> Photo:
        return services.upload_photo(self.owner, as_upload(pictures.encoded(image))).photo

    def say(self, photo: Photo, tone: str) -> None:
        self.client.post(reverse("photo_tone", args=[photo.pk]), {"tone": tone})
        photo.refresh_from_db()

    def test_sepia_cyanotype_grey_and_color_are_told_apart(self) -> None:
        blue = ImageOps.colorize(pictures.grey((320, 240)), black="#08142c", white="#e8f0fa")
        cases = {(False, True): [sepia(), blue], (False, False): [pictures.grey()], (True, False): [pictures.color()]}
        for (has_color, is_toned), images in cases.items():
            for image in images:
                photo = self.uploaded(image)
                self.assertEqual((photo.has_color, photo.is_toned), (has_color, is_toned))

    def test_the_page_says_it_and_the_owner_takes_it_back_and_forth(self) -> None:
        photo = self.uploaded(sepia())
        page = reverse("photo", args=[photo.pk])
        self.assertContains(self.client.get(page), READ_AS_GREY)
        self.say(photo, "color")
        self.assertEqual((photo.has_color, photo.is_toned), (True, False))
        self.assertNotContains(self.client.get(page), READ_AS_GREY)
        self.say(photo, "toned")
        self.assertEqual((photo.has_color, photo.is_toned), (False, True))

    def test_of_a_grey_photograph_there_is_nothing_to_say(self) -> None:
        photo = self.uploaded(pictures.grey())
        for tone in ("color", "toned"):
            self.say(photo, tone)
            self.assertEqual((photo.has_color, photo.is_toned), (False, False))

    def test_a_toned_one_teaches_nothing_any_more(self) -> None:
        photo = self.uploaded(pictures.color())
        services.give_consent(self.owner)
        services.collect_photo(photo.pk)
        self.assertEqual(photo.collected_images.count(), 1)
        self.say(photo, "toned")
        self.assertEqual(photo.collected_images.count(), 0)

    def test_the_truth_takes_the_place_of_a_result_that_was_called_right(self) -> None:
        services.give_consent(self.owner)
        photo = self.uploaded(sepia())
        services.order_variant(photo, VariantSettings.parse(A_COLOR))
        claim = self.claimed(photo)
        services.finish(claim, self.stored_output(claim))
        with default_storage.open(Result.objects.get().image_key, "wb") as file:
            file.write(pictures.encoded(pictures.color((320, 240))))
        self.assertTrue(services.accept_result(claim.job_id))
        self.assertEqual(services.collect_waiting(at_most=5), 1)
        accepted = CollectedImage.objects.get()
        self.assertEqual((accepted.origin, accepted.status), (Origin.ACCEPTED_RESULT, Admission.INCLUDED))
        with self.captureOnCommitCallbacks(execute=True):
            self.say(photo, "color")
        self.assertFalse(CollectedImage.objects.exists() or Result.objects.exclude(accepted_at=None).exists())
        self.assertFalse(set(accepted.file_keys) & self.stored_files())
        services.collect_waiting(at_most=5)
        self.assertEqual(CollectedImage.objects.get().digest, photo.digest)

    def test_one_that_is_called_toned_while_it_is_looked_at_is_not_collected(self) -> None:
        services.give_consent(self.owner)
        photo = self.uploaded(pictures.color())
        look = admission.look

        def slowly(upload: File) -> admission.Looked:
            services.say_tone(photo.pk, is_toned=True)
            return look(upload)

        with mock.patch.object(admission, "look", slowly):
            self.assertIsNone(services.collect_photo(photo.pk))
        self.assertFalse(CollectedImage.objects.exists())
        self.assertEqual(self.stored_files(), set(photo.file_keys))
