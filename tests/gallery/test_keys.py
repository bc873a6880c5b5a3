"""Keys of programs: what each scope opens, that every call declares one, and calls that may safely be repeated."""

from datetime import timedelta

from django.core.cache import cache
from django.db.models.functions import Now
from django.http import HttpResponse
from django.urls import reverse
from rest_framework.views import APIView

from gallery import services, upkeep
from gallery.api.urls import calls
from gallery.models import ApiKey, KeptAnswer, Photo, Scope
from tests import pictures
from tests.base import PASSWORD, GalleryTestCase, as_upload

WITHOUT_SCOPE = {"api-schema", "api-docs", "api-tokens"}


class KeyTestCase(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()
        self.photo = self.make_colored(self.owner)

    def bearer(self, *scopes: str, valid_for: timedelta | None = None) -> dict[str, str]:
        _, token = services.make_key(self.owner, "scanner", scopes=list(scopes), valid_for=valid_for)
        return {"Authorization": f"Bearer {token}"}

    def upload(self, headers: dict[str, str], *, mark: int = 1, name: str = "photo.jpg") -> HttpResponse:
        data = {"file": as_upload(pictures.jpeg((64, 48), mark=mark), name)}
        return self.client.post("/api/v1/photos", data, headers=headers)


class ScopeTests(KeyTestCase):
    def test_every_call_declares_the_scope_of_each_method(self) -> None:
        for pattern in calls:
            view: type[APIView] = pattern.callback.cls
            methods = {name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)}
            with self.subTest(pattern.name):
                if pattern.name in WITHOUT_SCOPE:
                    continue
                self.assertEqual(set(view.scopes), methods)
                self.assertLessEqual(set(view.scopes.values()), set(Scope))

    def test_a_key_opens_what_its_scopes_say_and_nothing_else(self) -> None:
        reading = self.bearer("read")
        self.assertEqual(self.client.get("/api/v1/photos", headers=reading).status_code, 200)
        refused = self.upload(reading)
        self.assertEqual((refused.status_code, refused.json()), (403, {"error": "This key lacks the scope upload."}))
        job = f"/api/v1/jobs/{self.photo.latest_job.pk}/cancel"
        self.assertEqual(self.client.post(job, headers=reading).status_code, 403)
        self.assertEqual(self.client.delete(f"/api/v1/photos/{self.photo.pk}", headers=reading).status_code, 403)
        uploading = self.bearer("upload")
        self.assertEqual(self.upload(uploading).status_code, 201)
        self.assertEqual(self.client.get("/api/v1/photos", headers=uploading).status_code, 403)

    def test_a_scope_gives_no_right_that_its_owner_lacks(self) -> None:
        training = self.bearer(*Scope.values)
        self.assertEqual(self.client.get("/api/v1/model-versions", headers=training).status_code, 403)

    def test_a_token_for_name_and_password_has_every_scope(self) -> None:
        token = self.client.post("/api/v1/tokens", {"username": "olga", "password": PASSWORD}).json()["token"]
        self.assertTrue(token.startswith("photolab_"))
        self.assertEqual(ApiKey.objects.get().scopes, list(Scope.values))

    def test_an_expired_key_is_none(self) -> None:
        headers = self.bearer("read", valid_for=timedelta(seconds=-1))
        self.assertEqual(self.client.get("/api/v1/photos", headers=headers).status_code, 401)

    def test_the_last_use_is_told(self) -> None:
        headers = self.bearer("read")
        self.assertIsNone(ApiKey.objects.get().last_used_at)
        self.client.get("/api/v1/photos", headers=headers)
        self.assertIsNotNone(ApiKey.objects.get().last_used_at)


