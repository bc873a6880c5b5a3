"""Looking for photographs: each condition, all of them together, and what stands in the address."""

from django.db import connection
from django.test import SimpleTestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gallery import services
from gallery.models import Photo
from gallery.searching import State, find, read_search
from tests.base import GalleryTestCase


class ReadingTests(SimpleTestCase):
    def test_what_is_looked_for_can_be_linked(self) -> None:
        asked = {"q": " farm  1923 ", "from": "June 1923", "to": "1925", "album": "7", "state": "colored"}
        search = read_search(asked)
        self.assertEqual(search.query, "q=farm+1923&from=1923-06&to=1925&album=7&state=colored")
        self.assertTrue(search)
        self.assertFalse(read_search({"before": "5", "q": " "}))

    def test_what_is_not_understood_is_told_and_not_looked_for(self) -> None:
        search = read_search({"from": "long ago", "to": "1700", "album": "x", "state": "burnt"})
        self.assertEqual(len(search.errors), 4)
        self.assertEqual(search.query, "")


class FindingTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.year = self.make_photo(
            self.owner, mark=1, title="The old farm", taken_on="1923-01-01", taken_precision="year"
        )
        self.month = self.make_photo(self.owner, mark=2, taken_on="1923-06-01", taken_precision="month")
        self.day = self.make_photo(
            self.owner, mark=3, file_name="farm 100%.jpg", taken_on="1924-02-29", taken_precision="day"
        )
        self.colored = self.make_colored(self.owner, mark=4)

    def found(self, **asked: str) -> list[Photo]:
        return list(find(Photo.objects.filter(owner=self.owner).order_by("pk"), read_search(asked)))

    def test_each_word_is_in_the_title_or_the_name_of_the_file(self) -> None:
        self.assertEqual(self.found(q="FARM"), [self.year, self.day])
        self.assertEqual(self.found(q="old photo-1"), [self.year])
        self.assertEqual(self.found(q="100%"), [self.day])
        self.assertEqual(self.found(q="_"), [])

    def test_dates_include_the_whole_year_or_month(self) -> None:
        for start, end, expected in (
            ("1923", "1923", [self.year, self.month]),
            ("1923-06", "1923-06", [self.year, self.month]),
            ("1923-06-20", "", [self.year, self.month, self.day]),
            ("1923-07", "1924", [self.year, self.day]),
            ("", "1923-05", [self.year]),
            ("1924", "", [self.day]),
        ):
            with self.subTest(start=start, end=end):
                self.assertEqual(self.found(**{"from": start, "to": end}), expected)

    def test_states(self) -> None:
        services.fail(self.claimed(self.month), "Broken.")
        services.cancel(self.day.latest_job.pk)
        expected = {
            State.WAITING: [self.year],
            State.COLORED: [self.colored],
            State.FAILED: [self.month, self.day],
            State.OUTDATED: [self.colored],
        }
        services.ensure_shipped_version("photolab-new", "e" * 64)
        for state, photos in expected.items():
            with self.subTest(state):
                self.assertEqual(self.found(state=state), photos)

    def test_albums(self) -> None:
        album = services.create_album(self.owner, "Farms")
        services.add_to_album(album.pk, [self.year.pk])
        self.assertEqual(self.found(album=str(album.pk)), [self.year])
        self.assertEqual(self.found(album="999"), [])


class PageTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.owner)

    def test_the_page_tells_how_many_and_that_there_is_none(self) -> None:
        photo = self.make_photo(self.owner, mark=1, title="Farm")
        self.make_photo(self.owner, mark=2)
        page = self.client.get(reverse("gallery"), {"q": "farm"})
        self.assertEqual((page.context["photos"], page.context["photo_count"]), ([photo], 1))
        nothing = self.client.get(reverse("gallery"), {"q": "castle", "from": "yesterday"})
        self.assertContains(nothing, "Nothing found")
        self.assertContains(nothing, "yesterday: This is no date that a photograph can have")

    def test_the_next_page_looks_for_the_same(self) -> None:
        for mark in range(62):
            self.make_photo(self.owner, mark=mark, title="Farm")
        page = self.client.get(reverse("gallery"), {"q": "farm", "from": ""})
        cursor = page.context["next_cursor"]
        self.assertContains(page, f'href="?q=farm&amp;before={cursor}"')
        self.assertEqual(len(self.client.get(reverse("gallery"), {"q": "farm", "before": cursor}).context["photos"]), 2)

    def test_more_photos_take_no_more_queries(self) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as counted:
                self.client.get(reverse("gallery"), {"state": "waiting"})
            return len(counted)

        self.make_photo(self.owner, mark=1)
        few = queries()
        for mark in range(2, 20):
            self.make_photo(self.owner, mark=mark)
        self.assertEqual(queries(), few)
