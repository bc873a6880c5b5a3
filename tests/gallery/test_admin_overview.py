"""The admin's section and page about retraining: where the loop stands, and the way to each of its steps."""

from uuid import uuid4

from django.urls import reverse

from gallery import services
from gallery.models import Admission, Worker
from gallery.wording import NO_TRAINER
from tests.base import GalleryTestCase
from tests.gallery.training_rows import FAILED, TrainingRows


class OverviewTests(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.staff)

    def test_the_index_begins_with_the_section_and_has_every_model_once(self) -> None:
        apps = self.client.get(reverse("admin:index")).context["app_list"]
        self.assertEqual((apps[0]["name"], apps[0]["app_url"]), ("Retraining", reverse("admin:retraining")))
        self.assertEqual(apps[0]["models"][0]["object_name"], "CollectedImage")
        names = [model["object_name"] for app in apps for model in app["models"]]
        self.assertEqual(len(names), len(set(names)))
        self.assertTrue({"Photo", "ModelVersion", "TrainingRun", "User"} <= set(names))
        of_app = self.client.get(reverse("admin:app_list", args=["gallery"])).context["app_list"]
        self.assertTrue({"Photo", "ModelVersion"} <= {model["object_name"] for model in of_app[0]["models"]})

    def test_who_sees_nothing_of_it_finds_no_section(self) -> None:
        self.client.force_login(self.make_clerk("view_photo"))
        apps = self.client.get(reverse("admin:index")).context["app_list"]
        self.assertEqual([app["name"] for app in apps], ["Gallery"])

    def test_before_anything_happened_the_page_says_so(self) -> None:
        page = self.client.get(reverse("admin:retraining"))
        for text in ("Nothing runs, nothing waits.", "None.", "No version yet"):
            self.assertContains(page, text)

    def test_it_shows_pictures_runs_and_versions_with_the_way_to_each(self) -> None:
        base = self.make_shipped()
        self.make_set(self.owner)
        self.make_collected(self.owner, status=Admission.SET_ASIDE)
        candidate = self.make_trained(gate=FAILED, comparisons=self.make_comparisons(1))
        waiting = self.start()
        page = self.client.get(reverse("admin:retraining"))
        self.assertEqual([count for _, _, count in page.context["images"]], [12, 1, 0])
        for name, args in (
            ("gallery_trainingrun_change", [waiting.pk]),
            ("gallery_trainingrun_change", [candidate.run_id]),
            ("gallery_modelversion_change", [candidate.pk]),
            ("gallery_modelversion_judge", [candidate.pk]),
            ("gallery_modelversion_change", [base.pk]),
            ("gallery_collectedimage_upload", []),
            ("gallery_collectedimage_retrain", []),
        ):
            self.assertContains(page, f'href="{reverse(f"admin:{name}", args=args)}"')
        self.assertContains(page, "1 rule of the gate failed")
        self.assertNotContains(page, NO_TRAINER)
        Worker.objects.all().delete()
        self.assertContains(self.client.get(reverse("admin:retraining")), NO_TRAINER)

    def test_a_worker_that_refused_the_active_version_is_told(self) -> None:
        facts = services.WorkerFacts(id=uuid4(), name="host:9", queue="colorize", device="cpu")
        services.register_worker(facts)
        services.beat(facts.id, services.WorkerState(weights_error="The weights have another digest."))
        page = self.client.get(reverse("admin:retraining"))
        self.assertContains(page, "host:9 colors with another version: The weights have another digest.")