class KeysPageTests(KeyTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.owner)

    def make(self, **fields: object) -> HttpResponse:
        return self.client.post(
            reverse("keys"), {"name": "attic", "scopes": ["read", "upload"], "valid_for": "30", **fields}
        )

    def test_a_key_is_shown_once_and_works(self) -> None:
        page = self.make()
        token = page.context["token"]
        self.assertContains(page, token, status_code=200)
        self.assertIn("no-store", page["Cache-Control"])
        self.assertNotContains(self.client.get(reverse("keys")), token)
        self.assertNotIn(token, str(ApiKey.objects.values()))
        answer = self.client.get("/api/v1/photos", headers={"Authorization": f"Bearer {token}"})
        self.assertEqual(answer.status_code, 200)

    def test_what_cannot_be_is_refused_and_makes_no_key(self) -> None:
        for wrong in ({"name": ""}, {"scopes": []}, {"scopes": ["train"]}, {"valid_for": "0"}):
            with self.subTest(wrong):
                self.assertEqual(self.make(**wrong).status_code, 422)
        self.assertFalse(ApiKey.objects.exists())

    def test_one_key_is_revoked_without_the_others(self) -> None:
        first, second = self.make().context["token"], self.make(name="cellar").context["token"]
        self.client.post(reverse("key_revoke", args=[ApiKey.objects.get(name="attic").pk]))
        for token, status in ((first, 401), (second, 200)):
            answer = self.client.get("/api/v1/photos", headers={"Authorization": f"Bearer {token}"})
            self.assertEqual(answer.status_code, status)

    def test_a_stranger_cannot_revoke_it(self) -> None:
        self.make()
        self.client.force_login(self.stranger)
        self.assertEqual(self.client.post(reverse("key_revoke", args=[ApiKey.objects.get().pk])).status_code, 404)
        self.assertFalse(self.client.get(reverse("keys")).context["keys"].exists())


class IdempotencyTests(KeyTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.headers = {**self.bearer("upload", "color", "read"), "Idempotency-Key": "first"}

    def test_the_same_key_and_body_get_the_same_answer_and_make_nothing_twice(self) -> None:
        first, again = self.upload(self.headers), self.upload(self.headers)
        self.assertEqual((first.status_code, again.status_code), (201, 201))
        self.assertEqual(first.json(), again.json())
        self.assertEqual((first.headers.get("Idempotency-Replayed"), again["Idempotency-Replayed"]), (None, "true"))

    def test_the_same_key_for_another_body_or_address_is_refused(self) -> None:
        self.upload(self.headers)
        self.assertEqual(self.upload(self.headers, mark=2).status_code, 422)
        self.assertEqual(self.upload(self.headers, name="other.jpg").status_code, 422)
        jobs = f"/api/v1/photos/{self.photo.pk}/jobs"
        order = self.client.post(jobs, {}, content_type="application/json", headers=self.headers)
        self.assertEqual(order.status_code, 422)
        self.assertEqual(Photo.objects.count(), 2)

    def test_an_order_is_made_once(self) -> None:
        jobs = f"/api/v1/photos/{self.photo.pk}/jobs"
        headers = {**self.headers, "Idempotency-Key": "order"}
        answers = [
            self.client.post(jobs, {"vividness": 1.5}, content_type="application/json", headers=headers)
            for _ in range(2)
        ]
        self.assertEqual([answer.status_code for answer in answers], [201, 201])
        self.assertEqual(answers[1]["Idempotency-Replayed"], "true")

    def test_an_error_is_not_kept(self) -> None:
        broken = {"file": as_upload(b"no picture")}
        self.assertEqual(self.client.post("/api/v1/photos", broken, headers=self.headers).status_code, 422)
        self.assertEqual(self.upload(self.headers).status_code, 201)

    def test_while_the_first_is_under_way_the_second_waits_its_turn(self) -> None:
        self.upload(self.headers)
        KeptAnswer.objects.update(status=None)
        self.assertEqual(self.upload(self.headers).status_code, 409)
        KeptAnswer.objects.update(created_at=Now() - timedelta(minutes=6))
        self.assertEqual(self.upload(self.headers).status_code, 200, "its process has ended: it is done again")

    def test_it_is_each_persons_own_and_lasts_for_a_day(self) -> None:
        self.upload(self.headers)
        _, token = services.make_key(self.friend, "x", scopes=["upload"], valid_for=None)
        theirs = {"Authorization": f"Bearer {token}", "Idempotency-Key": "first"}
        self.assertEqual(self.upload(theirs, mark=3).status_code, 201)
        KeptAnswer.objects.update(created_at=Now() - timedelta(hours=25))
        upkeep.run_pass()
        self.assertFalse(KeptAnswer.objects.exists())
