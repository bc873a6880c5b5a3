"""Other colors of the same photograph: settings, orders, the contact sheet, and how they are told."""

from dataclasses import replace
from unittest.mock import patch

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.test import SimpleTestCase
from django.urls import reverse

from gallery import services
from gallery.api import variants as api
from gallery.doubt import doubt_sentence
from gallery.models import Job, JobState, ModelVersion, Photo, Priority, Result, UploadBatch
from gallery.searching import find, read_search
from gallery.services.batches import BETWEEN_FILES, ended_batches
from gallery.services.results import color_uncolored
from gallery.services.variants import MOST_LIVE, four_settings
from gallery.settings_words import settings_in_words
from gallery.variants import MOST_SPOTS, SettingsRefused, VariantSettings
from gallery.views import variants as views
from gallery.waiting import number_waiting
from tests.base import GalleryTestCase, read_stored
from tests.gallery.test_api import ApiTestCase
from tests.gallery.training_rows import TrainingRows

RED = {"x": 10.0, "y": 20.0, "radius": 5.0, "color": "#ff0000"}
GREY = {"x": 30.0, "y": 20.0, "radius": 9.0}


class SettingsTests(SimpleTestCase):
    def test_what_is_parsed_comes_back(self) -> None:
        told = {
            "hints": [RED],
            "keep_grey": [GREY],
            "vividness": 1.4,
            "warmth": -0.5,
            "network_size": 384,
            "flip_averaged": True,
            "model_version": 3,
        }
        settings = VariantSettings.parse(told)
        self.assertEqual((settings.everything(), settings.as_json()), (told, told))
        self.assertEqual(VariantSettings.parse(settings.everything()), settings)

    def test_the_usual_settings_are_empty_and_have_no_name(self) -> None:
        usual = VariantSettings.parse({"vividness": 1, "hints": [], "network_size": 256, "model_version": None})
        self.assertEqual((usual.as_json(), usual.digest), ({}, ""))

    def test_equal_wishes_have_one_name_and_others_another(self) -> None:
        one, same = VariantSettings.parse({"warmth": 0.2, "vividness": 1}), VariantSettings.parse({"warmth": 0.201})
        self.assertEqual(one.digest, same.digest)
        others = [VariantSettings.parse(told) for told in ({"warmth": 0.3}, {"hints": [RED]}, {"keep_grey": [GREY]})]
        self.assertEqual(len({one.digest, *(other.digest for other in others)}), 4)

    def test_each_mistake_is_told_in_a_sentence(self) -> None:
        for told, reason in (
            ([], "must be an object"),
            ({"colour": 1}, "no setting called “colour”"),
            ({"hints": {}}, "must be a list"),
            ({"hints": ["here"]}, "must be an object"),
            ({"hints": [GREY]}, "#rrggbb"),
            ({"hints": [{**RED, "color": "red"}]}, "#rrggbb"),
            ({"hints": [{**RED, "x": -1}]}, "from 0 to 1000000"),
            ({"hints": [{**RED, "y": float("nan")}]}, "from 0"),
            ({"keep_grey": [{"x": 1, "y": 2}]}, "x, y and radius"),
            ({"hints": [RED] * 300, "keep_grey": [GREY] * (MOST_SPOTS - 299)}, "At most 500"),
            ({"vividness": 2.1}, "from 0 to 2"),
            ({"warmth": "warm"}, "from -1 to 1"),
            ({"warmth": True}, "from -1 to 1"),
            ({"network_size": 100}, "192, 256, 384, 512"),
            ({"flip_averaged": 1}, "true or false"),
            ({"model_version": "newest"}, "must be a number"),
        ):
            with self.subTest(reason, told=str(told)[:60]), self.assertRaisesRegex(SettingsRefused, reason):
                VariantSettings.parse(told)

    def test_the_colorizer_takes_all_that_is_let_through(self) -> None:
        from worker.colorizing import settings_of

        for size in (192, 256, 384, 512):
            told = {"hints": [RED] * 250, "keep_grey": [GREY] * 250, "vividness": 2, "warmth": -1, "network_size": size}
            settings = settings_of(VariantSettings.parse({**told, "flip_averaged": True}))
            self.assertEqual((len(settings.hints.spots), settings.network_size), (500, size))
            self.assertEqual((settings.vividness, settings.warmth, settings.flip_averaged), (2, -1, True))


