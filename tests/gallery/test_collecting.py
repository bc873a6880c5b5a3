"""What is admitted to training, what is set aside and why: real files, read by the real child process."""

import io
from unittest import mock

import numpy as np
from django.core.files.storage import default_storage
from django.db import transaction
from PIL import Image
from skimage import data

from gallery import files, images, services, upkeep
from gallery.color_facts import TRAINING_SIDE, measure_colorfulness
from gallery.learning import learning_of
from gallery.models import Admission, CollectedImage, KeptOut, Origin, Photo, Result
from gallery.services import collecting
from gallery.services.collecting import FILE_IS_GONE
from gallery.variants import VariantSettings
from tests import pictures
from tests.base import A_COLOR, GalleryTestCase, as_upload, read_stored
from tests.gallery.training_rows import TrainingRows


def cat(size: tuple[int, int] = (640, 426)) -> Image.Image:
    return Image.fromarray(data.chelsea()).resize(size)


def faded(image: Image.Image, share: float) -> Image.Image:
    return Image.blend(image.convert("L").convert("RGB"), image, share)


class StaffUploadTests(GalleryTestCase):
    def collect(self, image: Image.Image, **options: object) -> CollectedImage:
        return services.collect_upload(self.staff, as_upload(pictures.encoded(image, **options))).image

    def test_a_color_picture_is_included_with_a_copy_for_training(self) -> None:
        image = self.collect(cat((1800, 1200)), quality=95)
        self.assertEqual((image.status, image.reason, image.origin), (Admission.INCLUDED, "", Origin.STAFF_UPLOAD))
        self.assertEqual((image.width, image.height, image.owner, image.photo), (1800, 1200, self.staff, None))
        copy = Image.open(io.BytesIO(read_stored(image.file_key)))
        self.assertEqual((copy.format, copy.size, copy.mode), ("JPEG", (768, TRAINING_SIDE), "RGB"))
        expected = np.asarray(cat((768, TRAINING_SIDE)), dtype=float)
        self.assertLess(np.abs(np.asarray(copy, dtype=float) - expected).mean(), 4)
        self.assertEqual(image.byte_size, len(read_stored(image.file_key)))
        self.assertEqual(self.stored_files(), set(image.file_keys))

    def test_what_teaches_no_color_is_set_aside_with_the_reason(self) -> None:
        cases = {
            "grey or toned": cat().convert("L"),
            "hardly any color": faded(cat(), 0.35),
            "shorter side has 40 pixels": cat((60, 40)),
        }
        for reason, picture in cases.items():
            with self.subTest(reason):
                image = self.collect(picture)
                self.assertEqual(image.status, Admission.SET_ASIDE)
                self.assertIn(reason, image.reason)

    def test_a_copy_of_a_picture_that_is_there_is_set_aside(self) -> None:
        first = self.collect(cat(), quality=95)
        for copy in (cat((480, 320)), cat().point(lambda value: min(255, int(value * 1.15)))):
            again = self.collect(copy, quality=50)
            self.assertEqual(again.status, Admission.SET_ASIDE)
            self.assertEqual(again.reason, f"Nearly the same picture is there already (picture {first.pk}).")
        self.assertEqual(self.collect(pictures.color()).status, Admission.INCLUDED)

    def test_the_same_bytes_again_are_the_same_row(self) -> None:
        content = pictures.encoded(cat())
        first = services.collect_upload(self.staff, as_upload(content))
        again = services.collect_upload(self.staff, as_upload(content))
        self.assertEqual((again.image, first.is_duplicate, again.is_duplicate), (first.image, False, True))

    def test_what_is_no_picture_is_refused_and_leaves_nothing(self) -> None:
        for content in (b"no picture at all", pictures.encoded(cat())[:2000]):
            with self.assertRaises(images.ImageRefused):
                services.collect_upload(self.staff, as_upload(content))
        self.assertFalse(CollectedImage.objects.exists())
        self.assertEqual(self.stored_files(), set())

    def test_staff_decide_otherwise_and_it_is_written_down(self) -> None:
        image = self.collect(cat().convert("L"))
        self.assertEqual(services.include_images([image.pk], self.staff), 1)
        self.assertEqual(services.include_images([image.pk], self.staff), 0)
        image.refresh_from_db()
        self.assertEqual((image.status, image.reason, image.decided_by), (Admission.INCLUDED, "", self.staff))
        self.assertEqual(services.exclude_images([image.pk], self.staff, reason="Shows a face."), 1)
        image.refresh_from_db()
        self.assertEqual((image.status, image.reason), (Admission.EXCLUDED, "Shows a face."))
        self.assertIsNotNone(image.decided_at)


