"""The pages on which owners tell colors: the editor, the contact sheet, the same hints for other photographs."""

import json
import re
from dataclasses import replace

from django.urls import reverse

from gallery import services
from gallery.models import Album, AlbumEntry, Job, Photo, Priority
from gallery.services import copying
from gallery.services.variants import MOST_LIVE, four_settings
from gallery.variants import VariantSettings
from gallery.views import editing
from tests.base import GalleryTestCase
from tests.gallery.training_rows import TrainingRows

HINT = {"x": 16.0, "y": 12.0, "radius": 4.0, "color": "#2f5fa8"}
GREY = {"x": 60.0, "y": 40.0, "radius": 8.0}
TOLD = VariantSettings.parse({"hints": [HINT], "keep_grey": [GREY], "vividness": 1.2})


class EditingTestCase(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_shipped("d" * 64)  # what Orders.stored_output names
        self.photo = self.make_colored(self.owner)
        self.client.force_login(self.owner)

    def color(self, job: Job) -> None:
        claim = services.claim(job.pk, self.make_worker().pk)
        self.assertTrue(services.finish(claim, replace(self.stored_output(claim), settings=job.settings)))

    def told_photo(self) -> Job:
        job = services.order_variant(self.photo, TOLD)
        self.color(job)
        return job

    def html(self, name: str, *args: int, **query: object) -> str:
        return self.client.get(reverse(name, args=args), query).content.decode()


class EditorTests(EditingTestCase):
    def settings_of(self, page: str) -> dict[str, object]:
        return json.loads(re.search(r'id="edit-settings" type="application/json">(.*?)</script>', page)[1])

    def test_it_begins_with_what_the_shown_result_was_told(self) -> None:
        self.assertEqual(self.settings_of(self.html("photo_edit", self.photo.pk)), {})
        first = self.photo.shown_result
        told = self.told_photo()
        page = self.html("photo_edit", self.photo.pk)
        self.assertEqual(self.settings_of(page), TOLD.as_json())
        self.assertIn(f'data-shown-job="{told.pk}"', page)
        services.show_result(first.job_id)
        self.assertEqual(self.settings_of(self.html("photo_edit", self.photo.pk)), {})

    def test_a_photograph_without_colors_can_be_told_of(self) -> None:
        photo = self.make_photo(self.owner, mark=1)
        page = self.html("photo_edit", photo.pk)
        self.assertNotIn("data-shown-job", page)
        self.assertNotIn('data-look="earlier"', page)

    def test_the_photographs_page_leads_there(self) -> None:
        page = self.html("photo", self.photo.pk)
        for name in ("photo_edit", "photo_sheet", "photo_doubt"):
            self.assertIn(reverse(name, args=[self.photo.pk]), page)
        self.assertNotIn("/copy/", page)
        told = self.told_photo()
        self.assertIn(reverse("job_copy", args=[told.pk]), self.html("photo", self.photo.pk))


class SheetTests(EditingTestCase):
    def test_four_are_offered_ordered_and_chosen_from(self) -> None:
        address = reverse("photo_sheet", args=[self.photo.pk])
        self.assertIn(reverse("photo_four", args=[self.photo.pk]), self.html("photo_sheet", self.photo.pk))
        answer = self.client.post(reverse("photo_four", args=[self.photo.pk]))
        self.assertRedirects(answer, address)
        page = self.html("photo_sheet", self.photo.pk)
        self.assertEqual(page.count('data-state="queued"'), len(four_settings()))
        first, second, *_ = services.sheet_jobs(self.photo)
        self.color(first)
        services.fail(services.claim(second.pk, self.make_worker().pk), "There was not enough memory.")
        page = self.html("photo_sheet", self.photo.pk)
        self.assertIn(reverse("result_show", args=[first.pk]), page)
        self.assertIn("There was not enough memory.", page)
        self.assertNotIn("Shown now", page)
        self.client.post(reverse("result_show", args=[first.pk]))
        self.assertIn("Shown now", self.html("photo_sheet", self.photo.pk))

    def test_what_is_missing_of_four_can_be_ordered_and_of_a_whole_sheet_nothing(self) -> None:
        self.color(services.order_variant(self.photo, VariantSettings(vividness=1.4)))
        page = self.html("photo_sheet", self.photo.pk)
        self.assertIn("Show me all four", page)
        self.assertEqual(page.count("data-job-id"), 1)
        self.client.post(reverse("photo_four", args=[self.photo.pk]))
        page = self.html("photo_sheet", self.photo.pk)
        self.assertNotIn("Show me all four", page)
        self.assertEqual(page.count("data-job-id"), 4)


class CopyTests(EditingTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.job = self.told_photo()
        self.twice = self.make_photo(self.owner, mark=1, width=128, height=96)
        self.flat = self.make_photo(self.owner, mark=2, width=128, height=48)

    def copy(self, *photos: Photo) -> list[str]:
        chosen = {"photo": [photo.pk for photo in photos]}
        page = self.client.post(reverse("job_copy", args=[self.job.pk]), chosen, follow=True)
        return [str(message) for message in page.context["messages"]]

    def test_places_and_radii_grow_with_the_photographs(self) -> None:
        told = self.copy(self.twice, self.flat)
        self.assertEqual(told, ["2 photographs wait to be colored with what you told."])
        twice, flat = (photo.jobs.latest("pk").settings for photo in (self.twice, self.flat))
        self.assertEqual(twice["hints"], [{**HINT, "x": 32, "y": 24, "radius": 8}])
        self.assertEqual(twice["keep_grey"], [{"x": 120, "y": 80, "radius": 16}])
        self.assertEqual(flat["hints"], [{**HINT, "x": 32, "y": 12, "radius": 4}])
        self.assertEqual(flat["vividness"], 1.2)

    def test_a_spot_that_would_be_too_large_on_a_larger_photograph_is_refused(self) -> None:
        told = VariantSettings.parse({"hints": [{**HINT, "radius": 900_000}]})
        self.job = services.order_variant(self.photo, told)
        self.color(self.job)
        alike = self.make_photo(self.owner, mark=4)
        told = self.copy(self.twice, alike)
        self.assertEqual(told[0], "1 photograph waits to be colored with what you told.")
        self.assertRegex(told[1], "^1 photograph could not be ordered. Each hint needs x, y and radius")
        self.assertEqual([photo.jobs.count() for photo in (self.twice, alike)], [1, 2])

    def test_neither_the_photograph_itself_nor_another_persons_is_ordered(self) -> None:
        theirs = self.make_photo(self.friend, mark=3)
        before = Job.objects.count()
        self.assertEqual(self.copy(self.photo, theirs), ["No photograph was chosen."])
        self.assertEqual(self.copy(), ["No photograph was chosen."])
        self.assertEqual(Job.objects.count(), before)

    def test_an_album_narrows_the_choice(self) -> None:
        album = Album.objects.create(owner=self.owner, title="Farm")
        for position, photo in enumerate((self.photo, self.flat)):
            AlbumEntry.objects.create(album=album, photo=photo, position=position)
        everything = self.client.get(reverse("job_copy", args=[self.job.pk])).context
        self.assertEqual(everything["photos"], [self.flat, self.twice])
        self.assertEqual(list(everything["albums"]), [album])
        narrowed = self.client.get(reverse("job_copy", args=[self.job.pk]), {"album": album.pk}).context
        self.assertEqual(narrowed["photos"], [self.flat])
        self.client.post(f"{reverse('job_copy', args=[self.job.pk])}?album={album.pk}", {"all": "yes"})
        waiting = Job.objects.filter(priority=Priority.BATCH)
        self.assertEqual([job.photo for job in waiting], [self.flat])
        theirs = Album.objects.create(owner=self.friend, title="Sea")
        answer = self.client.get(reverse("job_copy", args=[self.job.pk]), {"album": theirs.pk})
        self.assertEqual(answer.status_code, 404)

    def album_of(self, *photos: Photo) -> str:
        """The address at which all others of the album are colored."""
        album = Album.objects.create(owner=self.owner, title="Farm")
        for position, photo in enumerate(photos):
            AlbumEntry.objects.create(album=album, photo=photo, position=position)
        return f"{reverse('job_copy', args=[self.job.pk])}?album={album.pk}"

    def copy_all(self, address: str) -> list[str]:
        page = self.client.post(address, {"all": "yes"}, follow=True)
        return [str(message) for message in page.context["messages"]]

    def test_all_of_an_album_are_taken_however_many_they_are_and_each_once(self) -> None:
        for module, name in ((editing, "MOST_CHOSEN"), (copying, "AT_ONCE")):
            self.addCleanup(setattr, module, name, getattr(module, name))
            setattr(module, name, 2)
        more = [self.make_photo(self.owner, mark=mark) for mark in (3, 4, 5)]
        address = self.album_of(self.photo, self.twice, self.flat, *more)
        self.assertEqual(self.copy_all(address), ["5 photographs wait to be colored with what you told."])
        self.color(self.twice.jobs.latest("pk"))
        before = Job.objects.count()
        self.assertEqual(self.copy_all(address), ["They have these colors already, or wait for them."])
        self.assertEqual(Job.objects.count(), before)

    def test_settings_that_nobody_can_read_still_have_a_page(self) -> None:
        Job.objects.filter(pk=self.job.pk).update(settings={"sepia": 1})
        page = self.client.get(reverse("job_copy", args=[self.job.pk]))
        self.assertContains(page, "settings that cannot be read")
        told = self.copy_all(self.album_of(self.flat))
        self.assertEqual(told, ["There is no setting called “sepia”."])

    def test_one_that_is_refused_hides_no_other(self) -> None:
        for step in range(MOST_LIVE - 1):  # beside its first job
            services.order_variant(self.twice, VariantSettings(warmth=step / 100 + 0.01))
        more = self.make_photo(self.owner, mark=3)
        told = self.copy_all(self.album_of(self.flat, self.twice, more))
        self.assertEqual(told[0], "2 photographs wait to be colored with what you told.")
        self.assertRegex(told[1], "^1 photograph could not be ordered. This photograph has enough variants waiting")
        self.assertEqual(Job.objects.filter(priority=Priority.BATCH).count(), 2)

    def test_who_has_no_other_photograph_is_told(self) -> None:
        Photo.objects.filter(pk__in=[self.twice.pk, self.flat.pk]).delete()
        self.assertIn("No other photographs", self.html("job_copy", self.job.pk))
