"""Color again, and back to an earlier result: the pages and what they order."""

from dataclasses import replace
from datetime import UTC, datetime

from django.urls import reverse

from gallery import services
from gallery.models import Job, ModelVersion, Photo, Priority, Result
from gallery.views import pages
from tests.base import GalleryTestCase
from tests.gallery.training_rows import TrainingRows


class ResultPageTestCase(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_shipped("d" * 64)  # what Orders.stored_output names
        self.photos = [self.make_colored(self.owner, mark=mark) for mark in range(3)]
        self.make_set(self.staff)
        self.client.force_login(self.owner)

    def promote(self) -> ModelVersion:
        return services.promote_version(self.make_trained().pk, self.staff)

    def order(self, **fields: object) -> list[str]:
        page = self.client.post(reverse("color_again"), fields, follow=True)
        return [str(message) for message in page.context["messages"]]

    def waiting(self) -> set[int]:
        return set(Job.objects.in_line().filter(priority=Priority.BATCH).values_list("photo", flat=True))

    def html(self, name: str, *args: int) -> str:
        return self.client.get(reverse(name, args=args)).content.decode()


class ColorAgainTests(ResultPageTestCase):
    def test_it_is_offered_only_when_another_version_is_in_use(self) -> None:
        offers = [("gallery",), ("account",), ("photo", self.photos[0].pk)]
        for offer in offers:
            self.assertNotIn("/again/", self.html(*offer))
        self.assertIn("Nothing to color again", self.html("color_again"))
        self.promote()
        for offer in offers:
            self.assertIn("/again/", self.html(*offer))

    def test_a_selection(self) -> None:
        self.promote()
        told = self.order(photo=[self.photos[0].pk, self.photos[2].pk, "nonsense", "9" * 40])
        self.assertEqual(told, ["2 photographs wait to be colored again, after those that somebody waits for."])
        self.assertEqual(self.waiting(), {self.photos[0].pk, self.photos[2].pk})

    def test_all_of_an_account_and_nobody_elses(self) -> None:
        self.make_colored(self.friend, mark=7)
        self.promote()
        self.order(all="yes")
        self.assertEqual(self.waiting(), {photo.pk for photo in self.photos})

    def test_one_photograph(self) -> None:
        photo = self.photos[1]
        self.client.post(reverse("photo_again", args=[photo.pk]))
        self.assertEqual(self.waiting(), set())
        self.promote()
        self.client.post(reverse("photo_again", args=[photo.pk]))
        self.assertEqual(self.waiting(), {photo.pk})
        self.assertIn("Photographs that somebody waits for go first.", self.html("photo", photo.pk))

    def test_what_another_owns_is_not_colored_by_its_number(self) -> None:
        theirs = self.make_colored(self.friend, mark=7)
        self.promote()
        self.assertEqual(self.order(photo=[theirs.pk]), ["No photograph was chosen that could be colored again."])
        self.assertEqual(self.waiting(), set())

    def test_what_waits_is_canceled_and_the_colors_stay(self) -> None:
        self.promote()
        self.order(all="yes")
        somebody = self.make_photo(self.owner, mark=9)
        self.assertEqual(self.order(stop="yes"), ["3 canceled. The colors that were there stay."])
        self.assertEqual(list(Job.objects.in_line().values_list("photo", flat=True)), [somebody.pk])
        page = self.html("photo", self.photos[0].pk)
        self.assertIn("The colors that were there stay.", page)
        self.assertIn("Download in color", page)
        self.assertNotIn("card-trouble", self.html("gallery"))

    def test_the_page_of_choices_goes_on_where_it_ended(self) -> None:
        self.promote()
        self.addCleanup(setattr, pages, "PAGE_SIZE", pages.PAGE_SIZE)
        pages.PAGE_SIZE = 2
        first = self.client.get(reverse("color_again")).context
        second = self.client.get(reverse("color_again"), {"before": first["next_cursor"]}).context
        shown = [photo.pk for photo in [*first["photos"], *second["photos"]]]
        self.assertEqual(shown, [photo.pk for photo in self.photos[::-1]])
        self.assertEqual(first["outdated_count"], 3)

    def test_a_failed_new_try_is_told_beside_the_colors_that_are_there(self) -> None:
        self.promote()
        self.order(photo=[self.photos[0].pk])
        services.fail(self.claimed(self.photos[0]), "There was not enough memory.")
        page = self.html("photo", self.photos[0].pk)
        self.assertIn("There was not enough memory.", page)
        self.assertIn("Download in color", page)
        self.assertIn("The new try did not work", self.html("gallery"))


class HistoryTests(ResultPageTestCase):
    def test_dates_are_written_as_the_language_writes_them(self) -> None:
        photo = self.photos[0]
        self.promote()
        services.color_again(Photo.objects.filter(pk=photo.pk))
        claim = self.claimed(photo)
        services.finish(claim, self.stored_output(claim))
        Result.objects.update(created_at=datetime(2026, 3, 5, tzinfo=UTC))
        address = reverse("photo", args=[photo.pk])
        self.assertContains(self.client.get(address), 'alt="photo-0, as colored on March 5, 2026"')
        german = self.client.get(address, headers={"accept-language": "de"}).content.decode()
        self.assertRegex(german, r'alt="photo-0[^"]* 5\. März 2026')

    def test_an_earlier_result_is_listed_with_version_and_settings_and_shown_again(self) -> None:
        photo = self.photos[0]
        first = photo.shown_result
        self.assertNotIn("Other colors", self.html("photo", photo.pk))
        newer = self.promote()
        services.color_again(Photo.objects.filter(pk=photo.pk))
        claim = self.claimed(photo)
        output = replace(
            self.stored_output(claim),
            model_version_id=newer.pk,
            model_digest=newer.digest,
            settings={"vividness": 1.5},
        )
        services.finish(claim, output)
        page = self.html("photo", photo.pk)
        self.assertIn("Other colors", page)
        self.assertIn("Version 2", page)
        self.assertIn("more vivid (1.5)", page)
        self.assertIn(f"/results/{claim.job_id}/files/image/?download=1", page)
        self.assertIn(reverse("result_show", args=[first.job_id]), page)
        self.client.post(reverse("result_show", args=[first.job_id]))
        self.assertEqual(self.client.get(reverse("photo", args=[photo.pk])).context["result"], first)
        self.assertIn(f"/results/{first.job_id}/files/thumb/", self.html("gallery"))