class ConsentedTests(TrainingRows, GalleryTestCase):
    def upload(self, image: Image.Image) -> Photo:
        return services.upload_photo(self.owner, as_upload(pictures.encoded(image))).photo

    def test_an_upload_in_color_of_an_account_that_consents_is_collected(self) -> None:
        services.give_consent(self.owner)
        photo = self.upload(cat())
        grey = self.upload(pictures.grey())
        self.assertEqual(upkeep.collect(), 1)
        image = CollectedImage.objects.get()
        self.assertEqual((image.photo, image.owner, image.origin), (photo, self.owner, Origin.COLOR_UPLOAD))
        self.assertEqual((image.status, image.digest), (Admission.INCLUDED, photo.digest))
        self.assertEqual(image.consented_at, services.consented_at(photo.pk))
        self.assertEqual(upkeep.collect(), 0)
        self.assertIsNone(services.collect_photo(grey.pk))

    def test_without_consent_nothing_is_collected_and_later_consent_collects_what_is_there(self) -> None:
        self.upload(cat())
        self.upload(pictures.color())
        self.assertEqual(services.collect_waiting(at_most=10), 0)
        services.give_consent(self.owner)
        self.assertEqual([services.collect_waiting(at_most=1) for _ in range(3)], [1, 1, 0])

    def test_a_photo_whose_file_is_gone_or_damaged_is_set_aside_and_not_tried_again(self) -> None:
        services.give_consent(self.owner)
        gone, damaged = self.upload(cat()), self.upload(pictures.color())
        files.delete([gone.original_key])
        (self.media / damaged.original_key).write_bytes(b"\xff\xd8\xff broken")
        self.assertEqual(services.collect_waiting(at_most=5), 2)
        rows = {image.photo: image for image in CollectedImage.objects.all()}
        self.assertEqual({image.status for image in rows.values()}, {Admission.SET_ASIDE})
        self.assertEqual(rows[gone].reason, FILE_IS_GONE)
        self.assertIn("damaged", rows[damaged].reason)
        self.assertEqual(services.collect_waiting(at_most=5), 0)
        self.assertEqual(services.include_images([image.pk for image in rows.values()], self.staff), 0)

    def accepted(self, picture: Image.Image, *, mark: int = 0) -> Result:
        """A result that shows the picture, and whose owner said that it is right."""
        result = self.make_colored(self.owner, mark=mark, told=A_COLOR).shown_result
        with default_storage.open(result.image_key, "wb") as file:
            file.write(pictures.encoded(picture))
        self.assertTrue(services.accept_result(result.job_id))
        return result

    def test_an_accepted_result_is_collected_once_consent_covers_it(self) -> None:
        result = self.accepted(cat())
        self.assertEqual((services.collect_result(result.job_id), services.collect_waiting(at_most=5)), (None, 0))
        photo = result.job.photo
        services.give_consent(self.owner, photo)
        self.assertEqual([services.collect_waiting(at_most=5) for _ in range(2)], [1, 0])
        image = CollectedImage.objects.get()
        self.assertEqual((image.photo, image.origin), (photo, Origin.ACCEPTED_RESULT))
        self.assertEqual((image.status, image.consented_at), (Admission.INCLUDED, services.consented_at(photo.pk)))
        result.refresh_from_db()
        self.assertEqual(image.digest, result.digest)
        self.assertEqual(services.revoke_consent(self.owner, photo), 1)

    def test_a_result_that_nobody_accepted_is_not_collected(self) -> None:
        result = self.make_colored(self.owner).shown_result
        services.give_consent(self.owner)
        self.assertEqual((services.collect_result(result.job_id), services.collect_waiting(at_most=5)), (None, 0))

    def test_the_result_accepted_last_takes_the_place_of_the_one_before(self) -> None:
        services.give_consent(self.owner)
        first = self.accepted(cat())
        services.collect_waiting(at_most=5)
        services.order_variant(first.job.photo, VariantSettings.parse({**A_COLOR, "warmth": 0.2}))
        claim = self.claimed(first.job.photo)
        services.finish(claim, self.stored_output(claim))
        with self.captureOnCommitCallbacks(execute=True):
            services.accept_result(claim.job_id)
        self.assertFalse(CollectedImage.objects.exists())
        self.assertEqual(Result.objects.get(accepted_at__isnull=False).job_id, claim.job_id)
        self.assertEqual(services.collect_waiting(at_most=5), 1)

    def test_what_is_taken_back_while_it_is_looked_at_is_not_collected(self) -> None:
        services.give_consent(self.owner)
        result = self.accepted(cat())
        services.collect_waiting(at_most=5)
        result.refresh_from_db()
        with self.captureOnCommitCallbacks(execute=True):
            self.assertEqual(services.unaccept_result(result.job_id), 1)
        image = CollectedImage(
            owner=self.owner, photo=result.job.photo, origin=Origin.ACCEPTED_RESULT, digest=result.digest
        )
        with self.assertRaises(collecting.ConsentMissing):
            collecting._save(image)

    def test_an_accepted_result_whose_file_is_gone_is_set_aside_and_not_tried_again(self) -> None:
        services.give_consent(self.owner)
        lost = self.accepted(pictures.color((64, 48)), mark=1)
        files.delete([lost.image_key])
        self.accepted(cat(), mark=2)
        self.assertEqual([services.collect_waiting(at_most=1) for _ in range(3)], [1, 1, 0])
        image = CollectedImage.objects.get(photo=lost.job.photo)
        self.assertEqual((image.status, image.reason, image.file_key), (Admission.SET_ASIDE, FILE_IS_GONE, ""))

    def test_a_file_that_cannot_be_read_keeps_no_other_waiting(self) -> None:
        services.give_consent(self.owner)
        broken = self.upload(cat())
        self.upload(pictures.color())
        path = self.media / broken.original_key
        path.unlink()
        path.mkdir()  # an error of the storage, and no missing file
        self.assertEqual(services.collect_waiting(at_most=5), 1)
        self.assertFalse(CollectedImage.objects.filter(photo=broken).exists())

    def test_a_storage_that_is_down_is_asked_a_few_times_only(self) -> None:
        services.give_consent(self.owner)
        for mark in range(5):
            self.make_photo(self.owner, mark=mark, has_color=True)
        with mock.patch.object(default_storage, "open", side_effect=OSError("away")) as asked:
            self.assertEqual(services.collect_waiting(at_most=5), 0)
        self.assertEqual(asked.call_count, collecting.FAILURES_AT_MOST)


