"""Collected images in the admin: thumbnails, filters, decisions, the start of a run, sets that staff upload."""

import io
import re
import zipfile
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import override_settings
from django.urls import reverse

from gallery import admission, services
from gallery.models import Admission, CollectedImage, Origin, TrainingRun
from gallery.services import nearness
from gallery.wording import NO_TRAINER
from tests import pictures
from tests.base import GalleryTestCase, as_upload
from tests.gallery.training_rows import TrainingRows

LIST = reverse("admin:gallery_collectedimage_changelist")
RETRAIN = reverse("admin:gallery_collectedimage_retrain")
UPLOAD = reverse("admin:gallery_collectedimage_upload")


class CollectedTestCase(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.staff)

    def act(self, action: str, *images: CollectedImage, **more: str) -> HttpResponse:
        data = {"action": action, "_selected_action": [image.pk for image in images], **more}
        return self.client.post(LIST, data, follow=True)

    def told(self, page: HttpResponse) -> list[str]:
        return [str(message) for message in page.context["messages"]]


class ListTests(CollectedTestCase):
    def listed(self, **query: str) -> set[int]:
        page = self.client.get(LIST, query)
        self.assertEqual(page.status_code, 200)
        return {image.pk for image in page.context["cl"].result_list}

    def test_thumbnails_and_pictures_load(self) -> None:
        image = self.make_collected(self.owner)
        for page, kind in (
            (LIST, "thumb"),
            (reverse("admin:gallery_collectedimage_change", args=[image.pk]), "picture"),
        ):
            address = reverse("admin:gallery_collectedimage_file", args=[image.pk, kind])
            self.assertContains(self.client.get(page), f'src="{address}"')
            answer = self.client.get(address)
            self.assertEqual((answer.status_code, answer["Content-Type"]), (200, "image/jpeg"))
            self.assertIn("private", answer["Cache-Control"])
        other = reverse("admin:gallery_collectedimage_file", args=[image.pk, "original"])
        self.assertEqual(self.client.get(other).status_code, 404)

    def test_what_could_not_be_read_is_listed_without_a_picture(self) -> None:
        image = self.make_collected(self.owner, status=Admission.SET_ASIDE, reason="damaged")
        CollectedImage.objects.update(file_key="", thumb_key="")
        self.assertContains(self.client.get(LIST), "unreadable")
        address = reverse("admin:gallery_collectedimage_file", args=[image.pk, "thumb"])
        self.assertEqual(self.client.get(address).status_code, 404)

    def test_the_list_is_filtered_by_owner_origin_and_state(self) -> None:
        staffs = self.make_collected(self.staff)
        upload = self.make_collected(self.owner, origin=Origin.COLOR_UPLOAD, status=Admission.EXCLUDED)
        self.assertEqual(self.listed(), {staffs.pk, upload.pk})
        self.assertEqual(self.listed(owner=str(self.owner.pk)), {upload.pk})
        self.assertEqual(self.listed(owner="nonsense"), {staffs.pk, upload.pk})
        self.assertEqual(self.listed(origin__exact="staff"), {staffs.pk})
        self.assertEqual(self.listed(status__exact="excluded"), {upload.pk})
        self.assertContains(self.client.get(LIST), "olga (1)")

    def test_the_list_is_filtered_by_the_reason_that_the_rules_gave(self) -> None:
        """Real reasons, by the rules themselves."""
        facts = {"picture": b"", "thumb": b"", "phash": "0" * 16}
        usual = {"width": 640, "height": 480, "has_color": True, "colorfulness": 40.0}
        cases = {
            "small": {"height": 20},
            "grey": {"has_color": False},
            "pale": {"colorfulness": 3.0},
        }
        made = {}
        for name, case in cases.items():
            looked = admission.Looked(**{**facts, **usual, **case})
            reason = admission.why_set_aside(looked)
            made[name] = self.make_collected(self.owner, status=Admission.SET_ASIDE, reason=reason).pk
        made["other"] = self.make_collected(self.owner, status=Admission.EXCLUDED, reason="a drawing").pk
        included = self.make_collected(self.owner, phash="0" * 16).pk
        near = self.make_collected(self.owner, status=Admission.SET_ASIDE, phash="0" * 15 + "1")
        near.reason = nearness.why_near(near)
        near.save()
        made["near"] = near.pk
        for name, pk in made.items():
            self.assertEqual(self.listed(why=name), {pk}, name)
        self.assertEqual(self.listed(), {*made.values(), included})

    def test_the_page_of_a_picture_says_which_versions_learned_from_it(self) -> None:
        self.make_shipped()
        images = self.make_set(self.owner)
        self.start()
        claim = self.claimed_run()
        services.freeze_snapshot(claim)
        version = services.finish_run(claim, self.new_version())
        learned = [image for image in images if services.versions_that_saw(image.digest)]
        page = self.client.get(reverse("admin:gallery_collectedimage_change", args=[learned[0].pk]))
        self.assertContains(page, str(version))
        held_out = next(image for image in images if image not in learned)
        page = self.client.get(reverse("admin:gallery_collectedimage_change", args=[held_out.pk]))
        self.assertNotContains(page, str(version))


