"""For everyone: every page in both languages, light and dark, small and wide; right to left; the app; shortcuts."""

import re

from django.urls import reverse
from playwright.sync_api import Page, Response, expect

from tests.e2e.browser import DESKTOP, PHONE
from tests.e2e.pages import COLORED_WITHIN_MS
from tests.e2e.person import PAGES_BEFORE, PersonTestCase
from tests.e2e.proxy import CuttableLine
from tests.e2e.stack import wait_until

SINGLE_KEYS = {  # what each of them does to a photograph that is seen large
    "b": ".pswp__button--swap[aria-pressed=true]",
    "z": ".pswp--zoomed-in",
    "s": ".pswp--playing",
}
STILL_MS = 400  # until then a key would have done it
OLD_FORM = """address => {
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: address });
    document.body.append(form);
    form.submit();
}"""
MIRROR = """
    const mirror = () => document.documentElement?.setAttribute("dir", "rtl");
    new MutationObserver(mirror).observe(document, { childList: true });
    mirror();
"""


class EveryPageTests(PersonTestCase):
    def walk(self, locale: str, viewport: dict[str, int], color_scheme: str) -> None:
        """As a visitor, then as herself. Each page must fit both widths; one of them is looked at closely."""
        context = self.new_context(locale=locale, color_scheme=color_scheme, reduced_motion="reduce")
        page = context.new_page()
        for address in map(reverse, PAGES_BEFORE):
            self.look_closely(page, address, locale, viewport)
        self.let_olga_in(context, self.url)
        self.spoil(self.ids["newer"])
        pages = self.pages()
        for address, status in pages.items():
            self.look_closely(page, address, locale, viewport, status)
        refused = [status for status in pages.values() if status != 200]
        self.assertEqual(len(refused), len(self.trouble), self.trouble)  # the browser tells of each on its console
        self.trouble.clear()

    def open(self, page: Page, address: str) -> Response:
        """What takes forms alone, by one that has been open for too long."""
        if address != reverse("language"):
            return page.goto(address)
        with page.expect_navigation() as navigation:
            page.evaluate(OLD_FORM, address)
        return navigation.value

    def look_closely(self, page: Page, address: str, locale: str, viewport: dict[str, int], status: int = 200) -> None:
        with self.subTest(address[:80]):
            page.set_viewport_size(PHONE if viewport is DESKTOP else DESKTOP)
            self.assertEqual(status, self.open(page, address).status)
            expect(page.locator("html")).to_have_attribute("lang", locale[:2])
            self.assert_fits(page)
            page.set_viewport_size(viewport)
            self.assert_fits(page)
            self.assert_accessible(page)

    def test_every_page_in_english_on_a_phone_in_the_dark(self) -> None:
        self.walk("en-US", PHONE, "dark")

    def test_every_page_in_german_on_a_wide_screen_in_the_light(self) -> None:
        self.walk("de-DE", DESKTOP, "light")

    def test_the_language_is_chosen_at_the_foot_of_a_page(self) -> None:
        self.page.goto("/photos/?q=farm")
        self.page.get_by_role("button", name="Deutsch").click()
        expect(self.page.get_by_role("heading", name="Ihre Galerie")).to_be_visible()
        self.assertIn("q=farm", self.page.url)
        self.page.goto(self.address("photo"))
        expect(self.page.locator("time").first).to_contain_text(re.compile(r"^\d+\. \w+ \d{4}"))
        self.page.get_by_role("button", name="English").click()
        expect(self.page.get_by_text("About this photograph")).to_be_visible()


