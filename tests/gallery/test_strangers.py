"""Who may not: every address of the site is visited by a stranger and by somebody without an account.

The addresses come from the URL configuration, so that a new one cannot be forgotten here.
"""

from collections.abc import Iterator

from django.conf import settings
from django.test import AsyncClient
from django.urls import URLPattern, reverse

from gallery import services
from gallery.api.urls import calls as api_patterns
from gallery.models import Album, Job, PartialUpload, Photo, Result, Share, TrainingConsent, UploadBatch
from gallery.urls import urlpatterns as page_patterns
from tests.base import PASSWORD, GalleryTestCase

OPEN_TO_ALL = {
    *("home", "healthz", "models", "model", "model_sample", "scripts", "api-schema", "api-docs", "api-tokens"),
    *("language", "manifest", "offline"),
    "metrics",  # for programs with a token, and nobody else: tests.gallery.test_metrics
}
FOR_WHO_HAS_THE_LINK = {"shared", "shared_file", "shared_download"}  # tests.gallery.test_shared has the strangers
KINDS = {"photo_file": ("original", "preview", "thumb"), "result_file": ("image", "preview", "thumb")}
METHODS = ("get", "post", "delete")


def names_with(argument: str, patterns: list[URLPattern]) -> list[str]:
    return [
        pattern.name
        for pattern in patterns
        if argument in pattern.pattern.regex.groupindex or argument in getattr(pattern.pattern, "converters", {})
    ]


class Addresses(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.photo = self.make_colored(self.owner)
        self.job = self.photo.latest_job
        self.album = Album.objects.create(owner=self.owner, title="Farm")
        self.share = services.create_share(self.photo, services.ShareTerms(allow_download=False))
        # What the addresses name by its id, all of it the owner's.
        self.ids = {
            "photo_id": self.photo.pk,
            "job_id": self.job.pk,
            "album_id": self.album.pk,
            "share_id": self.share.pk,
            "batch_id": UploadBatch.objects.create(owner=self.owner).pk,
            "upload_id": PartialUpload.objects.create(owner=self.owner, file_name="a.tif", byte_size=9).pk,
            "key_digest": services.make_key(self.owner, "scanner", scopes=["read"], valid_for=None)[0].pk,
            "delivery_id": services.send_test(services.set_webhook(self.owner, "https://hooks.example.org")).pk,
        }

    def addresses(self, patterns: list[URLPattern]) -> Iterator[tuple[str, str]]:
        """Each address of the owner's things, with the name it is known by."""
        for argument, pk in self.ids.items():
            for name in names_with(argument, patterns):
                for kind in KINDS.get(name, (None,)):
                    yield name, reverse(name, args=[pk] if kind is None else [pk, kind])

    def assert_nothing_changed(self) -> None:
        self.assertEqual(list(Photo.objects.outside_trash()), [self.photo])
        self.assertEqual(Job.objects.get(pk=self.job.pk).status, "done")
        self.assertEqual(Job.objects.count(), 1)
        self.assertEqual(Result.objects.get().accepted_at, None)
        self.assertFalse(TrainingConsent.objects.exists())
        self.assertEqual(list(Album.objects.all()), [self.album])
        self.assertEqual((PartialUpload.objects.count(), UploadBatch.objects.filter(dismissed_at=None).count()), (1, 1))
        self.assertEqual(list(Share.objects.filter(revoked_at=None)), [self.share])


class StrangerTests(Addresses):
    def test_pages_and_files_do_not_exist_for_strangers(self) -> None:
        self.client.force_login(self.stranger)
        visited = list(self.addresses(page_patterns))
        self.assertGreaterEqual(len(visited), 11)
        for name, address in visited:
            answers = {getattr(self.client, method)(address).status_code for method in METHODS}
            with self.subTest(name):
                self.assertIn(404, answers)
                self.assertLessEqual(answers, {404, 405})
        self.assert_nothing_changed()

    def test_the_staff_has_no_other_way_to_the_pages_than_anybody(self) -> None:
        self.client.force_login(self.staff)
        for _, address in self.addresses(page_patterns):
            self.assertIn(self.client.get(address).status_code, {404, 405})

    def test_calls_answer_strangers_as_if_there_were_nothing(self) -> None:
        token = self.client.post(reverse("api-tokens"), {"username": "sam", "password": PASSWORD}).json()["token"]
        visited = list(self.addresses(api_patterns))
        self.assertGreaterEqual(len(visited), 5)
        for name, address in visited:
            answers = [
                getattr(self.client, method)(address, headers={"Authorization": f"Bearer {token}"})
                for method in METHODS
            ]
            with self.subTest(name):
                self.assertIn(404, [answer.status_code for answer in answers])
                for answer in answers:
                    self.assertIn(answer.status_code, {404, 405})
                    self.assertEqual(list(answer.json()), ["error"])
        self.assert_nothing_changed()

    def test_a_strangers_lists_do_not_have_it(self) -> None:
        self.client.force_login(self.stranger)
        cards = self.client.get(reverse("photo_cards"), {"ids": str(self.photo.pk)}).json()
        self.assertEqual(cards, {"cards": {}, "gone": [self.photo.pk]})
        self.assertEqual(self.client.get(reverse("gallery")).context["photos"], [])
        self.assertEqual(self.client.get(reverse("account")).context["photo_count"], 0)

    def test_the_stored_files_have_no_address_of_their_own(self) -> None:
        self.client.force_login(self.owner)
        for prefix in ("/", "/media/", settings.STATIC_URL, "/data/media/"):
            self.assertEqual(self.client.get(prefix + self.photo.original_key).status_code, 404)


class VisitorTests(Addresses):
    def test_pages_send_visitors_to_the_login(self) -> None:
        owned = {name for argument in self.ids for name in names_with(argument, page_patterns)}
        for pattern in page_patterns:
            if pattern.name not in OPEN_TO_ALL | FOR_WHO_HAS_THE_LINK | owned | {"photo_events"}:
                self.assert_sent_to_login(pattern.name, reverse(pattern.name))
        for name, address in self.addresses(page_patterns):
            self.assert_sent_to_login(name, address)
        self.assert_nothing_changed()

    def assert_sent_to_login(self, name: str, address: str) -> None:
        answers = [getattr(self.client, method)(address) for method in ("get", "post")]
        with self.subTest(name):
            self.assertLessEqual({answer.status_code for answer in answers}, {302, 405})
            to = {answer["Location"].split("?")[0] for answer in answers if answer.status_code == 302}
            self.assertEqual(to, {reverse("account_login")})

    async def test_the_stream_sends_visitors_to_the_login(self) -> None:
        answer = await AsyncClient().get(reverse("photo_events"))
        self.assertEqual((answer.status_code, answer["Location"].split("?")[0]), (302, reverse("account_login")))

    def test_calls_without_a_token_are_unauthorized(self) -> None:
        addresses = [reverse("api-photos"), *(address for _, address in self.addresses(api_patterns))]
        for address in addresses:
            for headers in ({}, {"Authorization": "Bearer not-a-token"}):
                with self.subTest(address, headers=headers):
                    answer = self.client.get(address, headers=headers)
                    self.assertEqual(answer.status_code, 401)
                    self.assertEqual(list(answer.json()), ["error"])
                    self.assertEqual(answer["WWW-Authenticate"], "Bearer")

    def test_a_session_is_no_token(self) -> None:
        self.client.force_login(self.owner)
        self.assertEqual(self.client.get(reverse("api-photos")).status_code, 401)