class DecisionTests(CollectedTestCase):
    def test_images_are_excluded_with_a_reason_and_included_again(self) -> None:
        image, other = self.make_set(self.owner, 2)
        page = self.act("exclude_images", image, reason=" a drawing ")
        self.assertEqual(self.told(page), ["1 images excluded."])
        image.refresh_from_db()
        self.assertEqual((image.status, image.reason, image.decided_by), ("excluded", "a drawing", self.staff))
        self.assertEqual(self.told(self.act("exclude_images", image)), ["0 images excluded; 1 were excluded already."])
        told = self.told(self.act("include_images", image, other))
        self.assertEqual(told, ["1 images included; 1 were included or cannot be read."])
        image.refresh_from_db()
        self.assertEqual((image.status, image.reason), ("included", ""))

    def test_decisions_need_the_right_to_change(self) -> None:
        image = self.make_collected(self.owner)
        self.client.force_login(self.make_clerk("view_collectedimage", "start_training"))
        self.act("exclude_images", image)
        image.refresh_from_db()
        self.assertEqual(image.status, "included")
        self.assertNotContains(self.client.get(LIST), "exclude_images")

    def test_the_files_of_what_is_deleted_go(self) -> None:
        image = self.make_collected(self.owner)
        with self.captureOnCommitCallbacks(execute=True):
            self.act("delete_selected", image, post="yes")
        self.assertFalse(CollectedImage.objects.exists() or self.stored_files())


