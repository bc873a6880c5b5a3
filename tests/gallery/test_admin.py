"""The admin: every model with search, filters and thumbnails, and the orders to jobs."""

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from gallery import services
from gallery.models import (
    Album,
    ApiKey,
    Job,
    Photo,
    Result,
    SharedCopy,
    TrainingConsent,
    TrainingRun,
)
from tests.base import GalleryTestCase
from tests.gallery.admin_rows import AdminRows


class AdminTests(AdminRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.photo = self.make_colored(self.owner)
        self.client.force_login(self.staff)

    def order(self, action: str, *jobs: Job) -> list[str]:
        data = {"action": action, "_selected_action": [job.pk for job in jobs]}
        page = self.client.post(reverse("admin:gallery_job_changelist"), data, follow=True)
        return [str(message) for message in page.context["messages"]]

    def test_every_model_is_registered_with_search_and_filters_and_its_pages_open(self) -> None:
        self.make_every_row()
        for model in apps.get_app_config("gallery").get_models():
            with self.subTest(model.__name__):
                registered = admin.site.get_model_admin(model)
                self.assertTrue(registered.search_fields and registered.list_filter)
                name = f"admin:{model._meta.label_lower.replace('.', '_')}"
                page = self.client.get(reverse(f"{name}_changelist"), {"q": "olga"})
                self.assertEqual(page.status_code, 200)
                change = reverse(f"{name}_change", args=[model.objects.first().pk])
                self.assertEqual(self.client.get(change).status_code, 200)

    def test_logs_stay_and_go_with_their_account(self) -> None:
        self.make_every_training_row()
        consent = TrainingConsent.objects.get()
        for row in (consent, TrainingRun.objects.get()):
            name = f"admin:gallery_{row._meta.model_name}"
            self.assertEqual(
                self.client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code, 403
            )
            self.client.post(
                reverse(f"{name}_changelist"),
                {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"},
            )
            self.assertNotContains(self.client.get(reverse(f"{name}_change", args=[row.pk])), "deletelink")
            self.assertTrue(type(row).objects.filter(pk=row.pk).exists())
        delete = reverse("admin:auth_user_delete", args=[self.owner.pk])
        with self.captureOnCommitCallbacks(execute=True):
            self.assertEqual(self.client.post(delete, {"post": "yes"}).status_code, 302)
        self.assertFalse(TrainingConsent.objects.exists())
        self.assertFalse([key for key in self.stored_files() if key.startswith("collected")])

    def test_lists_show_thumbnails_that_load(self) -> None:
        for name in ("photo", "job", "result"):
            page = self.client.get(reverse(f"admin:gallery_{name}_changelist")).content.decode()
            address = page.split('<img src="/admin/gallery/')[1].split('"')[0]
            answer = self.client.get(f"/admin/gallery/{address}")
            self.assertEqual((answer.status_code, answer["Content-Type"]), (200, "image/jpeg"), address)

    def test_thumbnails_need_the_right_to_view(self) -> None:
        addresses = [
            reverse("admin:gallery_photo_thumb", args=[self.photo.pk]),
            reverse("admin:gallery_result_thumb", args=[self.photo.shown_result.pk]),
        ]
        clerk = User.objects.create(username="clerk", is_staff=True)
        for user, codes in ((self.owner, {302}), (self.stranger, {302}), (clerk, {404})):
            self.client.force_login(user)
            self.assertEqual({self.client.get(address).status_code for address in addresses}, codes)
        clerk.user_permissions.add(Permission.objects.get(codename="view_photo"))
        self.assertEqual([self.client.get(address).status_code for address in addresses], [200, 404])

    def test_failed_jobs_are_tried_again_and_live_ones_are_not(self) -> None:
        failed = self.make_photo(self.owner, mark=1)
        services.fail(self.claimed(failed), "no luck")
        live = self.make_photo(self.owner, mark=2)
        full = self.make_photo(self.friend, mark=3, byte_size=1 << 20)
        services.fail(self.claimed(full), "no luck")
        with self.settings(PHOTOLAB_STORAGE_QUOTA_MB=1):
            told = self.order("retry", *(photo.latest_job for photo in (failed, live, full)))
        why = "they have a live job, or their owner's storage is full."
        self.assertEqual(told, [f"1 new jobs; 2 could not be: {why}"])
        self.assertEqual(Photo.objects.get(pk=failed.pk).latest_job.status, "queued")
        self.assertEqual([photo.jobs.count() for photo in (live, full)], [1, 1])

    def test_jobs_are_canceled(self) -> None:
        waiting = self.make_photo(self.owner, mark=1)
        told = self.order("cancel", waiting.latest_job, self.photo.latest_job)
        self.assertEqual(told, ["1 jobs canceled; 1 had ended already."])
        self.assertEqual(waiting.jobs.get().status, "cancelled")

    def test_orders_need_the_right_to_change_jobs(self) -> None:
        clerk = User.objects.create(username="clerk", is_staff=True)
        clerk.user_permissions.add(Permission.objects.get(codename="view_job"))
        self.client.force_login(clerk)
        waiting = self.make_photo(self.owner, mark=1)
        self.order("cancel", waiting.latest_job)
        self.assertEqual(waiting.jobs.get().status, "queued")

    def test_a_token_is_taken_away(self) -> None:
        token, _ = ApiKey.objects.create(user=self.owner)
        self.assertEqual(self.client.get(reverse("admin:gallery_apikey_add")).status_code, 403)
        self.client.post(reverse("admin:gallery_apikey_delete", args=[token.pk]), {"post": "yes"})
        self.assertFalse(ApiKey.objects.exists())

    def test_a_link_cannot_be_read_here_and_neither_can_its_password(self) -> None:
        share = self.make_every_row_of_albums()
        copy = share.copies.get()
        for name, pk in (("share", share.pk), ("sharedcopy", copy.pk)):
            for address in (f"{name}_changelist", f"{name}_change", f"{name}_delete", f"{name}_history"):
                args = [] if address.endswith("changelist") else [pk]
                page = self.client.get(reverse(f"admin:gallery_{address}", args=args)).content.decode()
                for secret in (share.code, share.password, copy.key):
                    self.assertNotIn(secret, page, address)

    def test_nobody_writes_rows_by_hand(self) -> None:
        for name in ("photo", "job", "result", "worker", "removal", "album", "share", "preview"):
            self.assertEqual(self.client.get(reverse(f"admin:gallery_{name}_add")).status_code, 403)
        change = reverse("admin:gallery_job_change", args=[self.photo.latest_job.pk])
        self.assertEqual(self.client.post(change, {"status": "queued"}).status_code, 403)
        self.assertEqual(self.photo.jobs.get().status, "done")


class AdminDeletionTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.photo = self.make_colored(self.owner)
        self.client.force_login(self.staff)

    def delete(self, name: str, pk: int) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            answer = self.client.post(reverse(f"admin:{name}_delete", args=[pk]), {"post": "yes"})
        self.assertEqual(answer.status_code, 302)

    def delete_selected(self, name: str, pk: int) -> None:
        data = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
        with self.captureOnCommitCallbacks(execute=True):
            self.assertEqual(self.client.post(reverse(f"admin:{name}_changelist"), data).status_code, 302)

    def test_deleting_a_photo_takes_its_files(self) -> None:
        self.delete("gallery_photo", self.photo.pk)
        self.assertFalse(Photo.objects.exists())
        self.assertEqual(self.stored_files(), set())

    def test_deleting_selected_photos_takes_their_files(self) -> None:
        self.delete_selected("gallery_photo", self.photo.pk)
        self.assertFalse(Photo.objects.exists())
        self.assertEqual(self.stored_files(), set())

    def test_deleting_a_result_or_a_job_takes_the_results_files(self) -> None:
        for delete in (self.delete, self.delete_selected):
            for name in ("job", "result"):
                photo = self.make_colored(self.owner, mark=1)
                row = photo.latest_job if name == "job" else photo.shown_result
                delete(f"gallery_{name}", row.pk)
                with self.subTest(name):
                    self.assertFalse(Result.objects.filter(job__photo=photo).exists())
                    self.assertLessEqual(set(photo.file_keys), self.stored_files())
                    kept = {*self.photo.shown_result.file_keys}
                    self.assertEqual({key for key in self.stored_files() if key.startswith("results")}, kept)
                services.delete_photos([photo.pk])

    def test_deleting_an_album_a_link_or_a_copy_takes_the_copies(self) -> None:
        for delete in (self.delete, self.delete_selected):
            for name in ("album", "share", "sharedcopy"):
                before = self.stored_files()
                album = Album.objects.create(owner=self.owner, title="Farm")
                services.add_to_album(album.pk, [self.photo.pk])
                share = services.create_share(album, services.ShareTerms())
                services.shared_file(share, self.photo, "original")
                rows = {"album": album, "share": share, "sharedcopy": share.copies.get()}
                with self.subTest(name):
                    delete(f"gallery_{name}", rows[name].pk)
                    self.assertEqual(self.stored_files(), before)
                    self.assertFalse(SharedCopy.objects.exists())

    def test_deleting_an_account_takes_all_of_its_files(self) -> None:
        self.delete("auth_user", self.owner.pk)
        self.assertFalse(Photo.objects.exists())
        self.assertEqual(self.stored_files(), set())

    def test_deleting_selected_accounts_takes_all_of_their_files(self) -> None:
        self.delete_selected("auth_user", self.owner.pk)
        self.assertFalse(Photo.objects.exists())
        self.assertEqual(self.stored_files(), set())