class CopyTests(TrainingRows, GalleryTestCase):
    """Two copies of one picture, of two people; the second is set aside."""

    def setUp(self) -> None:
        super().setUp()
        self.photos = {}
        for owner, quality in ((self.owner, 95), (self.friend, 60)):
            services.give_consent(owner)
            content = pictures.encoded(cat(), quality=quality)
            self.photos[owner] = services.upload_photo(owner, as_upload(content)).photo
            upkeep.collect()
        self.first, self.copy = CollectedImage.objects.order_by("pk")
        self.assert_set_aside(f"Nearly the same picture is there already (picture {self.first.pk}).")

    def assert_set_aside(self, reason: str) -> None:
        self.copy.refresh_from_db()
        self.assertEqual((self.copy.status, self.copy.reason), (Admission.SET_ASIDE, reason))

    def assert_ruled_out(self) -> None:
        self.assert_set_aside(
            f"Nearly the same picture was ruled out by those who run this site (picture {self.first.pk})."
        )

    def test_when_the_first_is_gone_the_copy_is_included(self) -> None:
        for withdraw in (
            lambda: services.revoke_consent(self.owner),
            lambda: services.trash_photos([self.photos[self.owner].pk]),
            lambda: services.delete_photos([self.photos[self.owner].pk]),
        ):
            with transaction.atomic():
                withdraw()
                upkeep.collect()
                self.copy.refresh_from_db()
                self.assertEqual((self.copy.status, self.copy.reason), (Admission.INCLUDED, ""))
                transaction.set_rollback(True)
        upkeep.collect()
        self.assert_set_aside(f"Nearly the same picture is there already (picture {self.first.pk}).")

    def test_of_several_copies_one_takes_its_place(self) -> None:
        other = self.make_collected(
            self.stranger, status=Admission.SET_ASIDE, phash=self.copy.phash, reason=self.copy.reason
        )
        services.revoke_consent(self.owner)
        upkeep.collect()
        other.refresh_from_db()
        self.copy.refresh_from_db()
        self.assertEqual((self.copy.status, other.status), (Admission.INCLUDED, Admission.SET_ASIDE))
        self.assertEqual(other.reason, f"Nearly the same picture is there already (picture {self.copy.pk}).")

    def test_what_staff_exclude_stays_out_with_its_copies_whatever_becomes_of_it(self) -> None:
        services.exclude_images([self.first.pk], self.staff, reason="Shows a face.")
        self.assert_ruled_out()
        upkeep.collect()
        self.assert_ruled_out()
        again = services.collect_upload(self.staff, as_upload(pictures.encoded(cat(), quality=80))).image
        self.assertEqual((again.status, again.reason), (Admission.SET_ASIDE, self.copy.reason))
        services.revoke_consent(self.owner)
        upkeep.collect()
        self.assert_ruled_out()

    def test_what_staff_delete_takes_its_copies_out(self) -> None:
        services.delete_images([self.first.pk], self.staff)
        upkeep.collect()
        self.assert_ruled_out()

    def test_when_staff_include_the_first_again_the_copy_is_one_as_before(self) -> None:
        services.exclude_images([self.first.pk], self.staff)
        services.include_images([self.first.pk], self.staff)
        upkeep.collect()
        self.assert_set_aside(f"Nearly the same picture is there already (picture {self.first.pk}).")

    def test_a_picture_that_could_not_be_read_is_like_no_other(self) -> None:
        unreadable = self.make_collected(self.owner, phash="", status=Admission.SET_ASIDE, reason="Gone.")
        services.exclude_images([unreadable.pk], self.staff)
        image = services.collect_upload(self.staff, as_upload(pictures.encoded(pictures.color()))).image
        self.assertEqual(image.status, Admission.INCLUDED)


