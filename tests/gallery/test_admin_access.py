"""Who may do what on the admin's pages about retraining: every address, by everybody."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from gallery import services
from gallery.models import CollectedImage, RunState, TrainingRun, Vote
from tests import pictures
from tests.base import GalleryTestCase, as_upload
from tests.gallery.training_rows import TrainingRows

OWN_MODELS = ("collectedimage", "trainingrun", "modelversion")
DJANGOS = ("changelist", "add", "history", "delete", "change")


@dataclass(frozen=True)
class Address:
    """`rights`: any of them is enough; `denied`: what staff without them hear."""

    name: str
    args: tuple[object, ...] = ()
    method: str = "get"
    data: dict[str, object] = field(default_factory=dict)
    rights: tuple[str, ...] = ()
    denied: int = 403
    allowed: int = 200

    @property
    def url(self) -> str:
        return reverse(f"admin:{self.name}", args=self.args)


class AccessTests(TrainingRows, GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = self.make_shipped()
        self.image = self.make_set(self.owner)[0]
        run = self.start()
        claim = self.claimed_run()
        self.evaluation = self.make_evaluation(claim)
        self.candidate = services.finish_run(claim, self.new_version(comparisons=self.make_comparisons(2)))
        self.ended = TrainingRun.objects.get(pk=run.pk)
        self.waiting = self.start()

    def addresses(self) -> Iterator[Address]:
        version, see_versions = (self.candidate.pk,), ("view_modelversion", "promote_version", "add_vote")
        start, promote = ("start_training",), ("promote_version",)
        see_runs = ("view_trainingrun", "start_training", "promote_version")
        see, upload, judge = ("view_collectedimage",), ("add_collectedimage",), ("add_vote", "promote_version")
        sample = (self.ended.pk, self.evaluation.pk, 0)
        content = {"files": as_upload(pictures.encoded(pictures.color())), "may_be_learned_from": "on"}
        order = {"images": "all", "steps": 9, "learning_rate": 1e-4, "base_share": 0, "batch_size": 4, "crop": 64}
        image = "gallery_collectedimage"
        yield Address(f"{image}_file", (self.image.pk, "thumb"), rights=see, denied=404)
        yield Address(f"{image}_file", (self.image.pk, "picture"), rights=see, denied=404)
        yield Address(f"{image}_changelist", rights=see)
        yield Address(f"{image}_change", (self.image.pk,), rights=see)
        yield Address(f"{image}_retrain", rights=start)
        yield Address(f"{image}_retrain", method="post", data={**order, "start": "1"}, rights=start)
        yield Address(f"{image}_upload", rights=upload)
        yield Address(f"{image}_upload", method="post", data=content, rights=upload)
        run = "gallery_trainingrun"
        yield Address(f"{run}_changelist", rights=see_runs)
        yield Address(f"{run}_change", (self.ended.pk,), rights=see_runs)
        yield Address(f"{run}_state", (self.ended.pk,), rights=see_runs, denied=404)
        yield Address(f"{run}_sample", sample, rights=see_runs, denied=404)
        yield Address(f"{run}_cancel", (self.waiting.pk,), method="post", rights=start, allowed=302)
        of_version = "gallery_modelversion"
        yield Address(f"{of_version}_changelist", rights=see_versions)
        yield Address(f"{of_version}_change", version, rights=see_versions)
        yield Address(f"{of_version}_judge", version, rights=judge)
        vote = {"place": "0", "better": "left"}
        yield Address(f"{of_version}_judge", version, method="post", data=vote, rights=judge, allowed=302)
        yield Address(f"{of_version}_picture", (*version, 0, "left"), rights=judge)
        yield Address(f"{of_version}_gate", version, method="post", rights=promote, allowed=302)
        yield Address(f"{of_version}_reject", version, method="post", rights=promote, allowed=302)
        yield Address(f"{of_version}_promote", version, method="post", rights=promote, allowed=302)

    def visit(self, address: Address) -> HttpResponse:
        return getattr(self.client, address.method)(address.url, address.data)

    def assert_nothing_changed(self) -> None:
        self.assertEqual(services.active_version(), self.base)
        self.candidate.refresh_from_db()
        self.assertEqual(self.candidate.status, "candidate")
        self.assertEqual(TrainingRun.objects.get(status=RunState.QUEUED), self.waiting)
        self.assertEqual((CollectedImage.objects.count(), Vote.objects.count()), (12, 0))

    def test_no_address_is_forgotten_here(self) -> None:
        def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
            for pattern in patterns:
                if isinstance(pattern, URLResolver):
                    yield from names(pattern.url_patterns)
                elif pattern.name:
                    yield pattern.name

        prefixes = tuple(f"gallery_{model}_" for model in OWN_MODELS)
        usual = {f"gallery_{model}_{page}" for model in OWN_MODELS for page in DJANGOS}
        own = {name for name in names(get_resolver().url_patterns) if name.startswith(prefixes)} - usual
        self.assertEqual(own, {address.name for address in self.addresses()} - usual)

    def test_visitors_and_strangers_are_sent_to_the_login(self) -> None:
        rich = self.make_user("rita")
        rich.user_permissions.set(self.make_clerk("start_training", "promote_version").user_permissions.all())
        for user in (None, self.owner, self.stranger, rich):  # rights alone make nobody one of the staff
            self.client.logout()
            if user is not None:
                self.client.force_login(user)
            for address in [*self.addresses(), Address("retraining")]:
                answer = self.visit(address)
                with self.subTest(address.url, user=user):
                    self.assertEqual(answer.status_code, 302)
                    self.assertTrue(answer["Location"].startswith("/admin/login/"), answer["Location"])
        self.assert_nothing_changed()

    def test_staff_without_the_right_are_refused(self) -> None:
        for address in self.addresses():
            with self.subTest(address.url, method=address.method):
                others = {right for other in self.addresses() for right in other.rights} - set(address.rights)
                clerk = self.make_clerk(*others)
                self.client.force_login(clerk)
                self.assertEqual(self.visit(address).status_code, address.denied)
                clerk.delete()
        self.assert_nothing_changed()

    def test_any_of_the_rights_is_enough(self) -> None:
        for address in self.addresses():
            for right in address.rights:
                if address.method == "post" and right != address.rights[-1]:
                    continue  # a second time it would be another order
                with self.subTest(address.url, right=right):
                    clerk = self.make_clerk(right)
                    self.client.force_login(clerk)
                    answer = self.visit(address)
                    self.assertEqual(answer.status_code, address.allowed)
                    clerk.delete()

    def test_the_page_of_the_loop_shows_each_what_they_may_see(self) -> None:
        parts = {"view_collectedimage": "Included", "start_training": "Training runs", "add_vote": "In use"}
        for right, word in parts.items():
            clerk = self.make_clerk(right)
            self.client.force_login(clerk)
            text = self.client.get(reverse("admin:retraining")).content.decode().split('id="content-start"')[1]
            self.assertEqual([other for other in parts.values() if other in text], [word])
            clerk.delete()
        self.client.force_login(self.make_clerk())
        self.assertContains(self.client.get(reverse("admin:retraining")), "have the right to see any part of it")

    def test_orders_by_get_are_refused(self) -> None:
        self.client.force_login(self.staff)
        for address in self.addresses():
            if address.name.endswith(("cancel", "gate", "promote", "reject")):
                self.assertEqual(self.client.get(address.url).status_code, 405, address.url)
        self.assert_nothing_changed()

    def test_forged_orders_are_refused(self) -> None:
        self.client.handler.enforce_csrf_checks = True
        self.client.force_login(self.staff)
        for address in self.addresses():
            if address.method == "post":
                self.assertEqual(self.visit(address).status_code, 403, address.url)
        self.assert_nothing_changed()
