"""Previews as rows: asked for, claimed, answered, superseded, swept away; and what is said when there are none."""

import asyncio
from datetime import timedelta
from unittest import mock

from asgiref.sync import async_to_sync
from django.db.models.functions import Now
from django.test import AsyncClient
from django.urls import reverse

from gallery import services, upkeep
from gallery.models import Photo, Preview, PreviewState
from gallery.services import PreviewAnswer, PreviewRefused, previews
from tests.base import GalleryTestCase
from tests.broker import RealBroker

PICTURE, PALETTE, DOUBT = Preview.Kind.PICTURE, Preview.Kind.PALETTE, Preview.Kind.DOUBT


class PreviewTestCase(RealBroker, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.photo = self.make_photo(self.owner)

    def ask(self, photo: Photo | None = None, kind: Preview.Kind = PICTURE) -> int:
        return services.ask_for_preview(photo or self.photo, kind, {"vividness": 1.5})

    def assert_refused(self, status: int, preview_id: int | None = None) -> str:
        with self.assertRaises(PreviewRefused) as caught:
            if preview_id is None:
                self.ask()
            else:
                services.look_at_preview(preview_id)
        self.assertEqual(caught.exception.status, status)
        return str(caught.exception)


class RowTests(PreviewTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_worker()

    def test_it_is_asked_for_claimed_answered_and_given_out_once(self) -> None:
        preview_id = self.ask()
        self.assertEqual(self.messages(), 1)
        self.assertIsNone(services.look_at_preview(preview_id))
        claim = services.claim_preview()
        self.assertEqual((claim.id, claim.kind, claim.asked), (preview_id, PICTURE, {"vividness": 1.5}))
        self.assertEqual((claim.picture_key, claim.size), (self.photo.preview_key, (64, 48)))
        self.assertIsNone(services.claim_preview())
        self.assertTrue(services.finish_preview(preview_id, PreviewAnswer(b"picture", {"share": 0.5})))
        self.assertEqual(services.look_at_preview(preview_id), PreviewAnswer(b"picture", {"share": 0.5}))
        self.assertEqual(bytes(Preview.objects.get().picture), b"")

    def test_the_newest_picture_of_a_photo_is_the_one_that_is_made(self) -> None:
        other = self.ask(self.make_photo(self.owner, mark=2))
        palette, older, newer = self.ask(kind=PALETTE), self.ask(), self.ask()
        self.assert_refused(409, older)
        claimed = [services.claim_preview().id for _ in range(3)]
        self.assertEqual(claimed, [other, palette, newer])
        self.assertIsNone(services.claim_preview())

    def test_what_went_wrong_is_told(self) -> None:
        preview_id = self.ask()
        services.claim_preview()
        self.assertTrue(services.fail_preview(preview_id, "The photograph is blank."))
        self.assertEqual(self.assert_refused(422, preview_id), "The photograph is blank.")
        self.assertFalse(services.finish_preview(preview_id, PreviewAnswer(b"late")))

    def test_with_the_photo_goes_the_preview(self) -> None:
        preview_id = self.ask()
        services.claim_preview()
        services.delete_photos([self.photo.pk])
        self.assertFalse(services.finish_preview(preview_id, PreviewAnswer(b"late")))
        self.assert_refused(404, preview_id)

    def test_nobody_makes_what_nobody_waits_for(self) -> None:
        late, left = self.ask(kind=PALETTE), self.ask()
        Preview.objects.filter(pk=late).update(asked_at=Now() - timedelta(seconds=previews.PATIENCE_S + 1))
        self.assertEqual(services.give_up_preview(left).status, 503)
        self.assertIsNone(services.claim_preview())

    def test_doubt_is_waited_for_longer_and_made_after_all_others(self) -> None:
        doubt, palette, late = self.ask(kind=DOUBT), self.ask(kind=PALETTE), self.ask(kind=DOUBT)
        asked_at = Now() - timedelta(seconds=previews.PATIENCE_S + 1)
        Preview.objects.filter(pk=doubt).update(asked_at=asked_at)
        asked_at = Now() - timedelta(seconds=previews.DOUBT_PATIENCE_S + 1)
        Preview.objects.filter(pk=late).update(asked_at=asked_at)
        self.assertEqual([services.claim_preview().id for _ in range(2)], [palette, doubt])
        self.assertIsNone(services.claim_preview())

    def test_upkeep_sweeps_them_away(self) -> None:
        old, young = self.ask(), self.ask()
        Preview.objects.filter(pk=old).update(asked_at=Now() - previews.KEPT_FOR - timedelta(seconds=1))
        upkeep.run_pass()
        self.assertEqual(Preview.objects.get().pk, young)

    def test_one_person_cannot_ask_without_end_and_keeps_nobody_else_from_asking(self) -> None:
        asked = [Preview(photo=self.photo, kind=PICTURE, status=PreviewState.DONE) for _ in range(previews.MOST_KEPT)]
        Preview.objects.bulk_create(asked)
        self.assertIn("Wait a moment", self.assert_refused(429))
        self.ask(self.make_photo(self.friend, mark=3))
        Preview.objects.update(asked_at=Now() - previews.KEPT_FOR - timedelta(seconds=1))
        self.ask()


class RefusalTests(PreviewTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.owner)

    def answer(self, name: str, **query: str) -> tuple[int, dict]:
        address = reverse(name, args=[self.photo.pk])
        if name == "photo_preview":
            answer = self.client.post(address, {}, content_type="application/json")
        else:
            answer = self.client.get(address, query)
        return answer.status_code, answer.json()

    def test_without_a_worker_it_is_said_at_once(self) -> None:
        for name, query in (("photo_preview", {}), ("photo_palette", {"x": "1", "y": "1"}), ("photo_doubt", {})):
            status, told = self.answer(name, **query)
            self.assertEqual((status, list(told)), (503, ["error"]))
            self.assertIn("No coloring worker", told["error"])

    def test_without_the_broker_it_is_said_at_once(self) -> None:
        self.make_worker()
        self.broker_goes_away()
        status, told = self.answer("photo_preview")
        self.assertEqual((status, Preview.objects.count()), (503, 0))
        self.assertIn("cannot be reached", told["error"])

    def test_a_worker_that_does_not_come_to_it_is_waited_for_in_measure(self) -> None:
        self.make_worker()
        with mock.patch.object(previews, "PATIENCE_S", 0.1):
            status, told = self.answer("photo_preview")
        self.assertEqual((status, Preview.objects.get().status), (503, PreviewState.SUPERSEDED))
        self.assertIn("busy", told["error"])

    def test_what_a_page_does_not_wait_for_any_more_is_not_made(self) -> None:
        self.make_worker()
        address = reverse("photo_doubt", args=[self.photo.pk])
        visitor = AsyncClient()
        visitor.force_login(self.owner)

        async def ask_and_leave() -> None:
            await asyncio.wait_for(visitor.get(address), timeout=0.5)

        with self.assertRaises(TimeoutError):
            async_to_sync(ask_and_leave)()
        self.assertEqual(Preview.objects.get().status, PreviewState.SUPERSEDED)

    def test_a_place_outside_the_photograph_is_refused(self) -> None:
        for query in ({}, {"x": "5"}, {"x": "-1", "y": "3"}, {"x": "5", "y": "49"}, {"x": "nan", "y": "1"}):
            self.assertEqual(self.answer("photo_palette", **query)[0], 422)
