"""What is done to many photographs at once, with and without scripts, and what is known of a single one."""

from django.urls import reverse

from gallery import services
from gallery.models import Album, Photo
from tests.base import GalleryTestCase


class ChosenTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.photos = [self.make_photo(self.owner, mark=mark) for mark in range(3)]
        self.foreign = self.make_photo(self.stranger, mark=9)
        self.client.force_login(self.owner)

    def choose(self, do: str, *photos: Photo, **fields: object) -> str:
        """The text of the page that it leads to."""
        chosen = {"do": do, "photo": [photo.pk for photo in photos], **fields}
        return self.client.post(reverse("photos_chosen"), chosen, follow=True).content.decode()

    def test_they_come_into_a_new_album_in_the_order_of_their_arrival(self) -> None:
        first, _, third = self.photos
        text = self.choose("album", third, first, self.foreign, title="Farms", to="")
        album = Album.objects.get()
        self.assertIn(f'2 photographs added to <a href="{reverse("album", args=[album.pk])}">Farms</a>.', text)
        entries = services.entries_of(album.pk)
        self.assertEqual([entry.photo_id for entry in entries], [first.pk, third.pk])

    def test_an_album_of_somebody_else_does_not_exist(self) -> None:
        foreign = services.create_album(self.stranger, "Secret")
        answer = self.client.post(
            reverse("photos_chosen"), {"do": "album", "photo": self.photos[0].pk, "to": foreign.pk}
        )
        self.assertEqual((answer.status_code, services.entries_of(foreign.pk).count()), (404, 0))

    def test_ids_may_come_in_one_field_and_nonsense_is_passed_over(self) -> None:
        ids = ",".join(str(photo.pk) for photo in self.photos[:2])
        self.choose("trash", photo=[ids, "x", "²", "9" * 30, str(self.foreign.pk)])
        self.assertEqual(list(Photo.objects.outside_trash().order_by("pk")), [self.photos[2], self.foreign])

    def test_all_that_a_search_finds(self) -> None:
        self.choose("trash", all="yes", search="q=photo-1")
        self.assertEqual(Photo.objects.get(trashed_at__isnull=False), self.photos[1])
        self.choose("trash", all="yes", search="")
        self.assertEqual(list(Photo.objects.outside_trash()), [self.foreign])

    def test_they_are_taken_out_of_an_album(self) -> None:
        album = services.create_album(self.owner, "Farms")
        services.add_to_album(album.pk, [photo.pk for photo in self.photos])
        answer = self.client.post(
            reverse("photos_chosen"),
            {"do": "remove", "photo": self.photos[0].pk, "search": f"album={album.pk}", "in_album": "yes"},
        )
        self.assertRedirects(answer, reverse("album", args=[album.pk]))
        self.assertEqual(services.entries_of(album.pk).count(), 2)

    def test_what_failed_or_was_canceled_is_colored(self) -> None:
        failed, canceled, waiting = self.photos
        services.fail(self.claimed(failed), "Broken.")
        services.cancel(canceled.latest_job.pk)
        self.assertIn("2 photographs wait to be colored.", self.choose("again", *self.photos))
        self.assertEqual([photo.jobs.count() for photo in (failed, canceled, waiting)], [2, 2, 1])
        self.assertIn("They have the newest colors already", self.choose("again", waiting))

    def test_nothing_chosen_is_said_and_does_nothing(self) -> None:
        for do in ("trash", "nonsense", ""):
            self.assertIn("No photograph was chosen.", self.choose(do))
        self.assertEqual(Photo.objects.outside_trash().count(), 4)


class DescribeTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.photo = self.make_photo(self.owner, file_name="scan 12.tif")
        self.client.force_login(self.owner)

    def page(self) -> str:
        return self.client.get(reverse("photo", args=[self.photo.pk])).content.decode()

    def describe(self, **fields: str) -> str:
        return self.client.post(reverse("photo_describe", args=[self.photo.pk]), fields, follow=True).content.decode()

    def test_the_name_of_the_file_stands_for_a_title(self) -> None:
        self.assertIn('<h1 title="scan 12">scan 12</h1>', self.page())
        self.assertIn(">Harvest</h1>", self.describe(title=" Harvest\n", taken="June 1923"))
        self.assertIn("<dd>June 1923</dd>", self.page())
        self.assertIn('<h1 title="scan 12">', self.describe(title="", taken=""))
        self.assertNotIn("<dd>June 1923</dd>", self.page())

    def test_a_date_that_is_none_is_refused_and_the_rest_stays(self) -> None:
        self.describe(title="Harvest", taken="1923")
        self.assertIn("This is no date that a photograph can have", self.describe(title="Other", taken="soon"))
        self.photo.refresh_from_db()
        self.assertEqual((self.photo.title, str(self.photo.taken_on)), ("Harvest", "1923-01-01"))
