"""The admin's pages about retraining in a real browser: what moves by itself, keys, and how they look and read.

The site is served from this process, without worker or broker: what a worker would tell is told by its services.
"""

import os
from unittest.mock import patch

from django.contrib.staticfiles.testing import StaticLiveServerTestCase
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from gallery import services
from gallery.models import TrainingRun
from tests.base import Cast, Orders, OwnStorage
from tests.e2e.browser import DESKTOP, PHONE, BrowserTestCase
from tests.gallery.training_rows import FAILED, TrainingRows

SOON_MS = 8_000


class AdminInBrowserTests(TrainingRows, Orders, OwnStorage, Cast, BrowserTestCase, StaticLiveServerTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        # Playwright keeps a loop in this thread, and Django would take every query for one of the loop's.
        cls.enterClassContext(patch.dict(os.environ, DJANGO_ALLOW_ASYNC_UNSAFE="yes"))
        super().setUpClass()
        cls.url = cls.live_server_url

    def setUp(self) -> None:
        super().setUp()
        self.make_cast()
        self.base = self.make_shipped()
        self.images = self.make_set(self.owner)
        self.let_in(self.context)

    def let_in(self, context: BrowserContext) -> None:
        client = Client()
        client.force_login(self.staff)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.url}])

    def go(self, name: str, *args: object, page: Page | None = None) -> None:
        (page or self.page).goto(reverse(f"admin:{name}", args=args))

    def test_a_run_is_started_by_the_action_and_followed_to_its_end_without_a_reload(self) -> None:
        self.go("gallery_collectedimage_changelist")
        self.page.get_by_label("Select all objects on this page for an action").check()
        self.page.get_by_label("Action:").select_option("start_retraining")
        self.page.get_by_role("button", name="Go").click()
        self.page.get_by_label("Steps").fill("100")
        self.page.get_by_role("button", name="Start retraining").click()
        card = self.page.locator("#run")
        expect(card).to_contain_text("Waiting")
        self.page.evaluate("document.body.dataset.here = 'yes'")

        claim = self.claimed_run()
        services.freeze_snapshot(claim)
        services.report_progress(claim, services.Progress("fine-tuning", 40, 100, 8.0, 130.0, {"l1": 2.0}))
        expect(card).to_contain_text("40 of 100", timeout=SOON_MS)
        expect(card).to_contain_text("about 2 minutes")
        expect(self.page.locator("#run-figures svg")).to_have_count(1, timeout=SOON_MS)
        self.make_evaluation(claim, step=40)
        samples = self.page.locator(".loop-strip img")
        expect(samples).to_have_count(8, timeout=SOON_MS)
        samples.last.scroll_into_view_if_needed()
        expect(samples.last).to_have_js_property("naturalWidth", 64)
        samples.last.evaluate("sample => { sample.isTheSame = true; }")
        trouble = "The disk is full: make room there."
        services.report_progress(claim, services.Progress("fine-tuning", 45, 100, 8.0, 130.0, {}, trouble))
        expect(card.get_by_text(trouble)).to_be_visible(timeout=SOON_MS)
        services.report_progress(claim, services.Progress("fine-tuning", 50, 100, 8.0, 130.0, {"l1": 1.25}))
        expect(card.get_by_text(trouble)).to_be_hidden(timeout=SOON_MS)
        expect(self.page.locator("#run-curves")).to_contain_text("now 1.25", timeout=SOON_MS)
        expect(samples.last).to_have_js_property("isTheSame", True)  # what did not change stays

        services.fail_run(claim, "There was not enough memory. Lower the batch size.")
        expect(card).to_contain_text("There was not enough memory.", timeout=SOON_MS)
        expect(self.page.get_by_text("Cancel this run")).to_have_count(0, timeout=SOON_MS)
        self.assertEqual(self.page.evaluate("document.body.dataset.here"), "yes")

    def test_a_run_is_canceled_from_its_page(self) -> None:
        run = self.start()
        self.go("gallery_trainingrun_change", run.pk)
        self.page.get_by_text("Cancel this run").click()
        self.page.get_by_role("button", name="Yes, cancel it").click()
        expect(self.page.locator("#run")).to_contain_text("Canceled")
        self.assertEqual(TrainingRun.objects.get().status, "cancelled")

    def test_a_version_is_judged_with_keys_alone(self) -> None:
        version = self.make_trained(comparisons=self.make_comparisons(3))
        self.go("gallery_modelversion_judge", version.pk)
        for key, judged in (("ArrowLeft", 1), ("s", 1), ("ArrowRight", 2)):
            with self.page.expect_navigation():
                self.page.keyboard.press(key)
            expect(self.page.get_by_text(f"{judged} of 3 judged")).to_be_visible()
        with self.page.expect_navigation():
            self.page.get_by_role("link", name="See those again").click()
        with self.page.expect_navigation():
            self.page.keyboard.press("ArrowLeft")
        expect(self.page.get_by_text("You have judged all 3.")).to_be_visible()
        votes = services.count_votes(version)
        self.assertEqual(votes.version + votes.against, 3)

    def test_a_version_that_failed_is_promoted_with_a_reason_and_rolled_back_by_a_click(self) -> None:
        version = self.make_trained(gate=FAILED)
        self.go("gallery_modelversion_change", version.pk)
        self.page.get_by_label("Reason, which stays in the log").fill("right for our archive")
        self.page.get_by_role("button", name="Promote anyway").click()
        expect(self.page.locator("#content-main")).to_contain_text("right for our archive")
        self.assertEqual(services.active_version(), version)
        self.go("gallery_modelversion_change", self.base.pk)
        self.page.get_by_role("button", name="Roll back to this version").click()
        expect(self.page.get_by_role("button", name="Roll back to this version")).to_have_count(0)
        self.assertEqual(services.active_version(), self.base)

    def test_every_page_fits_and_reads_well_on_phone_and_desk_in_light_and_dark(self) -> None:
        self.start()
        claim = self.claimed_run()
        services.report_progress(claim, services.Progress("fine-tuning", 40, 100, 8.0, 130.0, {"l1": 2.0}))
        self.make_evaluation(claim)
        version = services.finish_run(claim, self.new_version(gate=FAILED, comparisons=self.make_comparisons(2)))
        self.make_worker()
        services.ask_for_check(self.staff, reads_bytes=True)
        pages = (
            ("retraining",), ("gallery_collectedimage_retrain",), ("gallery_collectedimage_upload",),
            ("gallery_collectedimage_changelist",), ("gallery_keptout_changelist",),
            ("gallery_trainingrun_change", claim.run_id), ("gallery_modelversion_change", version.pk),
            ("gallery_modelversion_judge", version.pk), ("queues",), ("day",), ("gallery_integritycheck_changelist",),
        )  # fmt: skip
        for size, scheme in ((PHONE, "dark"), (DESKTOP, "light")):
            context = self.new_context(viewport=size, color_scheme=scheme)
            self.let_in(context)
            page = context.new_page()
            for name, *args in pages:
                with self.subTest(name, width=size["width"], scheme=scheme):
                    self.go(name, *args, page=page)
                    self.assert_fits(page)
                    # What is around it is Django's, and so are the @imports, which axe would load as inline styles.
                    self.assert_accessible(page, within="#content-main", preload=False)
