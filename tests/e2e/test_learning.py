"""A photograph's page with the whole real site: consent, its own color, colors called right or again, doubt, tone."""

import re
from dataclasses import asdict, replace
from typing import Any

from django.conf import settings
from playwright.sync_api import Page, Route, expect

from colorizer.checkpoint import Card, load_generator, save_generator
from tests import pictures
from tests.e2e.browser import PHONE
from tests.e2e.pages import COLORED_WITHIN_MS, PageTestCase
from tests.e2e.stack import wait_until
from tests.e2e.visitors import ApiVisitor
from tests.gallery.test_toned import sepia

COLLECTED_WITHIN_S = 20
DOUBT = re.compile(r"(are a guess|make them true)\.$")


class ConsentTests(PageTestCase):
    def collected(self) -> list[tuple[Any, ...]]:
        return self.stack.rows("SELECT origin, status, file_key FROM gallery_collectedimage")

    def test_an_upload_in_color_is_colored_beside_its_truth_and_learned_from_only_with_consent(self) -> None:
        page, visitor = self.page, self.member("olga")
        self.let_in(visitor, self.context)
        self.allow_for_the_account(page)
        content = pictures.encoded(pictures.color((900, 600)))
        page.goto("/photos/")
        page.set_input_files("#upload-files", self.files(cat_jpg=content))
        expect(page.locator("[data-state=done]")).to_have_count(1, timeout=COLORED_WITHIN_MS)
        expect(page.get_by_text("Uploaded in color")).to_be_visible()
        page.get_by_role("link", name="cat").click()
        expect(page.get_by_text("Your photograph, in its own color")).to_be_visible()
        expect(page.get_by_text("Colored as if it were grey")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="Original, in its own color").click()
        self.assertEqual(download.value.path().read_bytes(), content)
        with page.expect_download() as download:
            page.get_by_role("link", name="Download as colored").click()
        self.assertNotEqual(download.value.path().read_bytes(), content)
        self.take_back(page)

    def allow_for_the_account(self, page: Page) -> None:
        page.goto("/accounts/")
        expect(page.get_by_text("You have not allowed it.")).to_be_visible()
        page.get_by_role("button", name="Allow for my whole account").click()
        expect(page.get_by_text("You allow it for your whole account")).to_be_visible()

    def take_back(self, page: Page) -> None:
        ((origin, status, key),) = wait_until(self.collected, within_s=COLLECTED_WITHIN_S)
        self.assertEqual((origin, status), ("upload", "included"))
        copy = self.stack.data / "media" / key
        self.assertTrue(copy.is_file())
        page.reload()
        expect(page.get_by_text("A small copy is kept for training.")).to_be_visible()
        page.get_by_role("button", name="Not this photograph").click()
        expect(page.get_by_text("1 picture was withdrawn.")).to_be_visible()
        expect(page.get_by_text("Nobody trains on this photograph.")).to_be_visible()
        self.assertEqual(self.collected(), [])
        self.assertFalse(copy.exists())

    def test_colors_are_called_right_and_that_is_taken_back(self) -> None:
        page = self.page
        self.let_in(self.member("paula"), self.context)
        right = page.get_by_role("button", name="These colors are right")
        photo_id = self.colored_photo("paula")
        page.goto(f"/photos/{photo_id}/")
        expect(page.get_by_text("A model learns nothing from its own guess.")).to_be_visible()
        expect(right).to_have_count(0)
        api = ApiVisitor(self.url, "paula")
        self.addCleanup(api.close)
        told = {"hints": [{"x": 300, "y": 200, "radius": 40, "color": "#a03020"}]}
        self.assertEqual(201, api.http.post(f"/photos/{photo_id}/jobs", json=told).status_code)
        expect(right).to_be_visible(timeout=COLORED_WITHIN_MS)  # by itself
        right.click()
        expect(page.get_by_text("You said so on")).to_be_visible()
        page.get_by_role("button", name="Take it back").click()
        expect(right).to_be_visible()


class NewerVersionTests(PageTestCase):
    """The site gets a second version in the middle of the test, and colors with it from then on."""

    def test_a_photograph_is_colored_again_and_its_owner_goes_back(self) -> None:
        page, visitor = self.page, self.member("rosa")
        self.let_in(visitor, self.context)
        photo_id = self.colored_photo("rosa")
        page.goto("/photos/again/")
        expect(page.get_by_text("Nothing to color again")).to_be_visible()
        self.upgrade()
        page.goto("/photos/")
        page.get_by_role("link", name="Color again with the new one").click()
        self.assert_fits(page)
        self.assert_accessible(page)
        page.get_by_label("photo", exact=True).check()
        page.get_by_role("button", name="Color the chosen ones again").click()
        expect(page.get_by_text("1 photograph waits to be colored again")).to_be_visible()
        page.goto(f"/photos/{photo_id}/")
        facts = page.locator(".photo-facts")
        expect(facts).to_contain_text("Version 2", timeout=COLORED_WITHIN_MS)  # by itself
        earlier = page.locator(".history li")
        expect(earlier).to_contain_text("Version 1")
        self.look_around(photo_id)
        earlier.get_by_role("button", name="Show these").click()
        expect(facts).to_contain_text("Version 1")
        expect(page.locator(".history li")).to_contain_text("Version 2")
        facts.get_by_role("link", name="Version 1").click()
        expect(page.get_by_role("heading", name="Where it fails")).to_be_visible()

    def upgrade(self) -> None:
        """As a new release would: other shipped weights, which become active at once."""
        card = self.other_weights()
        self.stack.shell(
            "from gallery import services; "
            f"services.ensure_shipped_version({card.name!r}, {card.digest!r}, weights_key='models/next/w.safetensors', "
            f"card={asdict(card)!r})"
        )

    def other_weights(self) -> Card:
        generator, card = load_generator(settings.PHOTOLAB_WEIGHTS)
        generator.to_ab.weight.data *= 1.01
        return save_generator(
            generator, self.stack.data / "media/models/next/w.safetensors", replace(card, name="photolab-next")
        )

    def look_around(self, photo_id: int) -> None:
        phone = {"viewport": PHONE, "color_scheme": "dark", "has_touch": True}
        page = self.new_context(storage_state=self.context.storage_state(), **phone).new_page()
        for address in (f"/photos/{photo_id}/", "/models/", "/models/1/"):
            self.look_at(page, address)


