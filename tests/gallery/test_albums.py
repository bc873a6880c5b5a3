"""Albums: their order, their covers, and what becomes of them when photographs go."""

from django.urls import reverse

from gallery import services
from gallery.models import Album, Photo
from tests.base import PASSWORD, GalleryTestCase


class AlbumTestCase(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.first, self.second, self.third = (self.make_photo(self.owner, mark=mark) for mark in (1, 2, 3))
        self.album = services.create_album(self.owner, "  The farm\n ")
        services.add_to_album(self.album.pk, [self.first.pk, self.second.pk, self.third.pk])
        self.client.force_login(self.owner)

    def order(self) -> list[int]:
        return list(services.entries_of(self.album.pk).values_list("photo_id", flat=True))

    def shelf(self) -> services.Shelf:
        return services.shelves(Album.objects.filter(pk=self.album.pk))[0]


class OrderTests(AlbumTestCase):
    def test_a_photo_moves_before_another_or_to_the_end(self) -> None:
        first, second, third = self.first.pk, self.second.pk, self.third.pk
        self.assertTrue(services.move_in_album(self.album.pk, third, before=first))
        self.assertEqual(self.order(), [third, first, second])
        self.assertTrue(services.move_in_album(self.album.pk, third, before=None))
        self.assertEqual(self.order(), [first, second, third])
        self.assertTrue(services.move_in_album(self.album.pk, first, before=third))
        self.assertEqual(self.order(), [second, first, third])

    def test_what_is_not_in_it_does_not_move(self) -> None:
        other = self.make_photo(self.owner, mark=4)
        self.assertFalse(services.move_in_album(self.album.pk, other.pk, before=self.first.pk))
        self.assertFalse(services.move_in_album(self.album.pk, self.first.pk, before=other.pk))
        self.assertEqual(self.order(), [self.first.pk, self.second.pk, self.third.pk])

    def test_steps_pass_over_what_is_in_the_trash(self) -> None:
        services.trash_photos([self.second.pk])
        self.assertTrue(services.step_in_album(self.album.pk, self.third.pk, steps=-1))
        self.assertEqual(self.order(), [self.third.pk, self.first.pk])
        self.assertFalse(services.step_in_album(self.album.pk, self.third.pk, steps=-1))
        self.assertTrue(services.step_in_album(self.album.pk, self.third.pk, steps=1))
        self.assertEqual(self.order(), [self.first.pk, self.third.pk])

    def test_it_is_sorted_by_date_with_the_unknown_last(self) -> None:
        Photo.objects.filter(pk=self.third.pk).update(taken_on="1901-01-01", taken_precision="year")
        Photo.objects.filter(pk=self.second.pk).update(taken_on="1950-01-01", taken_precision="year")
        services.sort_album_by_date(self.album.pk)
        self.assertEqual(self.order(), [self.third.pk, self.second.pk, self.first.pk])

    def test_adding_twice_changes_nothing_and_new_ones_come_last(self) -> None:
        new = self.make_photo(self.owner, mark=4)
        self.assertEqual(services.add_to_album(self.album.pk, [new.pk, self.first.pk]), 1)
        self.assertEqual(self.order(), [self.first.pk, self.second.pk, self.third.pk, new.pk])
        self.assertEqual(services.remove_from_album(self.album.pk, [self.first.pk, 999_999]), 1)
        self.assertEqual(self.order(), [self.second.pk, self.third.pk, new.pk])


class CoverTests(AlbumTestCase):
    def test_the_first_photo_stands_for_it_until_one_is_chosen(self) -> None:
        self.assertEqual(self.shelf().cover, self.first)
        self.assertTrue(services.choose_cover(self.album.pk, self.second.pk))
        self.assertEqual((self.shelf().cover, self.shelf().count), (self.second, 3))

    def test_a_cover_that_went_is_replaced_and_comes_back_from_the_trash(self) -> None:
        services.choose_cover(self.album.pk, self.second.pk)
        services.trash_photos([self.second.pk])
        self.assertEqual((self.shelf().cover, self.shelf().count), (self.first, 2))
        services.restore_photos([self.second.pk])
        self.assertEqual((self.shelf().cover, self.shelf().count), (self.second, 3))
        services.remove_from_album(self.album.pk, [self.second.pk])
        self.assertEqual(self.shelf().cover, self.first)

    def test_a_photo_from_outside_is_no_cover(self) -> None:
        self.assertFalse(services.choose_cover(self.album.pk, self.make_photo(self.owner, mark=9).pk))

    def test_any_number_of_albums_is_listed_with_the_same_queries(self) -> None:
        for number in range(5):
            more = services.create_album(self.owner, f"Album {number}")
            services.add_to_album(more.pk, [self.first.pk])
        with self.assertNumQueries(3):
            self.assertEqual(len(services.shelves(Album.objects.filter(owner=self.owner))), 6)


class PageTests(AlbumTestCase):
    def test_an_album_is_made_renamed_and_deleted(self) -> None:
        self.assertEqual(self.album.title, "The farm")
        made = self.client.post(reverse("albums"), {"title": "Weddings"})
        album = Album.objects.get(title="Weddings")
        self.assertRedirects(made, reverse("album", args=[album.pk]))
        self.client.post(reverse("album", args=[album.pk]), {"title": "All weddings"})
        self.assertContains(self.client.get(reverse("albums")), "All weddings")
        self.client.post(reverse("album", args=[album.pk]), {"title": " "})
        self.assertContains(self.client.get(reverse("album", args=[album.pk])), "An album needs a title.")
        self.assertContains(self.client.get(reverse("album_delete", args=[self.album.pk])), "The farm")
        self.client.post(reverse("album_delete", args=[self.album.pk]))
        self.assertFalse(Album.objects.filter(pk=self.album.pk).exists())
        self.assertEqual(Photo.objects.count(), 3)

    def test_its_page_has_its_photos_in_its_order(self) -> None:
        services.move_in_album(self.album.pk, self.third.pk, before=self.first.pk)
        page = self.client.get(reverse("album", args=[self.album.pk]))
        self.assertEqual(page.context["photos"], [self.third, self.first, self.second])

    def test_a_long_album_goes_on_where_the_page_ended(self) -> None:
        more = [self.make_photo(self.owner, mark=mark).pk for mark in range(10, 72)]
        services.add_to_album(self.album.pk, more)
        first = self.client.get(reverse("album", args=[self.album.pk]))
        rest = self.client.get(reverse("album", args=[self.album.pk]), {"after": first.context["next_cursor"]})
        shown = [photo.pk for page in (first, rest) for photo in page.context["photos"]]
        self.assertEqual((shown, rest.context["next_cursor"]), (self.order(), None))

    def test_arranging_answers_scripts_and_forms(self) -> None:
        address = reverse("album_arrange", args=[self.album.pk])
        self.assertContains(self.client.get(address), "Move photo-1 earlier")
        moved = {"do": "move", "photo": self.third.pk, "before": self.first.pk}
        answer = self.client.post(address, moved, headers={"Accept": "application/json"})
        self.assertEqual((answer.status_code, answer.json()), (200, {"done": True}))
        self.assertRedirects(self.client.post(address, {"do": "later", "photo": self.third.pk}), address)
        self.assertEqual(self.order(), [self.first.pk, self.third.pk, self.second.pk])
        self.client.post(address, {"do": "cover", "photo": self.third.pk})
        self.assertEqual(self.shelf().cover, self.third)
        for wrong in ({"do": "move"}, {"do": "x", "photo": self.first.pk}, {"do": "move", "photo": "²"}, {}):
            self.assertEqual(self.client.post(address, wrong, headers={"Accept": "application/json"}).status_code, 409)


class ApiTests(AlbumTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.stranger_photo = self.make_photo(self.stranger, mark=50)
        token = self.client.post("/api/v1/tokens", {"username": "olga", "password": PASSWORD}).json()["token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, address: str, **data: object) -> tuple[int, object]:
        answer = getattr(self.client, method)(
            f"/api/v1{address}", data or None, content_type="application/json", headers=self.headers
        )
        return answer.status_code, answer.json() if answer.content else None

    def test_an_album_from_its_making_to_its_end(self) -> None:
        status, made = self.call("post", "/albums", title="Harbor")
        self.assertEqual(
            (status, made["title"], made["count"], made["cover"], made["photos"]), (201, "Harbor", 0, None, [])
        )
        address = f"/albums/{made['id']}"
        ids = [self.second.pk, self.first.pk]
        self.assertEqual(self.call("post", f"{address}/photos", photos=ids), (200, {"changed": 2}))
        status, told = self.call("patch", address, title="The harbor", cover=self.first.pk)
        self.assertEqual((told["title"], told["cover"], told["photos"]), ("The harbor", self.first.pk, ids))
        self.assertEqual(self.call("delete", f"{address}/photos", photos=ids[:1]), (200, {"changed": 1}))
        self.assertEqual([one["count"] for one in self.call("get", "/albums")[1]], [1, 3])
        self.assertEqual(self.call("delete", address), (204, None))
        self.assertEqual(self.call("get", address)[0], 404)

    def test_what_cannot_be_done_is_said(self) -> None:
        address = f"/albums/{self.album.pk}"
        for method, where, data in (
            ("post", "/albums", {"title": "\u200b"}),
            ("post", f"{address}/photos", {"photos": [self.stranger_photo.pk]}),
            ("post", f"{address}/photos", {"photos": []}),
            ("patch", address, {"cover": self.stranger_photo.pk}),
            ("get", f"{address}/download?what=half", {}),
        ):
            with self.subTest(where, data=data):
                status, told = self.call(method, where, **data)
                self.assertEqual((status, list(told)), (422, ["error"]))
        self.assertEqual(self.order(), [self.first.pk, self.second.pk, self.third.pk])
