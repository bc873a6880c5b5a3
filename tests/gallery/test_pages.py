"""The pages that show: what they say, what they ask of the database, and that they are allowed to be shown."""

from datetime import UTC, datetime, timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import reverse
from django.utils import timezone

from gallery import services
from gallery.models import Job, Photo
from gallery.views import pages
from tests.base import GalleryTestCase


class HomeTests(GalleryTestCase):
    def test_everybody_sees_the_front_page(self) -> None:
        self.assertEqual(self.client.get(reverse("home")).status_code, 200)
        self.client.force_login(self.owner)
        self.assertContains(self.client.get(reverse("home")), reverse("gallery"))

    def test_every_page_forbids_inline_scripts_and_frames(self) -> None:
        policy = self.client.get(reverse("home"))["Content-Security-Policy"]
        self.assertIn("script-src 'self';", policy + ";")
        self.assertIn("style-src 'self';", policy + ";")
        self.assertIn("frame-ancestors 'none'", policy)
        self.assertNotIn("unsafe", policy)

    def test_pages_have_no_inline_script_or_style(self) -> None:
        photo = self.make_colored(self.owner)
        self.client.force_login(self.owner)
        for address in ("/", "/photos/", f"/photos/{photo.pk}/", "/accounts/", "/accounts/delete/"):
            page = self.client.get(address).content.decode()
            with self.subTest(address):
                self.assertNotRegex(page, r"<style|\sstyle=|\son[a-z]+=\"")
                self.assertNotRegex(page, r"<script(?![^>]*\ssrc=)(?![^>]*application/json)")


class GalleryPageTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.owner)

    def test_an_empty_gallery_says_what_to_do(self) -> None:
        page = self.client.get(reverse("gallery"))
        self.assertEqual((page.context["photos"], page.context["next_cursor"]), ([], None))
        self.assertContains(page, reverse("upload"))

    def test_pages_follow_each_other_without_gap_or_repetition(self) -> None:
        made = [self.make_photo(self.owner, mark=mark).pk for mark in range(7)]
        self.addCleanup(setattr, pages, "PAGE_SIZE", pages.PAGE_SIZE)
        pages.PAGE_SIZE = 3
        seen, cursor = [], None
        while True:
            page = self.client.get(reverse("gallery"), {"before": cursor} if cursor else {})
            seen += [photo.pk for photo in page.context["photos"]]
            if cursor is None:
                self.make_photo(self.owner, mark=99)  # arrives while the visitor reads
            cursor = page.context["next_cursor"]
            if cursor is None:
                break
        self.assertEqual(seen, made[::-1])

    def test_a_cursor_that_is_nonsense_shows_the_first_page(self) -> None:
        self.make_photo(self.owner)
        for cursor in ("x", "-1", "9" * 40, "²"):
            with self.subTest(cursor):
                self.assertEqual(len(self.client.get(reverse("gallery"), {"before": cursor}).context["photos"]), 1)

    def test_more_photos_ask_no_more_of_the_database(self) -> None:
        self.make_colored(self.owner)
        with CaptureQueriesContext(connection) as one_photo:
            self.client.get(reverse("gallery"))
        for mark in range(1, 6):
            self.make_colored(self.owner, mark=mark)
        with self.assertNumQueries(len(one_photo)):
            self.client.get(reverse("gallery"))

    def test_cards_are_the_same_as_in_the_page(self) -> None:
        photo = self.make_colored(self.owner)
        answer = self.client.get(reverse("photo_cards"), {"ids": f"{photo.pk},{photo.pk + 5},nonsense,"}).json()
        self.assertEqual(answer["gone"], [photo.pk + 5])
        self.assertIn(answer["cards"][str(photo.pk)].strip(), self.client.get(reverse("gallery")).content.decode())


class PhotoPageTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.owner)

    def test_it_knows_its_neighbors_among_the_owners_photos(self) -> None:
        first, second = self.make_photo(self.owner, mark=1), self.make_photo(self.owner, mark=2)
        self.make_photo(self.friend, mark=3)
        third = self.make_photo(self.owner, mark=4)
        seen = self.client.get(reverse("photo", args=[second.pk])).context
        self.assertEqual((seen["older"], seen["newer"]), (first.pk, third.pk))
        self.assertIsNone(self.client.get(reverse("photo", args=[third.pk])).context["newer"])

    def test_it_tells_a_failure_in_the_words_of_the_worker(self) -> None:
        photo = self.make_photo(self.owner)
        services.fail(self.claimed(photo), "There was not enough memory.")
        self.assertContains(self.client.get(reverse("photo", args=[photo.pk])), "There was not enough memory.")

    def test_names_are_shown_as_text_and_not_as_markup(self) -> None:
        photo = self.make_photo(self.owner, file_name="<script>alert(1)</script>.jpg")
        for address in (reverse("photo", args=[photo.pk]), reverse("gallery")):
            self.assertNotContains(self.client.get(address), "<script>alert(1)")

    def test_the_piece_that_updates_itself_follows_the_job(self) -> None:
        photo = self.make_photo(self.owner)
        address = reverse("photo_status", args=[photo.pk])
        self.assertEqual(self.client.get(address).context["job"].status, "queued")
        claim = self.claimed(photo)
        services.finish(claim, self.stored_output(claim))
        self.assertEqual(self.client.get(address).context["result"].job_id, claim.job_id)

    def test_a_job_that_is_overdue_promises_no_more_seconds(self) -> None:
        self.make_colored(self.friend, mark=1)
        photo = self.make_photo(self.owner)
        address = reverse("photo_status", args=[photo.pk])
        job_id = self.claimed(photo).job_id
        self.assertContains(self.client.get(address), "Done in a few seconds.")
        Job.objects.filter(pk=job_id).update(claimed_at=timezone.now() - timedelta(minutes=5))
        overdue = self.client.get(address)
        self.assertContains(overdue, "This takes longer than usual.")
        self.assertNotContains(overdue, "Done in")

    def test_only_scripts_are_said_to_update_the_page(self) -> None:
        page = self.client.get(reverse("photo", args=[self.make_photo(self.owner).pk]))
        self.assertContains(page, '<p class="soft with-scripts">This page updates by itself.</p>')
        self.assertContains(page, "updates by itself", count=1)

    def test_times_say_that_they_are_in_utc(self) -> None:
        photo = self.make_photo(self.owner)
        Photo.objects.filter(pk=photo.pk).update(uploaded_at=datetime(1936, 4, 5, 16, 7, tzinfo=UTC))
        page = self.client.get(reverse("photo", args=[photo.pk]))
        self.assertContains(page, '<time datetime="1936-04-05T16:07:00+00:00">April 5, 1936, 4:07 PM UTC</time>')

    def test_try_again_and_cancel(self) -> None:
        photo = self.make_photo(self.owner)
        page = reverse("photo", args=[photo.pk])
        self.assertRedirects(self.client.post(reverse("job_cancel", args=[photo.latest_job.pk])), page)
        self.assertEqual(Photo.objects.get(pk=photo.pk).latest_job.status, "cancelled")
        self.assertRedirects(self.client.post(reverse("photo_retry", args=[photo.pk])), page)
        self.assertEqual(Photo.objects.get(pk=photo.pk).latest_job.status, "queued")
        told = self.client.post(reverse("photo_retry", args=[photo.pk]), follow=True).context["messages"]
        self.assertEqual([str(message) for message in told], ["This photo is being colored already."])

    def test_what_is_in_color_is_not_tried_again(self) -> None:
        photo = self.make_colored(self.owner)
        told = self.client.post(reverse("photo_retry", args=[photo.pk]), follow=True).context["messages"]
        self.assertEqual([str(message) for message in told], ["There is nothing to try again: this photo is in color."])
        self.assertEqual(photo.jobs.count(), 1)

    def test_changes_need_the_forms_token(self) -> None:
        photo = self.make_photo(self.owner)
        strict = self.client_class(enforce_csrf_checks=True)
        strict.force_login(self.owner)
        for name in ("photo_delete", "photo_retry"):
            self.assertEqual(strict.post(reverse(name, args=[photo.pk])).status_code, 403)
        for name in ("upload", "account_revoke_tokens"):
            self.assertEqual(strict.post(reverse(name)).status_code, 403)

    def test_a_number_beyond_all_rows_is_not_found(self) -> None:
        self.assertEqual(self.client.get(f"/photos/{'9' * 30}/").status_code, 404)
        self.assertEqual(self.client.get(f"/photos/{'9' * 30}/files/thumb/").status_code, 404)

    @override_settings(DEBUG=False)
    def test_a_page_that_does_not_exist_says_so_in_our_own_words(self) -> None:
        self.assertContains(self.client.get("/no/such/page"), "Photo-Lab", status_code=404)
