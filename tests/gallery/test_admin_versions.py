"""The page of a model version: gate, figures, workers, log, and what can be done with it."""

from uuid import uuid4

from django.http import HttpResponse
from django.urls import reverse

from gallery import services
from gallery.models import ModelVersion, TrainingRun, VersionEvent, VersionState
from tests.base import GalleryTestCase, read_stored
from tests.gallery.training_rows import FAILED, PASSED, TrainingRows

UNKNOWN = {"rule": "skin", "candidate": None, "active": None, "passed": None}
WHOLE = {
    "rule": "color error",
    "photos": "golden",
    "figure": "ciede2000",
    "tolerance": 0.02,
    "relative": True,
    "worse": 0.0625,
    "passed": True,
}
SHARE = {**WHOLE, "figure": "no_color_share", "relative": False}
LIGHT = {**SHARE, "figure": "light_change_p999", "worse": -0.0002, "tolerance": 0.1}


class VersionPageTests(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = self.make_shipped()
        self.make_set(self.owner)
        self.client.force_login(self.staff)

    def page(self, version: ModelVersion) -> HttpResponse:
        page = self.client.get(reverse("admin:gallery_modelversion_change", args=[version.pk]))
        self.assertEqual(page.status_code, 200)
        return page

    def order(self, what: str, version: ModelVersion, **data: str) -> list[str]:
        """What is told after it."""
        page = self.client.post(reverse(f"admin:gallery_modelversion_{what}", args=[version.pk]), data, follow=True)
        self.assertRedirects(page, reverse("admin:gallery_modelversion_change", args=[version.pk]))
        return [str(message) for message in page.context["messages"]]

    def status(self, version: ModelVersion) -> str:
        return ModelVersion.objects.get(pk=version.pk).status

    def make_colorer(self, digest: str, **state: str) -> None:
        facts = services.WorkerFacts(id=uuid4(), name=f"host:{digest[:1]}", queue="colorize", device="cpu")
        services.register_worker(facts)
        services.beat(facts.id, services.WorkerState(model_digest=digest, **state))

    def test_the_gate_shows_rule_numbers_and_verdict_and_what_failed_first(self) -> None:
        whole = {**WHOLE, "candidate": 9.5, "active": 9.25}
        share = {**SHARE, "candidate": 0.0825, "active": 0.02}
        light = {**LIGHT, "candidate": 0.2, "active": 0.2}
        version = self.make_trained(gate=[UNKNOWN, *PASSED, whole, share, light, *FAILED])
        page = self.page(version)
        self.assertEqual([row.passed for row in page.context["gate"]], [False, True, True, True, True, None])
        self.assertContains(page, "</span></td><td>9.50</td><td>9.25</td><td>6.2 % of it</td><td>2.0 % of it</td>")
        self.assertContains(page, "</span></td><td>8.2 %</td><td>2.0 %</td><td>6.2 points</td><td>2.0 points</td>")
        self.assertContains(page, "</span></td><td>0.20</td><td>0.20</td><td>0.000</td><td>0.100</td>")
        self.assertContains(page, "It does not pass.")
        self.assertContains(self.client.get(reverse("admin:gallery_modelversion_changelist")), "1 rule failed")

    def test_a_candidate_that_passed_is_promoted_by_one_click(self) -> None:
        version = self.make_trained()
        self.assertContains(self.page(version), 'value="Promote"')
        told = self.order("promote", version)
        self.assertEqual((services.active_version(), self.status(self.base)), (version, VersionState.RETIRED))
        self.assertIn(f"{version} is active.", told[0])
        self.assertContains(self.page(version), "Promoted</th><td>stella</td>")
        self.assertIn("active already", self.order("promote", version)[0])

    def test_a_candidate_that_was_compared_with_another_than_the_active_one_says_so(self) -> None:
        first, second = self.make_trained(), self.make_trained()
        self.assertContains(self.page(second), 'value="Promote"')
        services.promote_version(first.pk, self.staff)
        page = self.page(second)
        self.assertContains(page, f"version 2 ({first.name}) is active now. Let the gate compare it with that one.")
        self.assertContains(page, "It passed then.")
        self.assertNotContains(page, 'value="Promote"')
        changelist = self.client.get(reverse("admin:gallery_modelversion_changelist"))
        self.assertContains(changelist, "passed, beside version 1")

    def test_it_is_put_to_the_gate_again_by_one_click_and_once(self) -> None:
        first, second = self.make_trained(), self.make_trained()
        services.promote_version(first.pk, self.staff)
        address = reverse("admin:gallery_modelversion_gate", args=[second.pk])
        self.assertContains(self.page(second), address)
        page = self.client.post(address, follow=True)
        run = TrainingRun.objects.get(judges=second)
        self.assertRedirects(page, reverse("admin:gallery_trainingrun_change", args=[run.pk]))
        self.assertContains(page, f"Gate run {run.pk} is in the queue.")
        self.assertContains(page, "It compares the active version with")
        self.assertNotContains(self.page(second), address)
        self.assertContains(self.page(second), f"Gate run {run.pk}</a> puts it to the gate")
        self.assertIn("waits already", self.order("gate", second)[0])

    def test_what_the_gate_has_compared_with_the_active_version_is_not_put_to_it_again(self) -> None:
        version = self.make_trained(gate=FAILED)
        self.assertNotContains(self.page(version), reverse("admin:gallery_modelversion_gate", args=[version.pk]))
        self.assertIn("has compared it with the active version", self.order("gate", version)[0])
        self.assertFalse(TrainingRun.objects.exclude(judges=None).exists())

    def test_the_one_before_is_rolled_back_to_by_one_click(self) -> None:
        version = self.make_trained()
        self.order("promote", version)
        self.assertContains(self.page(self.base), "Roll back to this version")
        self.order("promote", self.base)
        self.assertEqual(services.active_version(), self.base)
        event = VersionEvent.objects.first()
        self.assertEqual((event.action, event.by), (VersionEvent.Action.ROLLED_BACK, self.staff))

    def test_what_failed_is_promoted_only_with_a_typed_reason_that_the_log_keeps(self) -> None:
        version = self.make_trained(gate=FAILED)
        page = self.page(version)
        self.assertContains(page, "Promote anyway")
        self.assertNotContains(page, 'value="Promote"')
        self.assertIn("type a reason", self.order("promote", version, reason="  ")[0])
        self.assertEqual(services.active_version(), self.base)
        self.order("promote", version, reason="right for <our> archive")
        self.assertEqual(services.active_version(), version)
        self.assertContains(self.page(version), "right for &lt;our&gt; archive")

    def test_a_candidate_is_rejected_once_and_for_good(self) -> None:
        version = self.make_trained()
        self.assertEqual(self.order("reject", version, reason="too brown"), [f"{version} is rejected."])
        self.assertEqual(self.order("reject", version), [f"{version} is no candidate any more."])
        page = self.page(version)
        for gone in ('value="Promote', 'value="Reject"'):
            self.assertNotContains(page, gone)
        self.assertContains(page, "too brown")
        self.order("promote", version, reason="please")
        self.assertEqual(self.status(version), VersionState.REJECTED)

    def test_who_may_only_look_finds_no_button(self) -> None:
        version = self.make_trained()
        self.client.force_login(self.make_clerk("view_modelversion"))
        page = self.page(version)
        for button in ('value="Promote"', 'value="Reject"', "Judge it"):
            self.assertNotContains(page, button)

    def test_the_workers_that_use_it_are_named_and_why_others_do_not(self) -> None:
        self.make_colorer(self.base.digest)
        self.make_colorer("c" * 64, weights_error="The weights have another digest than the version says.")
        page = self.page(self.base)
        self.assertEqual([worker.name for worker in page.context["workers"]], ["host:a"])
        self.assertContains(page, "host:c (cpu): The weights have another digest than the version says.")
        candidate = self.page(self.make_trained())
        self.assertNotContains(candidate, "host:c")

    def test_figures_are_shown_in_the_words_of_the_card_for_everybody(self) -> None:
        ways = {"candidate": {"ciede2000": 9.123456}, "active": {"ciede2000": 9.5}}
        ModelVersion.objects.filter(pk=self.base.pk).update(metrics={"golden": ways}, card={"name": "<b>"})
        page = self.page(self.base)
        self.assertContains(page, '<th scope="row">Distance from the true colors</th>')
        self.assertContains(page, "<td>9.12</td>")
        self.assertContains(page, "&lt;b&gt;")
        self.assertContains(page, reverse("model", args=[self.base.number]))

    def test_a_version_without_gate_and_pictures_says_so(self) -> None:
        version = self.make_trained(gate=[])
        page = self.page(version)
        self.assertContains(page, "It was never put to the gate.")
        self.assertContains(page, "There are no pictures of this version to compare.")
        self.assertContains(page, "Promote anyway")


class JudgeTests(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = self.make_shipped()
        self.make_set(self.owner)
        self.version = self.make_trained(comparisons=self.make_comparisons(6))
        self.client.force_login(self.staff)

    def address(self, page: str = "judge", *args: object) -> str:
        return reverse(f"admin:gallery_modelversion_{page}", args=[self.version.pk, *args])

    def judge(self, **query: object) -> HttpResponse:
        page = self.client.get(self.address(), query)
        self.assertEqual(page.status_code, 200)
        return page

    def vote(self, place: int, better: str) -> HttpResponse:
        return self.client.post(self.address(), {"place": place, "better": better}, follow=True)

    def told(self, photograph: str) -> dict:
        return next(told for told in self.version.comparisons if told["photograph"] == photograph)

    def picture(self, place: int, side: str) -> bytes:
        return self.client.get(self.address("picture", place, side)).content

    def test_the_worst_regressions_come_first_and_what_is_none_last(self) -> None:
        page, seen = self.judge(), []
        while page.context["pair"] is not None:
            seen.append(page.context["pair"].photograph)
            page = self.judge(after=page.context["pair"].place)
        self.assertEqual(seen, [f"photograph {number}" for number in range(5, -1, -1)])

    def test_the_page_does_not_tell_which_is_which(self) -> None:
        page = self.judge().content.decode()
        told = self.told("photograph 5")
        for secret in (
            told["candidate_key"],
            told["active_key"],
            "candidate_",
            "photograph 5",
        ):
            self.assertNotIn(secret, page)
        answer = self.client.get(self.address("picture", 0, "left"))
        self.assertEqual(answer["Content-Disposition"], 'inline; filename="left.jpg"')

    def test_sides_are_random_for_each_judge_and_stay_as_they_are(self) -> None:
        seen = {}
        for judge in (self.staff, *(self.make_user(f"judge{n}", is_staff=True, is_superuser=True) for n in range(7))):
            self.client.force_login(judge)
            sides = [self.picture(place, "left") == self.picture_of("candidate", place) for place in range(6)]
            self.assertEqual(
                sides, [self.picture(place, "right") == self.picture_of("active", place) for place in range(6)]
            )
            seen[judge.pk] = tuple(sides)
        self.assertGreater(len(set(seen.values())), 3)
        self.assertTrue(any(len(set(sides)) == 2 for sides in seen.values()))

    def picture_of(self, which: str, place: int) -> bytes:
        """The six photographs are judged from the last to the first."""
        return read_stored(self.told(f"photograph {5 - place}")[f"{which}_key"])

    def test_a_vote_counts_for_the_version_whose_picture_was_chosen(self) -> None:
        for place, wanted in enumerate(["candidate", "active", "candidate"]):
            is_left = self.picture(place, "left") == self.picture_of(wanted, place)
            page = self.vote(place, "left" if is_left else "right")
            self.assertContains(page, f"{place + 1} of 6 judged")
            self.assertEqual(page.context["pair"].place, place + 1)
        votes = services.count_votes(self.version)
        self.assertEqual((votes.version, votes.against), (2, 1))
        page = self.client.get(reverse("admin:gallery_modelversion_change", args=[self.version.pk]))
        self.assertContains(page, "Of 3 votes, 2 are for this version and 1 for the one beside it.")

    def test_what_was_skipped_comes_again_and_then_all_is_told(self) -> None:
        for place in range(1, 6):
            page = self.vote(place, "left")
        self.assertContains(page, "You have seen all, and skipped 1.")
        self.assertEqual(self.judge().context["pair"].place, 0)
        page = self.vote(0, "right")
        self.assertContains(page, "You have judged all 6.")
        self.assertContains(page, "photograph 5: you liked")
        self.assertIsNone(page.context["pair"])

    def test_senseless_votes_are_refused(self) -> None:
        for data in (
            {"place": 6, "better": "left"},
            {"place": "x", "better": "left"},
            {"place": 0, "better": "middle"},
            {},
        ):
            self.assertEqual(self.client.post(self.address(), data).status_code, 404)
        self.assertFalse(self.version.votes.exists())

    def test_pictures_that_are_not_there_are_not_found(self) -> None:
        for place, side in ((6, "left"), (0, "candidate")):
            self.assertEqual(self.client.get(self.address("picture", place, side)).status_code, 404)
        self.assertEqual(self.client.get(self.address("picture", 0, "grey")).status_code, 200)

    def test_nothing_is_judged_once_another_version_is_active(self) -> None:
        other = self.make_trained()
        services.promote_version(other.pk, self.staff)
        self.assertContains(self.judge(), "Another version is active since its pictures were made")
        self.client.post(self.address(), {"place": 0, "better": "left"})
        self.assertFalse(self.version.votes.exists())

    def test_the_active_version_is_not_compared_with_itself(self) -> None:
        services.promote_version(self.version.pk, self.staff)
        self.assertContains(self.judge(), "This version is active")
