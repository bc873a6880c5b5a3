"""What owners say about training on their pages, and what these tell them."""

from django.urls import reverse

from gallery import services
from gallery.models import CollectedImage, Origin, Photo, Result, Side, SnapshotEntry, TrainingConsent
from tests.base import A_COLOR, GalleryTestCase
from tests.gallery.training_rows import TrainingRows


class LearningTestCase(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_shipped("d" * 64)
        self.photo = self.make_colored(self.owner)
        self.client.force_login(self.owner)

    def send(self, name: str, *args: int, **fields: str) -> list[str]:
        """The messages that the next page shows."""
        page = self.client.post(reverse(name, args=args), fields, follow=True)
        return [str(message) for message in page.context["messages"]]

    def page(self, photo: Photo) -> str:
        return self.client.get(reverse("photo", args=[photo.pk])).content.decode()

    def learned(self, digest: str) -> None:
        """A version that learned from a picture."""
        self.make_set(self.staff)
        SnapshotEntry.objects.create(run=self.make_trained().run, digest=digest, side=Side.TRAIN)


class AccountTests(LearningTestCase):
    def account(self) -> str:
        return self.client.get(reverse("account")).content.decode()

    def test_nothing_is_allowed_until_somebody_says_so(self) -> None:
        self.assertIn("You have not allowed it.", self.account())
        self.assertFalse(TrainingConsent.objects.exists())

    def test_yes_is_dated_and_no_withdraws_the_pictures(self) -> None:
        self.send("account_training", allowed="yes")
        self.assertTrue(services.account_consent(self.owner).is_given)
        self.assertIn("You allow it for your whole account", self.account())
        self.make_collected(self.owner, photo=self.photo)
        told = self.send("account_training", allowed="no")
        self.assertEqual(told, ["No training that begins now learns from your photographs. 1 picture was withdrawn."])
        self.assertFalse(CollectedImage.objects.exists())
        self.assertIn("You do not allow it", self.account())

    def test_what_is_no_clear_yes_is_a_no(self) -> None:
        services.give_consent(self.owner)
        self.send("account_training", allowed="perhaps")
        self.assertFalse(services.account_consent(self.owner).is_given)

    def test_single_photographs_are_counted_and_taken_back_together(self) -> None:
        services.give_consent(self.owner, self.photo)
        self.assertIn("You allow it for 1 photograph.", self.account())
        self.send("account_training", allowed="no")
        self.assertIsNone(services.consented_at(self.photo.pk))

    def test_versions_that_learned_from_a_picture_are_named_after_a_no(self) -> None:
        self.assertNotIn("/models/2/", self.account())
        self.learned(self.photo.digest)
        services.revoke_consent(self.owner)
        self.assertIn("/models/2/", self.account())
        self.client.force_login(self.friend)
        self.assertNotIn("/models/2/", self.account())


class PhotoTests(LearningTestCase):
    def test_yes_and_no_for_one_photograph(self) -> None:
        self.assertIn("Nobody trains on this photograph.", self.page(self.photo))
        self.send("photo_training", self.photo.pk, allowed="yes")
        self.assertIn("You allow it for this photograph", self.page(self.photo))
        self.assertIsNone(services.account_consent(self.owner))
        self.send("photo_training", self.photo.pk, allowed="no")
        self.assertIn("Nobody trains on this photograph.", self.page(self.photo))

    def test_a_photograph_is_left_out_of_what_the_account_allows(self) -> None:
        services.give_consent(self.owner)
        other = self.make_colored(self.owner, mark=1)
        self.assertIn("You allow it for your whole account", self.page(self.photo))
        self.send("photo_training", self.photo.pk, allowed="no")
        self.assertIn("Nobody trains on this photograph.", self.page(self.photo))
        self.assertIn("You allow it for your whole account", self.page(other))

    def test_the_owner_reads_why_a_picture_is_not_used(self) -> None:
        services.give_consent(self.owner)
        self.make_collected(self.owner, photo=self.photo, status="set_aside", reason="It has hardly any color.")
        self.assertIn("It is not used at present: It has hardly any color.", self.page(self.photo))
        services.exclude_images([CollectedImage.objects.get().pk], self.staff)
        self.assertIn("It is not used at present: it was excluded by", self.page(self.photo))

    def test_versions_that_learned_from_it_are_named(self) -> None:
        self.assertNotIn("/models/2/", self.page(self.photo))
        self.learned(self.photo.digest)
        self.assertIn("/models/2/", self.page(self.photo))

    def test_changes_need_the_forms_token_and_a_form(self) -> None:
        strict = self.client_class(enforce_csrf_checks=True)
        strict.force_login(self.owner)
        job = self.photo.latest_job
        for name, pk in (("photo_training", self.photo.pk), ("result_accept", job.pk), ("result_show", job.pk)):
            self.assertEqual(strict.post(reverse(name, args=[pk])).status_code, 403)
            self.assertEqual(self.client.get(reverse(name, args=[pk])).status_code, 405)


class AcceptTests(LearningTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.photo = self.make_colored(self.owner, mark=1, told=A_COLOR)

    def test_of_the_models_own_guess_the_owner_reads_why_it_cannot_be_called_right(self) -> None:
        guess = self.make_colored(self.owner, mark=2)
        self.assertNotIn("These colors are right", self.page(guess))
        self.assertIn("A model learns nothing from its own guess.", self.page(guess))
        (told,) = self.send("result_accept", guess.latest_job.pk, right="yes")
        self.assertIn("Only colors that you have corrected can be called right.", told)
        self.assertFalse(Result.objects.filter(accepted_at__isnull=False).exists())

    def test_colors_are_called_right_and_that_is_taken_back(self) -> None:
        job = self.photo.latest_job
        self.send("result_accept", job.pk, right="yes")
        self.assertIsNotNone(Result.objects.get(job=job).accepted_at)
        self.assertIn("You said so on", self.page(self.photo))
        self.make_collected(self.owner, photo=self.photo, origin=Origin.ACCEPTED_RESULT)
        self.assertEqual(self.send("result_accept", job.pk, right="no"), ["Taken back. 1 picture was withdrawn."])
        self.assertIsNone(Result.objects.get(job=job).accepted_at)
        self.assertIn("These colors are right", self.page(self.photo))

    def test_with_consent_the_owner_reads_what_will_be_learned_from(self) -> None:
        services.give_consent(self.owner, self.photo)
        self.assertIn("There is nothing to learn from yet.", self.page(self.photo))
        accepted = self.photo.latest_job
        services.accept_result(accepted.pk)
        services.retry_photo(self.photo.pk)
        claim = self.claimed(self.photo)
        services.finish(claim, self.stored_output(claim))
        self.assertIn("A small copy will be kept for training soon.", self.page(self.photo))
        self.assertEqual(services.collect_waiting(at_most=5), 1)
        self.assertIn(CollectedImage.objects.get().reason, self.page(self.photo))

    def test_an_upload_in_color_has_its_truth_and_is_not_asked(self) -> None:
        Photo.objects.update(has_color=True)
        page = self.page(self.photo)
        self.assertNotIn("These colors are right", page)
        for words in ("Your photograph, in its own color", "Colored as if it were grey", "Original, in its own color"):
            self.assertIn(words, page)
        self.assertIn("Uploaded in color", self.client.get(reverse("gallery")).content.decode())