class WordsTests(SimpleTestCase):
    def test_settings_are_told_by_what_they_do(self) -> None:
        for told, words in (
            ({}, "as the model colors on its own"),
            ({"vividness": 1.4}, "more vivid (1.4)"),
            ({"vividness": 0.5, "warmth": 0.25}, "calmer (0.5), warmer (0.25)"),
            ({"vividness": 0}, "without color"),
            ({"warmth": -1.0}, "cooler (1.0)"),
            ({"hints": [RED, RED, {**RED, "color": "#00ff00"}]}, "2 colors told"),
            ({"hints": [RED], "keep_grey": [GREY]}, "1 color told, parts kept grey"),
            (
                {"network_size": 384, "flip_averaged": True},
                "looked at more closely, evened out with its mirror image",
            ),
            ({"network_size": 192, "model_version": 2}, "looked at from farther away, by version 2"),
        ):
            with self.subTest(words):
                self.assertEqual(settings_in_words(told), words)
                self.assertEqual(settings_in_words(VariantSettings.parse(told).everything()), words)

    def test_doubt_is_told_in_parts_that_everybody_knows(self) -> None:
        for share, words in ((0.0, "nearly sure"), (0.09, "a tenth"), (0.3, "a third"), (0.55, "half"), (0.95, "all")):
            self.assertIn(words, doubt_sentence(share))