class MirroredTests(PersonTestCase):
    """As for a language that is written from right to left."""

    def setUp(self) -> None:
        super().setUp()
        self.context.add_init_script(MIRROR)

    def left(self, selector: str) -> float:
        return self.page.locator(selector).first.bounding_box()["x"]

    def test_pages_turn_round_and_fit(self) -> None:
        for name in ("home", "gallery", "photo", "photo_edit", "album", "account", "models"):
            self.page.goto(self.address(name))
            for viewport in (DESKTOP, PHONE):
                with self.subTest(name, viewport=viewport):
                    self.page.set_viewport_size(viewport)
                    self.assertEqual(self.page.evaluate("getComputedStyle(document.body).direction"), "rtl")
                    self.assertGreater(self.left(".brand"), self.left("main") + viewport["width"] / 2)
                    self.assert_fits(self.page)

    def test_photographs_do_not_turn_round(self) -> None:
        self.page.goto(self.address("photo"))
        self.assertLess(self.left(".side-before .tag"), self.left(".side-after .tag"))
        slider, handle = self.page.get_by_role("slider"), "before-after .handle"
        slider.focus()
        before = self.left(handle)
        for _ in range(5):
            slider.press("ArrowRight")
        self.assertGreater(self.left(handle), before)

    def test_arrow_keys_go_where_the_arrows_point(self) -> None:
        self.page.goto(self.address("photo"))
        self.assertGreater(self.left("[data-step=newer]"), self.left("[data-none]"))
        self.page.keyboard.press("ArrowRight")
        self.page.wait_for_url(lambda url: f"/{self.ids['photo_id']}/" not in url)