class StartTests(CollectedTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = self.make_shipped()
        self.images = self.make_set(self.owner)

    def order(self, **changes: Any) -> dict[str, Any]:
        usual = {"steps": 300, "learning_rate": 1e-4, "base_share": 0.5, "batch_size": 12, "crop": 192, "note": ""}
        return {"images": "all", **usual, **changes}

    def test_the_action_leads_to_the_plan_for_what_was_selected_and_starts_nothing(self) -> None:
        aside = self.make_collected(self.owner, status=Admission.SET_ASIDE)
        page = self.act("start_retraining", *self.images[:9], aside)
        facts = dict(page.context["facts"])
        self.assertEqual((facts["Pictures selected"], facts["Usable"]), ("10", "9 (included, and none twice)"))
        self.assertEqual(facts["Starts from"], str(self.base))
        self.assertEqual({"Expected time", "Memory needed", "Disk needed"} - set(facts), set())
        self.assertContains(page, NO_TRAINER)
        self.assertFalse(page.context["plan"].problems)
        self.assertFalse(TrainingRun.objects.exists())

    def test_the_action_is_only_for_those_who_may_start(self) -> None:
        self.client.force_login(self.make_clerk("view_collectedimage", "change_collectedimage"))
        self.assertNotContains(self.client.get(LIST), "start_retraining")
        page = self.act("start_retraining", *self.images)
        self.assertNotIn("plan", page.context)

    def test_a_run_on_the_selected_is_started_with_the_settings_of_the_form(self) -> None:
        page = self.act("start_retraining", *self.images[:9])
        selected = page.context["form"]["images"].value()
        order = self.order(images=selected, adversarial="on", note="for forests", start="1")
        page = self.client.post(RETRAIN, order, follow=True)
        run = TrainingRun.objects.get()
        self.assertRedirects(page, reverse("admin:gallery_trainingrun_change", args=[run.pk]))
        self.assertEqual(set(run.selected.all()), set(self.images[:9]))
        self.assertEqual((run.started_by, run.note, run.takes_all), (self.staff, "for forests", False))
        self.assertEqual((run.settings["steps"], run.settings["adversarial"]), (300, True))
        self.assertIn(NO_TRAINER, self.told(page)[0])

    def test_the_plan_follows_the_settings(self) -> None:
        times = [
            self.client.post(RETRAIN, self.order(steps=steps, plan="1")).context["plan"].seconds
            for steps in (100, 5000)
        ]
        self.assertLess(times[0], times[1])
        self.assertFalse(TrainingRun.objects.exists())

    def test_all_that_are_included_is_what_the_page_offers_by_itself(self) -> None:
        page = self.client.get(RETRAIN)
        self.assertEqual(page.context["form"]["images"].value(), "all")
        self.assertContains(page, "all images that are included when it begins")
        self.client.post(RETRAIN, self.order(start="1"))
        self.assertTrue(TrainingRun.objects.get().takes_all)

    def test_too_few_are_refused_with_the_number(self) -> None:
        page = self.act("start_retraining", *self.images[:3])
        self.assertContains(page, "Only 3 of the pictures are usable; at least 8 are needed.")
        self.assertContains(page, 'value="Start retraining" class="default" disabled')
        page = self.client.post(RETRAIN, self.order(images=page.context["form"]["images"].value(), start="1"))
        self.assertContains(page, "Only 3 of the pictures are usable")
        self.assertFalse(TrainingRun.objects.exists())

    def test_a_second_start_waits_and_a_third_is_refused(self) -> None:
        self.client.post(RETRAIN, self.order(start="1"))
        self.claimed_run()
        self.client.post(RETRAIN, self.order(start="1"))
        page = self.client.post(RETRAIN, self.order(start="1"))
        self.assertContains(page, "A training run waits already.")
        self.assertEqual(TrainingRun.objects.count(), 2)

    def test_senseless_orders_are_told_beside_the_field_or_in_the_plan(self) -> None:
        for field, value in (("steps", "many"), ("learning_rate", ""), ("images", "1;2"), ("images", "")):
            page = self.client.post(RETRAIN, self.order(start="1", **{field: value}))
            self.assertIn(field, page.context["form"].errors)
        for field, value in (("steps", 0), ("learning_rate", "nan"), ("base_share", 2), ("crop", 100)):
            page = self.client.post(RETRAIN, self.order(start="1", **{field: value}))
            self.assertTrue(page.context["plan"].problems or page.context["form"].errors, field)
        self.assertFalse(TrainingRun.objects.exists())


class UploadTests(CollectedTestCase):
    def upload(self, *uploads: SimpleUploadedFile, agreed: bool = True) -> str:
        """The whole page as it is sent."""
        data = {"files": list(uploads), **({"may_be_learned_from": "on"} if agreed else {})}
        page = self.client.post(UPLOAD, data)
        self.assertEqual(page.status_code, 200)
        return self.sent(page)

    def sent(self, page: HttpResponse) -> str:
        if not page.streaming:
            return page.content.decode()

        async def read() -> bytes:
            return b"".join([part async for part in page.streaming_content])

        return async_to_sync(read)().decode()  # in this thread, whose transaction it is

    def zipped(self, **members: bytes) -> SimpleUploadedFile:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in members.items():
                archive.writestr(f"set/{name}.jpg", content)
        return as_upload(buffer.getvalue(), "set.zip")

    def test_each_file_is_answered_with_what_became_of_it(self) -> None:
        color = pictures.encoded(pictures.color())
        page = self.upload(
            as_upload(color, "forest.jpg"), as_upload(color, "again.jpg"), as_upload(b"hello", "<b>.jpg"),
            self.zipped(grey=pictures.jpeg(), near=pictures.encoded(pictures.color(), quality=50)),
        )  # fmt: skip
        image = CollectedImage.objects.get(status=Admission.INCLUDED)
        lines = re.findall('<li class="is-.*?</li>', page)
        expected = [
            ("is-taken", "forest.jpg", f"picture {image.pk}"),
            ("is-known", "again.jpg", f"picture {image.pk}"),
            ("is-refused", "&lt;b&gt;.jpg", "This is not a photograph"),
            ("is-set_aside", "set.zip: grey.jpg", "It is grey or toned"),
            ("is-set_aside", "set.zip: near.jpg", f"(picture {image.pk})"),
        ]
        self.assertEqual(len(lines), len(expected), lines)
        for line, parts in zip(lines, expected, strict=True):
            for part in parts:
                self.assertIn(part, line)
        self.assertIn("1 taken, 1 there already, 2 set aside, 1 refused.", page)
        self.assertEqual((image.owner, image.origin), (self.staff, Origin.STAFF_UPLOAD))
        self.assertTrue(page.rstrip().endswith("</html>"))

    def test_without_the_word_that_they_may_be_learned_from_nothing_is_taken(self) -> None:
        page = self.upload(as_upload(pictures.encoded(pictures.color())), agreed=False)
        self.assertIn("This field is required.", page)
        self.assertFalse(CollectedImage.objects.exists())

    def test_no_file_is_told(self) -> None:
        self.assertIn("This field is required.", self.upload())

    def test_a_damaged_zip_and_an_empty_one_spoil_no_other_file(self) -> None:
        color = pictures.encoded(pictures.color())
        broken = as_upload(b"PK\x03\x04" + bytes(99), "broken.zip")
        page = self.upload(broken, self.zipped(), as_upload(b"", "nothing.jpg"), as_upload(color))
        self.assertIn('broken.zip</span> <span class="quiet">This zip file is damaged.', page)
        self.assertIn("There is no picture in this zip file.", page)
        self.assertIn("This file is empty.", page)
        self.assertIn("1 taken, 3 refused.", page)

    def test_a_full_disk_is_told_for_each_file_and_leaves_nothing(self) -> None:
        full = {"BACKEND": "tests.gallery.full_disk.FullDisk", "OPTIONS": {"location": self.media}}
        with override_settings(STORAGES={**settings.STORAGES, "default": full}), self.assertLogs("gallery", "ERROR"):
            page = self.upload(as_upload(pictures.encoded(pictures.color())), as_upload(b"hello"))
        self.assertIn("The storage did not take it.", page)
        self.assertIn("2 refused.", page)
        self.assertFalse(CollectedImage.objects.exists() or self.stored_files())