class StaffDecisionTests(GalleryTestCase):
    """What staff decide about a visitor's picture holds, whatever its owner allows."""

    def setUp(self) -> None:
        super().setUp()
        services.give_consent(self.owner)
        self.photo = services.upload_photo(self.owner, as_upload(pictures.encoded(cat()))).photo
        services.collect_waiting(at_most=5)
        self.image = CollectedImage.objects.get()

    def test_what_they_deleted_is_not_collected_again(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            self.assertEqual(services.delete_images([self.image.pk], self.staff), 1)
        self.assertEqual(self.stored_files(), set(self.photo.file_keys))
        self.assertEqual((services.collect_waiting(at_most=5), services.collect_photo(self.photo.pk)), (0, None))
        kept_out = KeptOut.objects.get()
        self.assertEqual(
            (kept_out.owner, kept_out.digest, kept_out.decided_by), (self.owner, self.photo.digest, self.staff)
        )
        self.assertIn("excluded by those who run this site", learning_of(self.photo).set_aside)
        kept_out.delete()
        self.assertEqual(services.collect_waiting(at_most=5), 1)

    def test_what_they_excluded_stays_out_when_a_consent_is_taken_back_and_given_again(self) -> None:
        services.exclude_images([self.image.pk], self.staff, reason="Not ours to learn from.")
        services.revoke_consent(self.owner)
        services.give_consent(self.owner)
        self.assertEqual(services.collect_waiting(at_most=5), 0)
        kept_out = KeptOut.objects.get()
        self.assertEqual((kept_out.reason, kept_out.decided_by), ("Not ours to learn from.", self.staff))

    def test_what_only_its_owner_took_back_is_collected_again(self) -> None:
        services.revoke_consent(self.owner)
        services.give_consent(self.owner)
        self.assertEqual(services.collect_waiting(at_most=5), 1)

    def test_what_staff_uploaded_and_deleted_may_be_uploaded_again(self) -> None:
        upload = as_upload(pictures.encoded(pictures.color()))
        image = services.collect_upload(self.staff, upload).image
        services.delete_images([image.pk], self.staff)
        upload.seek(0)
        self.assertFalse(services.collect_upload(self.staff, upload).is_duplicate)

    def test_the_decision_goes_with_the_account(self) -> None:
        services.delete_images([self.image.pk], self.staff)
        services.delete_account(self.owner)
        self.assertFalse(KeptOut.objects.exists())


class ColorfulnessTests(GalleryTestCase):
    def test_it_is_the_papers_formula(self) -> None:
        """Half red, half green: by hand, rg is 255 and -255, yb is 127.5 everywhere."""
        halves = Image.new("RGB", (10, 10), (255, 0, 0))
        halves.paste((0, 255, 0), (0, 0, 5, 10))
        self.assertAlmostEqual(measure_colorfulness(halves), 255 + 0.3 * 127.5, places=3)
        self.assertEqual(measure_colorfulness(Image.new("RGB", (10, 10), (90, 90, 90))), 0)