class VariantTestCase(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.version = self.make_shipped("d" * 64)  # what Orders.stored_output names
        self.photo = self.make_colored(self.owner)
        self.first = self.photo.shown_result

    def color(self, job: Job) -> Result:
        claim = services.claim(job.pk, self.make_worker().pk)
        output = replace(self.stored_output(claim), settings=claim.settings.everything())
        self.assertTrue(services.finish(claim, output))
        return Result.objects.get(job=job)

    def fresh(self) -> Photo:
        return Photo.objects.get(pk=self.photo.pk)

    def promoted(self) -> ModelVersion:
        self.make_set(self.staff)
        return services.promote_version(self.make_trained().pk, self.staff)


class OrderTests(VariantTestCase):
    def test_a_variant_is_colored_as_asked_and_shown(self) -> None:
        asked = VariantSettings.parse({"hints": [RED], "vividness": 1.2})
        job = services.order_variant(self.photo, asked)
        self.assertEqual((job.status, job.priority), (JobState.QUEUED, Priority.INTERACTIVE))
        claim = services.claim(job.pk, self.make_worker().pk)
        self.assertEqual(claim.settings, asked)
        services.finish(claim, replace(self.stored_output(claim), settings=asked.everything()))
        self.assertEqual(self.fresh().shown_result.job, job)
        self.assertEqual(self.fresh().results[1], self.first)

    def test_the_same_order_twice_is_one_job_and_another_is_another(self) -> None:
        vivid, warm = VariantSettings(vividness=1.5), VariantSettings(warmth=0.5)
        jobs = [services.order_variant(self.photo, settings) for settings in (vivid, warm, vivid)]
        self.assertEqual(jobs[0], jobs[2])
        self.assertEqual(Job.objects.live().count(), 2)
        self.color(jobs[0])
        self.assertNotEqual(services.order_variant(self.photo, vivid), jobs[0])

    def test_the_database_itself_refuses_the_same_settings_twice(self) -> None:
        job = services.order_variant(self.photo, VariantSettings(vividness=1.5))
        with self.assertRaises(IntegrityError), transaction.atomic():
            Job.objects.create(photo=self.photo, settings=job.settings, settings_digest=job.settings_digest)

    def test_a_spot_outside_the_photograph_is_refused_by_its_place(self) -> None:
        width, height = self.photo.width, self.photo.height
        for spot in ({**RED, "x": width + 50, "radius": 10}, {**RED, "x": width + 8, "y": height + 8, "radius": 10}):
            with self.assertRaisesRegex(
                SettingsRefused, f"outside the photograph, which has {width} x {height} pixels"
            ):
                services.order_variant(self.photo, VariantSettings.parse({"hints": [spot]}))
        services.order_variant(self.photo, VariantSettings.parse({"hints": [{**RED, "x": width + 5, "radius": 10}]}))

    def test_one_photograph_does_not_fill_the_queue(self) -> None:
        for step in range(MOST_LIVE):
            services.order_variant(self.photo, VariantSettings(warmth=step / 100 + 0.01))
        with self.assertRaisesRegex(SettingsRefused, "enough variants"):
            services.order_variant(self.photo, VariantSettings(vividness=0.5))

    def test_versions_that_never_served_are_refused(self) -> None:
        self.make_set(self.staff)
        candidate = self.make_trained()
        for number in (candidate.number, 99):
            with self.assertRaisesRegex(SettingsRefused, f"Version {number}"):
                services.order_variant(self.photo, VariantSettings(model_version=number))
        services.promote_version(candidate.pk, self.staff)
        services.order_variant(self.photo, VariantSettings(model_version=self.version.number))
        ModelVersion.objects.filter(pk=self.version.pk).update(weights_removed_at=self.photo.uploaded_at)
        with self.assertRaises(SettingsRefused):
            services.order_variant(self.photo, VariantSettings(model_version=self.version.number, warmth=0.1))

    def test_what_was_trashed_or_deleted_since_it_was_looked_up_is_not_colored(self) -> None:
        services.trash_photos([self.photo.pk])
        with self.assertRaises(services.PhotoGone):
            services.order_variant(self.photo, VariantSettings(vividness=1.5))
        self.assertFalse(Job.objects.live().exists())
        services.delete_photos([self.photo.pk])
        with self.assertRaises(services.PhotoGone):
            services.order_variant(self.photo, VariantSettings(vividness=1.5))

    def test_another_try_asks_for_the_same(self) -> None:
        job = services.order_variant(self.photo, VariantSettings(vividness=1.5))
        self.assertIsNone(services.retry_photo(self.photo.pk))
        services.fail(services.claim(job.pk, self.make_worker().pk), "no luck")
        again = services.retry_photo(self.photo.pk)
        self.assertEqual((again.settings, again.settings_digest), (job.settings, job.settings_digest))

    def test_a_newer_version_keeps_to_what_the_owner_has_told(self) -> None:
        told = VariantSettings.parse({"hints": [RED]})
        self.color(services.order_variant(self.photo, replace(told, model_version=self.version.number)))
        self.promoted()
        self.assertEqual(services.color_again(Photo.objects.filter(pk=self.photo.pk)), 1)
        job = self.photo.jobs.latest("id")
        self.assertEqual((VariantSettings.parse(job.settings), job.priority), (told, Priority.BATCH))
        self.assertEqual(job.settings_digest, told.digest)


class FourTests(VariantTestCase):
    def test_four_are_ordered_and_none_is_shown_before_it_is_chosen(self) -> None:
        jobs = services.order_four(self.photo)
        self.assertEqual(len({job.settings_digest for job in jobs}), 4)
        self.assertEqual({job.priority for job in jobs}, {Priority.INTERACTIVE})
        results = [self.color(job) for job in jobs]
        self.assertEqual(self.fresh().shown_result, self.first)
        self.assertEqual(set(self.fresh().results[1:]), set(results))
        services.show_result(jobs[2].pk)
        self.assertEqual(self.fresh().results[:2], [results[2], self.first])

    def test_proposals_are_no_state_of_the_photograph_until_one_is_chosen(self) -> None:
        batch = UploadBatch.objects.create(owner=self.owner, added_at=Now() - BETWEEN_FILES, all_sent_at=Now())
        Photo.objects.filter(pk=self.photo.pk).update(batch=batch)
        done, running, failed, _waiting = services.order_four(self.photo)
        self.color(done)
        services.claim(running.pk, self.make_worker().pk)
        services.fail(services.claim(failed.pk, self.make_worker().pk), "no luck")
        photo = self.fresh()
        self.assertEqual((photo.latest_job, photo.shown_result), (self.first.job, self.first))
        self.assertIsNone(number_waiting([photo])[0].position)
        photos = Photo.objects.filter(pk=self.photo.pk)
        for state, found in (("waiting", 0), ("colored", 1), ("failed", 0)):
            self.assertEqual(find(photos, read_search({"state": state})).count(), found, state)
        self.assertIn(batch, ended_batches())
        self.promoted()
        self.assertIn(photo, services.outdated_photos(photos))
        self.client.force_login(self.owner)
        for page in ("photo", "photo_status"):
            self.assertContains(self.client.get(reverse(page, args=[photo.pk])), 'data-state="done"')
        services.show_result(done.pk)
        self.assertEqual(self.fresh().latest_job, done)

    def test_of_a_photograph_that_was_never_colored_no_proposal_is_shown(self) -> None:
        photo = self.make_photo(self.owner, mark=5)
        services.cancel(photo.latest_job.pk)
        job = services.order_four(photo)[0]
        self.color(job)
        photo = Photo.objects.get(pk=photo.pk)
        self.assertEqual((photo.shown_result, photo.other_results), (None, [job.result]))
        self.assertEqual(color_uncolored(Photo.objects.filter(pk=photo.pk)), 1)

    def test_asked_again_it_colors_only_what_failed(self) -> None:
        jobs = services.order_four(self.photo)
        self.color(jobs[0])
        services.fail(services.claim(jobs[1].pk, self.make_worker().pk), "no luck")
        again = services.order_four(self.fresh())
        self.assertEqual([again[0], again[2], again[3]], [jobs[0], jobs[2], jobs[3]])
        self.assertNotEqual(again[1], jobs[1])
        self.assertEqual(services.sheet_jobs(self.fresh()), again)

    def test_with_a_newer_version_all_are_colored_anew_and_the_one_before_is_among_them(self) -> None:
        before = services.order_four(self.photo)
        for job in before:
            self.color(job)
        self.promoted()
        after = services.order_four(self.fresh())
        self.assertFalse(set(before) & set(after))
        self.assertEqual(four_settings()[3], VariantSettings(model_version=self.version.number))
        self.assertEqual(after[3].settings, {"model_version": self.version.number})

    def test_a_proposal_that_is_then_ordered_is_shown(self) -> None:
        jobs = services.order_four(self.photo)
        self.assertEqual(services.order_variant(self.photo, VariantSettings.parse(jobs[2].settings)), jobs[2])
        result = self.color(jobs[2])
        self.assertEqual(self.fresh().shown_result, result)

    def test_a_canceled_one_is_no_longer_on_the_sheet(self) -> None:
        jobs = services.order_four(self.photo)
        services.cancel(jobs[0].pk)
        self.assertEqual(services.sheet_jobs(self.fresh()), jobs[1:])

    def test_what_was_ordered_otherwise_is_one_of_the_four_and_the_sheet_is_not_whole(self) -> None:
        vivid = services.order_variant(self.photo, VariantSettings(vividness=1.4))
        self.assertEqual(services.sheet_jobs(self.fresh()), [vivid])
        self.assertFalse(services.is_sheet_whole(self.fresh()))
        self.color(vivid)
        jobs = services.order_four(self.fresh())
        self.assertEqual((len(jobs), jobs[2]), (4, vivid))
        self.assertTrue(services.is_sheet_whole(self.fresh()))

    def test_after_a_newer_version_the_sheet_shows_what_is_there_and_is_not_whole(self) -> None:
        before = services.order_four(self.photo)
        for job in before:
            self.color(job)
        self.assertTrue(services.is_sheet_whole(self.fresh()))
        self.promoted()
        self.assertEqual(services.sheet_jobs(self.fresh()), before[:3])
        self.assertFalse(services.is_sheet_whole(self.fresh()))
        after = services.order_four(self.fresh())
        self.assertEqual(services.sheet_jobs(self.fresh()), after)
        self.assertTrue(services.is_sheet_whole(self.fresh()))

    def test_what_failed_later_does_not_hide_what_is_there(self) -> None:
        jobs = services.order_four(self.photo)
        self.color(jobs[2])
        again = services.order_variant(self.fresh(), VariantSettings(vividness=1.4))
        services.fail(services.claim(again.pk, self.make_worker().pk), "no luck")
        self.assertEqual(services.sheet_jobs(self.fresh()), jobs)

    def test_what_was_in_the_trash_while_its_four_were_colored_can_be_ordered_again(self) -> None:
        jobs = services.order_four(self.photo)
        self.color(jobs[0])
        services.trash_photos([self.photo.pk])
        services.restore_photos([self.photo.pk])
        self.assertEqual(services.sheet_jobs(self.fresh()), jobs[:1])
        self.assertFalse(services.is_sheet_whole(self.fresh()))


class PageTests(VariantTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.owner)

    def send(self, name: str, body: object) -> object:
        return self.client.post(
            reverse(name, args=[self.photo.pk]),
            body,
            content_type="application/json",
            headers={"Accept": "application/json"},
        )

    def test_a_variant_is_ordered_by_the_editor(self) -> None:
        answer = self.send("photo_variant", {"hints": [RED]})
        self.assertEqual(answer.status_code, 201)
        self.assertEqual(Job.objects.get(pk=answer.json()["job_id"]).settings, {"hints": [RED]})

    def test_mistakes_are_told(self) -> None:
        for body in ({"vividness": 7}, "{", "[" * 100_000):
            for name in ("photo_variant", "photo_preview"):
                answer = self.send(name, body)
                self.assertEqual((answer.status_code, list(answer.json())), (422, ["error"]))

    def test_four_are_ordered_by_the_sheet(self) -> None:
        answer = self.send("photo_four", {})
        self.assertEqual(answer.status_code, 201)
        self.assertEqual(answer.json()["job_ids"], [job.pk for job in services.sheet_jobs(self.fresh())])

    def test_a_photograph_that_is_deleted_meanwhile_is_missing(self) -> None:
        with patch.object(views, "photo_for", return_value=self.photo):
            services.delete_photos([self.photo.pk])
            for name in ("photo_variant", "photo_four"):
                self.assertEqual(self.send(name, {"warmth": 0.5}).status_code, 404)

    def test_a_person_is_told_on_the_sheet_why_nothing_was_ordered(self) -> None:
        for step in range(MOST_LIVE):
            services.order_variant(self.photo, VariantSettings(warmth=step / 100 + 0.01))
        answer = self.client.post(reverse("photo_four", args=[self.photo.pk]), follow=True)
        self.assertContains(answer, "enough variants waiting")

    def test_the_history_tells_the_settings_in_words(self) -> None:
        self.color(services.order_variant(self.photo, VariantSettings(vividness=1.5)))
        self.color(services.order_variant(self.photo, VariantSettings(warmth=0.5)))
        page = self.client.get(reverse("photo", args=[self.photo.pk])).content.decode()
        self.assertIn("more vivid (1.5)", page)
        self.assertIn("warmer (0.5)", page)


class CallTests(TrainingRows, ApiTestCase):
    def order(self, photo: Photo, body: object, **headers: str) -> object:
        address, told = f"/api/v1/photos/{photo.pk}/jobs", {**self.headers, **headers}
        return self.client.post(address, body, content_type="application/json", headers=told)

    def test_a_job_is_ordered_and_its_result_listed_with_all_that_was_told(self) -> None:
        photo = self.make_colored(self.owner)
        answer = self.order(photo, {"hints": [RED], "warmth": 0.5})
        job_id = answer.json()["id"]
        self.assertEqual((answer.status_code, answer.json()), (201, {"id": job_id, "state": "queued"}))
        claim = services.claim(job_id, self.make_worker().pk)
        services.finish(claim, replace(self.stored_output(claim), settings=claim.settings.everything()))
        newest, first = self.get(f"/photos/{photo.pk}/results").json()["results"]
        self.assertEqual((newest["job"], newest["shown"], first["shown"]), (job_id, True, False))
        self.assertEqual(newest["settings"], VariantSettings.parse({"hints": [RED], "warmth": 0.5}).everything())
        self.assertEqual((newest["in_words"], newest["model_version"]), ("1 color told, warmer (0.5)", None))

    def test_a_photograph_that_is_deleted_meanwhile_is_missing(self) -> None:
        photo = self.make_colored(self.owner)
        with patch.object(api, "photo_for", return_value=photo):
            services.delete_photos([photo.pk])
            answer = self.order(photo, {"warmth": 0.5})
        self.assertEqual((answer.status_code, list(answer.json())), (404, ["error"]))

    def test_the_same_order_is_one_job_until_that_has_ended_or_with_its_key_and_the_page_says_so(self) -> None:
        photo, key = self.make_colored(self.owner), {"Idempotency-Key": "once"}
        first, same = (self.order(photo, {"warmth": 0.5}, **key).json()["id"], self.order(photo, {"warmth": 0.5}))
        self.assertEqual(same.json()["id"], first)
        services.cancel(first)
        self.assertNotEqual(self.order(photo, {"warmth": 0.5}).json()["id"], first)
        self.assertEqual(self.order(photo, {"warmth": 0.5}, **key).json()["id"], first)
        self.assertIn("once it has ended, the same order is another job", api.PhotoJobs.post.__doc__)

    def test_each_result_can_be_fetched(self) -> None:
        photo = self.make_colored(self.owner)
        job = services.order_variant(photo, VariantSettings(warmth=0.5))
        self.assertEqual(self.get(f"/jobs/{job.pk}/result").status_code, 404)
        answer = self.get(f"/jobs/{photo.shown_result.job_id}/result")
        self.assertEqual(b"".join(answer), read_stored(photo.shown_result.image_key))

    def test_mistakes_are_told(self) -> None:
        photo = self.make_colored(self.owner)
        for body, status in (({"vividness": 7}, 422), ([], 422), ("{", 400)):
            answer = self.order(photo, body)
            self.assertEqual((answer.status_code, list(answer.json())), (status, ["error"]))
