"""The calls of the retraining loop as a program of the staff meets them, and who may make them."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.validation import validate_schema

from gallery import services
from gallery.models import (
    Admission,
    ApiKey,
    CollectedImage,
    ModelVersion,
    Origin,
    RunState,
    TrainingRun,
    VersionEvent,
    VersionState,
)
from tests import pictures
from tests.base import GalleryTestCase, as_upload
from tests.gallery.training_rows import FAILED, TrainingRows

JSON = "application/json"


class TrainingApiTestCase(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = self.make_shipped()
        self.speak_as(self.staff)

    def speak_as(self, user: User) -> None:
        _, token = ApiKey.objects.create(user=user)
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> HttpResponse:
        return self.client.get(f"/api/v1{path}", headers=self.headers)

    def post(self, path: str, data: dict[str, Any] | None = None, content_type: str = JSON) -> HttpResponse:
        return self.client.post(f"/api/v1{path}", data or {}, content_type=content_type, headers=self.headers)

    def assert_refused(self, answer: HttpResponse, status: int, because: str) -> None:
        self.assertEqual((answer.status_code, list(answer.json())), (status, ["error"]), answer.content)
        self.assertIn(because, answer.json()["error"])


class CollectedImagesTests(TrainingApiTestCase):
    def give(self, content: bytes, **fields: Any) -> HttpResponse:
        data = {"file": as_upload(content, "forest.jpg"), "consent": "true", **fields}
        return self.client.post("/api/v1/collected-images", data, headers=self.headers)

    def test_a_color_picture_is_collected_once(self) -> None:
        content = pictures.encoded(pictures.color())
        answer = self.give(content)
        image = CollectedImage.objects.get()
        self.assertEqual((answer.status_code, answer.json()), (201, {"id": image.pk}))
        self.assertEqual((image.owner, image.origin), (self.staff, Origin.STAFF_UPLOAD))
        self.assertEqual(image.status, Admission.INCLUDED)
        again = self.give(content)
        self.assertEqual((again.status_code, again.json()), (200, {"id": image.pk, "duplicate": True}))

    def test_what_teaches_nothing_is_answered_with_the_reason_each_time(self) -> None:
        grey = pictures.jpeg()
        for _ in range(2):
            self.assert_refused(self.give(grey), 422, "forest.jpg: It is grey or toned, and teaches no color.")
        self.assertEqual(CollectedImage.objects.get().status, Admission.SET_ASIDE)
        near = pictures.encoded(pictures.color(), quality=60)
        first = self.give(pictures.encoded(pictures.color())).json()["id"]
        self.assert_refused(self.give(near), 422, f"Nearly the same picture is there already (picture {first}).")

    def test_what_is_no_picture_is_refused_and_nothing_is_kept(self) -> None:
        self.assert_refused(self.give(b"hello"), 422, "forest.jpg: ")
        self.assert_refused(self.give(pictures.encoded(pictures.color())[:9000]), 422, "cut off")
        self.assertFalse(CollectedImage.objects.exists() or self.stored_files())

    def test_without_consent_nothing_is_looked_at(self) -> None:
        for fields in ({"consent": "false"}, {"consent": ""}):
            self.assert_refused(self.give(pictures.encoded(pictures.color()), **fields), 422, "consent")
        self.assertFalse(CollectedImage.objects.exists())


class TrainingRunsTests(TrainingApiTestCase):
    def test_a_run_is_started_on_all_with_its_settings(self) -> None:
        self.make_set(self.owner)
        asked = {"images": "all", "steps": 300, "adversarial": True, "note": "for forests"}
        answer = self.post("/training-runs", asked)
        run = TrainingRun.objects.get()
        self.assertEqual((answer.status_code, answer.json()), (201, {"id": run.pk, "state": "queued"}))
        self.assertEqual((run.started_by, run.takes_all, run.note), (self.staff, True, "for forests"))
        self.assertEqual((run.settings["steps"], run.settings["adversarial"]), (300, True))
        self.assertEqual(run.settings["learning_rate"], services.RunSettings().learning_rate)

    def test_a_run_is_started_on_some(self) -> None:
        chosen = [image.pk for image in self.make_set(self.owner)][:9]
        self.assertEqual(self.post("/training-runs", {"images": chosen}).status_code, 201)
        self.assertEqual(set(TrainingRun.objects.get().selected.values_list("pk", flat=True)), set(chosen))

    def test_what_is_missing_is_said_in_numbers(self) -> None:
        self.make_set(self.owner, 3)
        self.assert_refused(self.post("/training-runs", {"images": "all"}), 422, "Only 3 of the pictures are usable")
        self.assertFalse(TrainingRun.objects.exists())

    def test_senseless_orders_are_refused(self) -> None:
        self.make_set(self.owner)
        for asked in (
            {},
            {"images": "some"},
            {"images": []},
            {"images": ["x"]},
            {"images": [2**70]},
            {"images": {"1": 2}},
            {"images": "all", "steps": 0},
            {"images": "all", "steps": 10**12},
            {"images": "all", "learning_rate": -1},
            {"images": "all", "base_share": 1},
            {"images": "all", "adversarial": "perhaps"},
        ):
            with self.subTest(asked):
                self.assert_refused(self.post("/training-runs", asked), 422, "")
        self.assertFalse(TrainingRun.objects.exists())

    def test_a_second_start_waits_and_a_third_is_refused(self) -> None:
        self.make_set(self.owner)
        self.post("/training-runs", {"images": "all"})
        self.claimed_run()
        self.assertEqual(self.post("/training-runs", {"images": "all"}).json()["state"], "queued")
        self.assert_refused(self.post("/training-runs", {"images": "all"}), 409, "waits already")
        self.assertEqual(TrainingRun.objects.count(), 2)

    def test_a_run_tells_how_far_it_is_and_what_became_of_it(self) -> None:
        self.make_set(self.owner)
        run = self.start()
        told = {"id": run.pk, "state": "queued", "stage": "", "step": 0, "steps": run.steps}
        nothing = {"trouble": None, "eta_s": None, "error": None, "model_version": None}
        self.assertEqual(self.get(f"/training-runs/{run.pk}").json(), {**told, **nothing})
        claim = self.claimed_run()
        services.report_progress(claim, services.Progress("decoder", 40, 1500, 2.5, 584.0, {}))
        now = self.get(f"/training-runs/{run.pk}").json()
        self.assertEqual((now["state"], now["stage"], now["step"], now["eta_s"]), ("running", "decoder", 40, 584.0))
        version = services.finish_run(claim, self.new_version(), ended_early="It ended early: the loss rose.")
        now = self.get(f"/training-runs/{run.pk}").json()
        self.assertEqual((now["state"], now["model_version"]), ("succeeded", version.pk))
        self.assertEqual(now["error"], "It ended early: the loss rose.")

    def test_a_run_is_canceled_once(self) -> None:
        self.make_set(self.owner)
        run = self.start()
        answer = self.post(f"/training-runs/{run.pk}/cancel")
        self.assertEqual((answer.status_code, answer.json()["state"]), (200, "cancelled"))
        self.assert_refused(self.post(f"/training-runs/{run.pk}/cancel"), 409, "has ended already")

    def test_who_is_not_at_work_tells_no_time_left(self) -> None:
        self.make_set(self.owner)
        run = self.start()
        worker = self.make_trainer()
        left = services.Progress("decoder", 40, 1500, 2.5, 584.0, {})

        def time_left(claim: services.RunClaim) -> float | None:
            services.report_progress(claim, left)
            return self.get(f"/training-runs/{run.pk}").json()["eta_s"]

        claim = self.claimed_run(worker)
        self.assertEqual(time_left(claim), 584.0)
        services.give_back_run(claim)
        self.assertIsNone(self.get(f"/training-runs/{run.pk}").json()["eta_s"])
        killed = self.claimed_run(worker)
        self.assertEqual(time_left(killed), 584.0)
        services.retire_worker(worker.pk)
        self.claimed_run()
        self.assertIsNone(self.get(f"/training-runs/{run.pk}").json()["eta_s"])
        self.assertEqual(time_left(services.take_up(services.RunAttempt(run.pk, 3))), 584.0)
        told = self.post(f"/training-runs/{run.pk}/cancel").json()
        self.assertEqual((told["state"], told["eta_s"]), ("cancelled", None))

    def test_a_run_that_is_not_there_is_not_found(self) -> None:
        for answer in (self.get("/training-runs/999"), self.post("/training-runs/999/cancel")):
            self.assert_refused(answer, 404, "no such training run")


class ModelVersionsTests(TrainingApiTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_set(self.owner)

    def test_all_versions_are_told_with_their_gate(self) -> None:
        candidate = self.make_trained(gate=FAILED)
        newest, shipped = self.get("/model-versions").json()
        self.assertEqual((newest["id"], newest["number"], newest["state"]), (candidate.pk, 2, "candidate"))
        self.assertEqual((newest["gate"], newest["digest"]), (FAILED, candidate.digest))
        self.assertEqual((shipped["state"], shipped["gate"], shipped["metrics"]), ("active", [], {}))

    def test_a_candidate_is_promoted_and_the_one_before_rolled_back_to(self) -> None:
        candidate = self.make_trained()
        answer = self.post(f"/model-versions/{candidate.pk}/promote")
        self.assertEqual((answer.status_code, answer.json()["state"]), (200, "active"))
        self.assert_refused(self.post(f"/model-versions/{candidate.pk}/promote"), 409, "active already")
        back = self.post(f"/model-versions/{self.base.pk}/promote", {"reason": "too brown"})
        self.assertEqual((back.status_code, services.active_version()), (200, self.base))
        event = VersionEvent.objects.first()
        self.assertEqual((event.action, event.by, event.reason), ("rolled_back", self.staff, "too brown"))

    def test_what_failed_the_gate_needs_a_reason(self) -> None:
        candidate = self.make_trained(gate=FAILED)
        for asked in ({}, {"reason": "  "}):
            answer = self.post(f"/model-versions/{candidate.pk}/promote", asked)
            self.assert_refused(answer, 422, "color error on the golden set")
        self.assertEqual(services.active_version(), self.base)
        answer = self.post(f"/model-versions/{candidate.pk}/promote", {"reason": "right for our archive"})
        self.assertEqual((answer.status_code, services.active_version()), (200, candidate))

    def test_what_was_compared_with_another_version_is_put_to_the_gate_again(self) -> None:
        first, second = self.make_trained(), self.make_trained()
        gate, promote = f"/model-versions/{second.pk}/gate", f"/model-versions/{second.pk}/promote"
        self.assert_refused(self.post(gate), 422, "has compared it with the active version")
        self.post(f"/model-versions/{first.pk}/promote")
        self.assertEqual(self.get("/model-versions").json()[0]["compared_with"], self.base.pk)
        self.assert_refused(self.post(promote), 422, "Let the gate compare it with that one.")
        answer = self.post(gate)
        run = TrainingRun.objects.get(judges=second)
        self.assertEqual((answer.status_code, answer.json()), (201, {"id": run.pk, "state": "queued"}))
        self.assertEqual(self.get(f"/training-runs/{run.pk}").json()["model_version"], second.pk)
        self.assert_refused(self.post(gate), 409, "waits already")

    def test_what_was_rejected_stays_so_whatever_the_reason(self) -> None:
        candidate = self.make_trained()
        services.reject_version(candidate.pk, self.staff)
        answer = self.post(f"/model-versions/{candidate.pk}/promote", {"reason": "please"})
        self.assert_refused(answer, 409, "rejected")
        candidate.refresh_from_db()
        self.assertEqual(candidate.status, VersionState.REJECTED)

    def test_a_version_that_is_not_there_is_not_found(self) -> None:
        for order in ("promote", "gate"):
            self.assert_refused(self.post(f"/model-versions/999/{order}"), 404, "no such version")


class WhoMayTests(TrainingApiTestCase):
    """Every call by everybody; the row that it would change is looked at in the end."""

    def setUp(self) -> None:
        super().setUp()
        self.make_set(self.owner)
        self.candidate, self.unjudged = self.make_trained(), self.make_trained()
        ModelVersion.objects.filter(pk=self.unjudged.pk).update(compared_with=None)
        self.run_that_waits = self.start()
        self.clerk = self.make_user("clara", is_staff=True)

    def calls(self) -> Iterator[tuple[str, str, dict[str, Any], str]]:
        """Method, path, what is sent, and the right that it needs."""
        run, version = self.run_that_waits.pk, self.candidate.pk
        picture = {"file": as_upload(pictures.encoded(pictures.color())), "consent": "true"}
        yield "post", "/collected-images", picture, "add_collectedimage"
        yield "get", "/model-versions", {}, "view_modelversion"
        yield "get", f"/training-runs/{run}", {}, "view_trainingrun"
        yield "post", f"/training-runs/{run}/cancel", {}, "start_training"
        yield "post", "/training-runs", {"images": "all"}, "start_training"
        yield "post", f"/model-versions/{self.unjudged.pk}/gate", {}, "promote_version"
        yield "post", f"/model-versions/{version}/promote", {}, "promote_version"

    def call(self, method: str, path: str, data: dict[str, Any]) -> HttpResponse:
        content_type = {} if method == "get" or "file" in data else {"content_type": JSON}
        return getattr(self.client, method)(f"/api/v1{path}", data, headers=self.headers, **content_type)

    def assert_nothing_changed(self) -> None:
        self.assertEqual(services.active_version(), self.base)
        self.assertEqual(TrainingRun.objects.get(status=RunState.QUEUED), self.run_that_waits)
        self.assertEqual(CollectedImage.objects.count(), 12)

    def test_without_a_token_every_call_is_unauthorized(self) -> None:
        self.headers = {}
        self.client.force_login(self.staff)  # a session is no token
        for method, path, data, _ in self.calls():
            self.assert_refused(self.call(method, path, data), 401, "")
        self.assert_nothing_changed()

    def test_who_is_not_of_the_staff_is_forbidden_whatever_rights_they_have(self) -> None:
        self.friend.user_permissions.set(Permission.objects.filter(content_type__app_label="gallery"))
        for user in (self.owner, self.stranger, self.friend):
            self.speak_as(user)
            for method, path, data, _ in self.calls():
                self.assert_refused(self.call(method, path, data), 403, "This is for staff")
        self.assert_nothing_changed()

    def test_staff_need_the_right_that_the_call_names(self) -> None:
        for method, path, data, right in self.calls():
            with self.subTest(path):
                others = Permission.objects.filter(content_type__app_label="gallery").exclude(codename=right)
                # Whoever may start, promote or vote may also look.
                others = others.exclude(codename__in=("start_training", "promote_version", "add_vote"))
                self.clerk.user_permissions.set(others)
                self.speak_as(self.clerk)
                self.assert_refused(self.call(method, path, data), 403, f"gallery.{right}")
        self.assert_nothing_changed()

    def test_the_right_is_enough(self) -> None:
        for method, path, data, right in self.calls():
            with self.subTest(path):
                self.clerk.user_permissions.set([Permission.objects.get(codename=right)])
                self.speak_as(self.clerk)
                if path.endswith("gate"):
                    services.cancel_run(TrainingRun.objects.get(status=RunState.QUEUED).pk)
                self.assertLess(self.call(method, path, data).status_code, 300)

    def test_who_may_promote_follows_and_cancels_what_they_put_to_the_gate_and_cancels_no_training(self) -> None:
        self.clerk.user_permissions.set([Permission.objects.get(codename="promote_version")])
        self.speak_as(self.clerk)
        training = self.run_that_waits
        self.assertEqual(self.get(f"/training-runs/{training.pk}").status_code, 200)
        self.assert_refused(self.post(f"/training-runs/{training.pk}/cancel"), 403, "the right gallery.start_training.")
        services.cancel_run(training.pk)
        run_id = self.post(f"/model-versions/{self.unjudged.pk}/gate").json()["id"]
        self.assertEqual(self.get(f"/training-runs/{run_id}").json()["state"], "queued")
        self.assertEqual(self.post(f"/training-runs/{run_id}/cancel").json()["state"], "cancelled")

    def test_who_may_vote_sees_versions_as_in_the_admin(self) -> None:
        self.clerk.user_permissions.set([Permission.objects.get(codename="add_vote")])
        self.speak_as(self.clerk)
        self.assertEqual(self.get("/model-versions").status_code, 200)


class SchemaTests(TrainingApiTestCase):
    def test_the_schema_tells_of_every_call_and_its_answers(self) -> None:
        schema = self.client.get(reverse("api-schema"), headers={"Accept": JSON}).json()
        validate_schema(schema)
        told = {
            (method, path): set(call["responses"])
            for path, methods in schema["paths"].items()
            for method, call in methods.items()
        }
        version, run = "/api/v1/model-versions/{version_id}", "/api/v1/training-runs/{run_id}"
        self.assertEqual(told["post", "/api/v1/collected-images"], {"200", "201", "401", "403", "422", "429", "503"})
        self.assertEqual(told["post", "/api/v1/training-runs"], {"201", "401", "403", "409", "422", "429"})
        self.assertEqual(told["get", run], {"200", "401", "403", "404", "429"})
        self.assertEqual(told["post", f"{run}/cancel"], {"200", "401", "403", "404", "409", "429"})
        self.assertEqual(told["get", "/api/v1/model-versions"], {"200", "401", "403", "429"})
        self.assertEqual(told["post", f"{version}/promote"], {"200", "401", "403", "404", "409", "422", "429"})
        self.assertEqual(told["post", f"{version}/gate"], {"201", "401", "403", "404", "409", "422", "429"})
        sent = schema["components"]["schemas"]["StartRequest"]["properties"]["images"]
        self.assertEqual([one["type"] for one in sent["oneOf"]], ["string", "array"])
