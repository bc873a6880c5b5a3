"""Consent to training: off by default, for the account or one photo, dated, revocable, and what follows from it."""

from django.contrib.auth.models import User

from gallery import services
from gallery.models import CollectedImage, Photo, TrainingConsent
from tests.base import GalleryTestCase
from tests.gallery.training_rows import TrainingRows


class CoverTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.photo, self.other = (self.make_photo(self.owner, mark=mark, has_color=True) for mark in (1, 2))

    def covered(self) -> set[Photo]:
        return set(services.covered_photos(Photo.objects.all()))

    def test_without_a_word_nothing_is_covered(self) -> None:
        self.assertEqual(self.covered(), set())
        self.assertIsNone(services.consented_at(self.photo.pk))

    def test_what_words_add_up_to(self) -> None:
        """Each story ends with what is covered."""
        yes, no, photo, account = services.give_consent, services.revoke_consent, self.photo, None
        stories = {
            "the account": ([(yes, account)], {self.photo, self.other}),
            "one photo": ([(yes, photo)], {self.photo}),
            "the account but one photo": ([(yes, account), (no, photo)], {self.other}),
            "a no for a photo outlives the account's words": (
                [(no, photo), (yes, account), (no, account), (yes, account)],
                {self.other},
            ),
            "a photo's yes takes its no back": ([(yes, account), (no, photo), (yes, photo)], {self.photo, self.other}),
            "the account's no takes a photo's yes with it": ([(yes, photo), (no, account)], set()),
            "a photo's yes after the account's no": ([(no, account), (yes, photo)], {self.photo}),
            "a photo's yes is said again after the account's no": (
                [(yes, photo), (no, account), (yes, photo)],
                {self.photo},
            ),
            "the account's no is said again after a photo's yes": (
                [(no, account), (yes, photo), (no, account)],
                set(),
            ),
            "the account again": ([(yes, account), (no, account), (yes, account)], {self.photo, self.other}),
        }
        for title, (words, expected) in stories.items():
            with self.subTest(title):
                TrainingConsent.objects.all().delete()
                for say, about in words:
                    say(self.owner, about)
                self.assertEqual(self.covered(), expected)

    def test_a_word_covers_nobody_elses_photos(self) -> None:
        self.make_photo(self.friend, has_color=True)
        services.give_consent(self.owner)
        self.assertEqual({photo.owner_id for photo in self.covered()}, {self.owner.pk})
        with self.assertRaises(ValueError):
            services.give_consent(self.friend, self.photo)

    def test_saying_it_twice_changes_nothing(self) -> None:
        first = services.give_consent(self.owner)
        self.assertEqual(services.give_consent(self.owner), first)
        self.assertEqual(services.account_consent(self.owner), first)
        services.revoke_consent(self.owner, self.photo)
        services.revoke_consent(self.owner, self.photo)
        self.assertEqual(services.give_consent(self.owner), first)
        services.revoke_consent(self.owner)
        services.revoke_consent(self.owner)
        words = TrainingConsent.objects.order_by("pk").values_list("photo", "is_given")
        self.assertEqual(list(words), [(None, True), (self.photo.pk, False), (None, False)])

    def test_a_photo_is_covered_since_the_word_that_covers_it(self) -> None:
        for_photo = services.give_consent(self.owner, self.photo)
        for_photo.refresh_from_db()
        self.assertEqual(services.consented_at(self.photo.pk), for_photo.said_at)
        account = services.give_consent(self.owner)
        account.refresh_from_db()
        self.assertEqual(services.consented_at(self.other.pk), account.said_at)


class WithdrawalTests(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.images = {}
        for mark in (1, 2):
            photo = self.make_photo(self.owner, mark=mark, has_color=True)
            self.images[photo] = self.make_collected(self.owner, photo=photo)
        self.photo, self.other = self.images
        services.give_consent(self.owner)

    def collected_files(self) -> set[str]:
        return {key for key in self.stored_files() if key.startswith("collected")}

    def files_of(self, *images: CollectedImage) -> set[str]:
        return {key for image in images for key in image.file_keys}

    def test_revoking_for_the_account_withdraws_all_of_its_photos_and_no_others(self) -> None:
        staff_set = self.make_collected(self.owner)
        friends = self.make_collected(self.friend, photo=self.make_photo(self.friend))
        with self.captureOnCommitCallbacks(execute=True):
            self.assertEqual(services.revoke_consent(self.owner), 2)
        self.assertEqual(set(CollectedImage.objects.all()), {staff_set, friends})
        self.assertEqual(self.collected_files(), self.files_of(staff_set, friends))
        self.assertEqual(Photo.objects.filter(owner=self.owner).count(), 2)

    def test_revoking_for_one_photo_withdraws_it_alone(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            self.assertEqual(services.revoke_consent(self.owner, self.photo), 1)
        self.assertEqual(CollectedImage.objects.get(), self.images[self.other])
        self.assertEqual(self.collected_files(), self.files_of(self.images[self.other]))

    def test_deleting_a_photo_takes_its_collected_picture(self) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            services.delete_photos([self.photo.pk])
        self.assertEqual(CollectedImage.objects.get(), self.images[self.other])
        self.assertEqual(self.collected_files(), self.files_of(self.images[self.other]))

    def test_deleting_an_account_takes_all_and_staff_sets_too(self) -> None:
        self.make_collected(self.owner)
        with self.captureOnCommitCallbacks(execute=True):
            services.delete_account(User.objects.get(pk=self.owner.pk))
        self.assertFalse(CollectedImage.objects.exists())
        self.assertEqual(self.stored_files(), set())

    def test_the_next_snapshot_is_without_what_was_revoked(self) -> None:
        self.make_shipped()
        self.make_set(self.staff)
        self.start()
        first = self.claimed_run()
        digest = self.images[self.photo].digest.encode()
        self.assertIn(digest, services.freeze_snapshot(first).manifest)
        services.fail_run(first, "again")
        services.revoke_consent(self.owner, self.photo)
        self.start()
        self.assertNotIn(digest, services.freeze_snapshot(self.claimed_run()).manifest)
