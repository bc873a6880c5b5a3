"""The page of a training run: what it shows in each state, what it asks for again, samples, cancel."""

from datetime import timedelta

from django.db.models.functions import Now
from django.http import HttpResponse
from django.urls import reverse

from gallery import services
from gallery.admin.runs import SILENT, SILENT_GATE
from gallery.models import RunState, TrainingRun, Worker
from gallery.wording import NO_TRAINER
from tests.base import GalleryTestCase, read_stored
from tests.gallery.training_rows import TrainingRows


class RunPageTests(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = self.make_shipped()
        self.images = self.make_set(self.owner)
        self.run_row = services.start_run(
            self.staff, services.RunSettings(steps=100, adversarial=True), note="for <forests>"
        )
        self.client.force_login(self.staff)

    def address(self, page: str = "change", *args: object) -> str:
        return reverse(f"admin:gallery_trainingrun_{page}", args=[self.run_row.pk, *args])

    def page(self) -> HttpResponse:
        page = self.client.get(self.address())
        self.assertEqual(page.status_code, 200)
        return page

    def state(self) -> dict:
        return self.client.get(self.address("state")).json()

    def begin(self) -> services.RunClaim:
        claim = self.claimed_run()
        self.assertIsNotNone(services.freeze_snapshot(claim))
        return claim

    def progress(self, claim: services.RunClaim, step: int, **losses: float) -> None:
        services.report_progress(claim, services.Progress("fine-tuning", step, 100, 8.25, 130.0, losses))

    def test_a_run_that_waits_says_so_and_what_it_waits_for(self) -> None:
        page = self.page()
        for text in ("Waiting", NO_TRAINER, "step", "0", "No losses were told yet.", "for &lt;forests&gt;", "stella"):
            self.assertContains(page, text)
        self.assertContains(page, "frozen when the run begins")
        self.make_trainer()
        self.assertNotContains(self.page(), NO_TRAINER)

    def test_the_small_answer_tells_how_far_the_run_is(self) -> None:
        told = self.state()
        self.assertEqual((told["state"], told["state_in_words"], told["is_live"]), ("queued", "Waiting", True))
        claim = self.begin()
        self.progress(claim, 40, l1=2.0)
        now = self.state()
        self.assertEqual((now["state"], now["stage"], now["step"], now["steps"]), ("running", "fine-tuning", 40, 100))
        self.assertEqual((now["speed"], now["time_left"]), ("8.2 pictures per second", "about 2 minutes"))
        services.fail_run(claim, "There was not enough memory. Lower the batch size.")
        ended = self.state()
        self.assertEqual((ended["state"], ended["is_live"], ended["time_left"]), ("failed", False, ""))
        self.assertEqual(ended["error"], "There was not enough memory. Lower the batch size.")

    def test_a_run_whose_worker_died_says_so_and_promises_no_time(self) -> None:
        claim = self.begin()
        self.progress(claim, 40, l1=2.0)
        Worker.objects.update(beat_at=Now() - timedelta(minutes=1))
        told = self.state()
        self.assertEqual((told["state"], told["is_live"]), ("running", True))
        self.assertEqual((told["stage"], told["speed"], told["time_left"]), (SILENT, "", ""))

    def test_a_run_that_only_judges_counts_photographs_and_tells_what_is_tried_again(self) -> None:
        services.cancel_run(self.run_row.pk)
        first, second = self.make_trained(), self.make_trained()
        services.promote_version(first.pk, self.staff)
        self.run_row = services.start_judging(second, self.staff)
        self.assertContains(self.page(), "data-counted hidden")  # nobody knows yet how many there will be
        claim = self.claimed_run()
        trouble = "The disk is full. It is tried again until 12:10 UTC."
        services.report_progress(claim, services.Progress("Storing", 3, 40, 1.0, 1.0, {}, trouble))
        told = self.state()
        self.assertEqual((told["state_in_words"], told["step"], told["trouble"]), ("Comparing", 3, trouble))
        self.assertContains(self.page(), "<dt>Photograph</dt>")
        Worker.objects.update(beat_at=Now() - timedelta(minutes=1))
        self.assertEqual((self.state()["stage"], self.state()["trouble"]), (SILENT_GATE, ""))

    def test_it_tells_when_there_is_more_to_see_and_only_then(self) -> None:
        claim = self.begin()
        seen = [self.state()["figures"]]
        self.progress(claim, 10)
        self.assertEqual(self.state()["figures"], seen[0])
        self.progress(claim, 20, l1=2.0)
        seen.append(self.state()["figures"])
        self.make_evaluation(claim, step=20)
        seen.append(self.state()["figures"])
        services.finish_run(claim, self.new_version())
        seen.append(self.state()["figures"])
        self.assertEqual(len(set(seen)), 4)
        self.assertContains(self.page(), f'data-figures="{seen[-1]}"')

    def test_asking_again_and_again_is_cheap(self) -> None:
        claim = self.begin()
        self.progress(claim, 20, l1=2.0)
        with self.assertNumQueries(6):  # session, user, the run, how many points and evaluations, whether it is silent
            self.state()

    def test_curves_figures_and_the_same_eight_samples_are_shown_for_each_evaluation(self) -> None:
        claim = self.begin()
        self.progress(claim, 10, l1=2.0, bins=0.5)
        self.progress(claim, 20, l1=1.0, bins=0.25)
        first = self.make_evaluation(claim, step=10, figures={"ciede2000": 10.25})
        second = self.make_evaluation(
            claim, step=20, figures={"ciede2000": 9.125, "no_color_share": 0.25, "sparkle": 1}
        )
        page = self.page()
        self.assertEqual([curve.name for curve in page.context["curves"]], ["l1", "bins"])
        self.assertContains(page, '<path class="loop-line"', count=2)
        self.assertContains(page, "between 1 and 2, now 1")
        self.assertEqual(
            page.context["figure_titles"], ["Distance from the true colors", "Pictures left without color"]
        )
        self.assertEqual([one.values for one in page.context["evaluations"]], [["9.12", "25.0 %"], ["10.25", "-"]])
        for evaluation in (first, second):
            for number, key in enumerate(evaluation.sample_keys):
                address = self.address("sample", evaluation.pk, number)
                self.assertContains(page, f'src="{address}"')
                answer = self.client.get(address)
                self.assertEqual((answer["Content-Type"], answer.content), ("image/jpeg", read_stored(key)))
        self.assertEqual(self.client.get(self.address("sample", first.pk, 8)).status_code, 404)

    def test_samples_of_another_run_are_not_under_this_ones_address(self) -> None:
        evaluation = self.make_evaluation(self.begin())
        services.cancel_run(self.run_row.pk)
        self.run_row = self.start()
        self.assertEqual(self.client.get(self.address("sample", evaluation.pk, 0)).status_code, 404)

    def test_the_frozen_pictures_are_counted_and_what_was_withdrawn_since(self) -> None:
        self.begin()
        self.assertContains(self.page(), "12 frozen: 8 to learn from, 4 held out")
        services.delete_images([self.images[0].pk], self.staff)
        self.assertContains(self.page(), "; 1 withdrawn since")

    def test_a_run_that_succeeded_leads_to_its_version_and_one_that_ended_early_says_why(self) -> None:
        version = services.finish_run(self.begin(), self.new_version(), ended_early="The loss was not finite.")
        page = self.page()
        self.assertContains(page, reverse("admin:gallery_modelversion_change", args=[version.pk]))
        self.assertContains(page, "The loss was not finite.")
        self.assertNotContains(page, "Cancel this run")
        self.assertContains(self.client.get(reverse("admin:gallery_trainingrun_changelist")), str(version))

    def test_a_run_is_canceled_once(self) -> None:
        self.begin()
        self.assertContains(self.page(), self.address("cancel"))
        for told in (
            f"Training run {self.run_row.pk} is canceled.",
            f"Training run {self.run_row.pk} had ended already.",
        ):
            page = self.client.post(self.address("cancel"), follow=True)
            self.assertEqual([str(message) for message in page.context["messages"]], [told])
        self.assertEqual(TrainingRun.objects.get().status, RunState.CANCELLED)
        self.assertNotContains(page, "Cancel this run")

    def test_who_may_only_look_finds_no_button(self) -> None:
        self.client.force_login(self.make_clerk("view_trainingrun"))
        self.assertNotContains(self.page(), "Cancel this run")