class AppTests(PersonTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.line = CuttableLine(self.stack.port)
        self.addCleanup(self.line.close)
        self.own = f"http://localhost:{self.line.port}"
        self.let_olga_in(self.context, self.own)
        self.page.goto(f"{self.own}/photos/")
        expect(self.page.locator("[data-state=done]")).to_have_count(2, timeout=COLORED_WITHIN_MS)

    def test_the_browser_finds_an_app_to_install(self) -> None:
        browser = self.context.new_cdp_session(self.page)
        found = browser.send("Page.getAppManifest")
        self.assertTrue(found["url"].endswith("/manifest.webmanifest"))
        self.assertEqual(found["errors"], [])
        errors = browser.send("Page.getInstallabilityErrors")["installabilityErrors"]
        self.assertEqual([error["errorId"] for error in errors], ["in-incognito"])  # as every context of a test

    def test_an_honest_page_is_shown_while_the_site_is_away_and_nothing_of_hers(self) -> None:
        self.wait_for_the_worker()
        self.line.cut_after(1)
        self.page.goto(f"{self.own}/photos/")
        expect(self.page.get_by_role("heading", name="Photo-Lab cannot be reached")).to_be_visible()
        self.assertEqual(self.page.evaluate("getComputedStyle(document.querySelector('h1')).fontWeight"), "400")
        kept = self.page.evaluate(
            """async () => {
                const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
                const requests = await Promise.all(caches_.map((cache) => cache.keys()));
                return requests.flat().map(({ url }) => new URL(url).pathname);
            }"""
        )
        self.assertIn("/offline/", kept)
        self.assertEqual([path for path in kept if path.startswith(("/photos", "/results", "/s/"))], [])
        self.line.mend()
        self.page.get_by_role("link", name="Try again").click()
        expect(self.page.get_by_role("heading", name="Your gallery")).to_be_visible()
        self.trouble.clear()  # the browser has complained of the line, as it should

    def test_a_form_that_could_not_be_sent_is_not_answered_by_it(self) -> None:
        self.wait_for_the_worker()
        self.line.cut_after(1)
        with self.page.expect_event("requestfailed", lambda request: request.method == "POST"):
            self.page.get_by_role("button", name="Deutsch").click()
        expect(self.page.get_by_text("Photo-Lab cannot be reached")).to_have_count(0)
        self.trouble.clear()

    def wait_for_the_worker(self) -> None:
        state = "navigator.serviceWorker.controller?.state"
        wait_until(lambda: self.page.evaluate(state) == "activated", within_s=COLORED_WITHIN_MS / 1000)


class ShortcutTests(PersonTestCase):
    def sheet(self) -> object:
        return self.page.get_by_role("dialog", name="Keyboard shortcuts")

    def test_a_question_mark_opens_the_sheet_but_not_in_a_field(self) -> None:
        self.page.goto("/photos/")
        search = self.page.get_by_role("searchbox").or_(self.page.locator("#search-words, [name=q]")).first
        search.press("?")
        self.assertEqual(search.input_value(), "?")
        expect(self.sheet()).to_be_hidden()
        self.page.locator("main").focus()
        self.page.keyboard.press("?")
        expect(self.sheet()).to_contain_text("Choosing photographs")
        self.assert_accessible(self.page)
        self.page.keyboard.press("v")  # nothing below hears it
        self.page.keyboard.press("Escape")
        expect(self.sheet()).to_be_hidden()
        expect(self.page.locator(".pswp")).to_have_count(0)

    def test_each_page_lists_its_own(self) -> None:
        for name, own, others in (
            ("photo", "Newer and older photograph", "Move the cross"),
            ("photo_edit", "Move the cross", "Slideshow"),
        ):
            self.page.goto(self.address(name))
            self.page.get_by_role("button", name="Keyboard shortcuts").click()
            expect(self.sheet()).to_contain_text(own)
            expect(self.sheet()).not_to_contain_text(others)

    def test_once_it_is_closed_the_page_below_goes_on_looking(self) -> None:
        self.page.goto(self.address("photo"))
        self.page.keyboard.press("?")
        self.sheet().get_by_role("button", name="Close").click()
        with self.page.expect_request("**/status/"):
            self.page.evaluate(
                "document.dispatchEvent(new CustomEvent('photos-changed', { detail: { look: 'shown' } }))"
            )

    def test_it_opens_over_a_photograph_that_is_seen_large(self) -> None:
        self.page.goto("/photos/")
        self.page.locator(".card-link").first.focus()
        self.page.keyboard.press("v")
        expect(self.page.locator(".pswp--open")).to_be_visible()
        self.page.keyboard.press("?")
        expect(self.sheet()).to_be_visible()
        self.page.keyboard.press("Escape")
        expect(self.sheet()).to_be_hidden()
        expect(self.page.locator(".pswp--open")).to_be_visible()

    def test_single_keys_can_be_switched_off_for_good(self) -> None:
        self.page.emulate_media(reduced_motion="reduce")
        self.page.set_viewport_size(PHONE)
        self.page.goto("/photos/")
        self.assert_single_keys(are_heard=True)
        self.page.goto("/photos/")
        self.page.keyboard.press("?")
        self.page.get_by_label("Single letters and signs").uncheck()
        self.page.get_by_role("dialog").get_by_role("button", name="Close").click()
        self.page.reload()
        for key in ("?", "v"):
            self.page.locator("main").press(key)
        expect(self.sheet()).to_be_hidden()
        expect(self.page.locator(".pswp")).to_have_count(0)
        self.page.get_by_role("button", name="Keyboard shortcuts").click()
        expect(self.page.get_by_label("Single letters and signs")).not_to_be_checked()
        self.page.keyboard.press("Escape")
        self.assert_single_keys(are_heard=False)

    def assert_single_keys(self, *, are_heard: bool) -> None:
        """Where a photograph is seen large, and on the one that colors are told on."""
        self.page.get_by_role("button", name="Slideshow").click()
        self.page.wait_for_timeout(STILL_MS)  # it has opened
        for key, trace in SINGLE_KEYS.items():
            self.press(key)
            expect(self.page.locator(trace)).to_have_count(int(are_heard))
        self.page.goto(self.address("photo_edit"))
        expect(self.page.locator("output").first).not_to_be_empty()  # its scripts are there
        self.page.get_by_role("application").focus()
        for key, zoom in {"+": "1.5", "0": "1"}.items():
            self.press(key)
            shown = self.page.locator(".edit-sheet").evaluate("sheet => sheet.style.getPropertyValue('--zoom')")
            self.assertEqual(shown, zoom if are_heard else "1")

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.page.wait_for_timeout(STILL_MS)