class PhotoPageTests(PageTestCase):
    def test_new_colors_arrive_and_what_the_visitor_has_set_stays(self) -> None:
        page = self.page
        self.let_in(self.member("vera"), self.context)
        photo_id = self.colored_photo("vera")
        page.goto(f"/photos/{photo_id}/")
        self.listen(page)
        doubt = page.get_by_role("button", name="Where is it a guess?")
        doubt.click()
        page.get_by_role("button", name="Cancel").click()
        expect(doubt).to_be_focused()
        expect(doubt).to_have_attribute("aria-pressed", "false")
        slider, after = page.get_by_role("slider"), page.locator(".side-after img")
        slider.press("Home")
        before = after.get_attribute("src")
        api = ApiVisitor(self.url, "vera")
        self.addCleanup(api.close)
        self.assertEqual(201, api.http.post(f"/photos/{photo_id}/jobs", json={"vividness": 1.4}).status_code)
        expect(after).not_to_have_attribute("src", before, timeout=COLORED_WITHIN_MS)
        expect(slider).to_have_js_property("value", "0")
        expect(slider).to_be_focused()
        self.assert_said(page, "photo is now in color.")
        self.spoil(photo_id)
        self.assertEqual(201, api.http.post(f"/photos/{photo_id}/jobs", json={"vividness": 0.7}).status_code)
        self.assert_said(page, "photo could not be colored.")

    def test_colors_that_were_done_before_the_page_asked_are_told_too(self) -> None:
        page = self.page
        self.let_in(self.member("quentin"), self.context)
        photo_id = self.colored_photo("quentin")
        api = ApiVisitor(self.url, "quentin")
        self.addCleanup(api.close)
        page.goto(f"/photos/{photo_id}/")
        self.listen(page)
        job_ids: list[int] = []

        def answer_when_done(route: Route) -> None:
            wait_until(lambda: api.state(job_ids[0]) == "done", within_s=COLORED_WITHIN_MS / 1000)
            route.continue_()

        page.route("**/status/", answer_when_done)
        job_ids.append(api.http.post(f"/photos/{photo_id}/jobs", json={"vividness": 1.4}).json()["id"])
        self.assert_said(page, "photo is now in color.")

    def test_where_it_is_a_guess_is_drawn_over_the_photograph_and_said(self) -> None:
        page = self.page
        self.let_in(self.member("dina"), self.context)
        page.goto(f"/photos/{self.colored_photo('dina')}/")
        button = page.get_by_role("button", name="Where is it a guess?")
        button.click()
        words, drawn = page.locator("[data-doubt-words]"), page.locator("[data-doubt-map]")
        expect(words).to_have_text(DOUBT, timeout=2 * COLORED_WITHIN_MS)
        expect(drawn).to_be_visible()
        expect(drawn).to_have_js_property("complete", True)
        self.assertGreater(drawn.evaluate("map => map.naturalWidth"), 0)
        self.assertEqual(drawn.bounding_box(), page.locator(".side-after img").bounding_box())
        expect(button).to_have_attribute("aria-pressed", "true")
        self.assert_accessible(page)
        button.click()
        for part in (drawn, words):
            expect(part).to_be_hidden()
        expect(button).to_have_attribute("aria-pressed", "false")

    def test_a_toned_scan_is_called_so_and_its_owner_knows_better(self) -> None:
        page = self.page
        self.let_in(self.member("tonia"), self.context)
        page.goto(f"/photos/{self.colored_photo('tonia', pictures.encoded(sepia()))}/")
        expect(page.get_by_text("This scan is toned; it was read as grey")).to_be_visible()
        page.get_by_role("button", name="No, it is a color photograph").click()
        expect(page.get_by_text("Noted: it has colors of its own.")).to_be_visible()
        expect(page.get_by_text("You uploaded this photograph in color.")).to_be_visible()
        page.get_by_role("button", name="It is a toned black-and-white photograph").click()
        expect(page.get_by_text("Noted: its tone is no color.")).to_be_visible()
        expect(page.get_by_text("This scan is toned; it was read as grey")).to_be_visible()
