"""The pages as people meet them: real Chromium, real worker, the shipped weights."""

import io
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
from PIL import Image
from playwright.sync_api import Page, expect

from tests import pictures
from tests.e2e.browser import AXE, DESKTOP, PHONE
from tests.e2e.pages import COLORED_WITHIN_MS, PageTestCase
from tests.e2e.stack import wait_until
from tests.e2e.visitors import PASSWORD


class JourneyTests(PageTestCase):
    def sign_up_by_page(self, page: Page, name: str) -> None:
        page.goto("/")
        page.get_by_role("link", name="Create account").first.click()
        page.get_by_label("Username").fill(name)
        page.locator("input[name=password1]").fill(PASSWORD)
        page.locator("input[name=password2]").fill(PASSWORD)
        page.locator("main").get_by_role("button", name="Create account").click()
        expect(page.get_by_role("heading", name="Your gallery")).to_be_visible()

    def test_from_an_account_to_a_color_picture_and_its_deletion(self) -> None:
        page = self.page
        self.sign_up_by_page(page, "olga")
        expect(page.get_by_text("Nothing here yet")).to_be_visible()
        self.listen(page)
        photos = {"first_jpg": pictures.jpeg((900, 600), mark=1), "scan_tif": self.scan(), "phone_jpg": self.turned()}
        page.set_input_files("#upload-files", self.files(**photos, broken_jpg=pictures.jpeg(mark=2)[:5000]))
        refused = page.locator(".upload-row", has_text="broken.jpg")
        expect(refused).to_contain_text("cut off", timeout=COLORED_WITHIN_MS)
        expect(page.locator("[data-photo-id]")).to_have_count(3)
        expect(page.locator("[data-state=done]")).to_have_count(3, timeout=COLORED_WITHIN_MS)
        expect(page.get_by_text("Nothing here yet")).to_be_hidden()
        self.assert_said(page, "first is now in color.")
        page.get_by_role("link", name="first").click()
        self.compare_by_keyboard(page)
        self.download_full_size(page)
        page.get_by_role("button", name="Move to the trash").click()
        expect(page.locator("[data-photo-id]")).to_have_count(2)
        expect(page.get_by_role("link", name="first")).to_have_count(0)

    def scan(self) -> bytes:
        return pictures.encoded(pictures.sixteen_bit(), "TIFF")

    def turned(self) -> bytes:
        return pictures.turned_by_exif()

    def compare_by_keyboard(self, page: Page) -> None:
        slider = page.get_by_role("slider", name=re.compile("first"))
        slider.focus()
        before = float(slider.input_value())
        width_before = page.locator(".side-after").evaluate("side => getComputedStyle(side).clipPath")
        for _ in range(5):
            slider.press("ArrowRight")
        self.assertGreater(float(slider.input_value()), before)
        in_color = round(100 - float(slider.input_value()))
        expect(slider).to_have_attribute("aria-valuetext", f"{in_color} percent in color")
        width_after = page.locator(".side-after").evaluate("side => getComputedStyle(side).clipPath")
        self.assertNotEqual(width_before, width_after, "the divider did not move")

    def download_full_size(self, page: Page) -> None:
        with page.expect_download() as download:
            page.get_by_role("link", name="Download in color").click()
        self.assertEqual("first-colorized.jpg", download.value.suggested_filename)
        with Image.open(download.value.path()) as image:
            self.assertEqual((900, 600), image.size)

    def test_the_sample_photograph_is_one_click_away(self) -> None:
        self.let_in(self.member("frida"), self.context)
        self.page.goto("/photos/")
        self.page.get_by_role("button", name="Try a sample photograph").click()
        expect(self.page.locator("[data-state=done]")).to_have_count(1, timeout=COLORED_WITHIN_MS)

    def test_the_same_photograph_twice_is_told_and_shown(self) -> None:
        self.let_in(self.member("greta"), self.context)
        self.page.goto("/photos/")
        files = self.files(twice_jpg=pictures.jpeg(mark=9))
        self.page.set_input_files("#upload-files", files)
        expect(self.page.locator("[data-photo-id]")).to_have_count(1)
        self.page.set_input_files("#upload-files", files)
        row = self.page.locator(".upload-row[data-result=duplicates]")
        row.get_by_role("link").click()
        expect(self.page.get_by_role("heading", name="twice")).to_be_visible()

    def test_another_window_learns_of_a_photo_that_was_deleted(self) -> None:
        visitor = self.member("hilda")
        self.let_in(visitor, self.context)
        photo_id = self.colored_photo("hilda")
        self.page.goto("/photos/")
        expect(self.page.locator("[data-photo-id]")).to_have_count(1)
        self.miss_the_deletion_of(self.page, 150)
        expect(self.page.locator("[data-photo-id]")).to_have_count(1)
        visitor.send("/photos/", {}, to=f"/photos/{photo_id}/delete/")
        expect(self.page.locator("[data-photo-id]")).to_have_count(0)
        expect(self.page.get_by_text("Nothing here yet")).to_be_visible()

    def miss_the_deletion_of(self, page: Page, count: int) -> None:
        """More cards than one request asks for, of photos that went while nobody listened; then look again."""
        page.evaluate(
            """count => {
                const grid = document.getElementById("photos");
                const card = grid.firstElementChild;
                for (let number = 0; number < count; number += 1) {
                    const copy = card.cloneNode(true);
                    copy.dataset.photoId = 1_000_000 + number;
                    card.before(copy);
                }
                document.dispatchEvent(new CustomEvent("photos-changed", { detail: { look: "shown" } }));
            }""",
            count,
        )


class MailTests(PageTestCase):
    def test_a_forgotten_password_is_reset_by_the_mail_on_the_terminal(self) -> None:
        visitor = self.member("nora")
        visitor.http.cookies.clear()
        visitor.send("/accounts/password/reset/", {"email": "nora@example.org"})
        link = wait_until(
            lambda: re.search(r"http://\S+/accounts/password/reset/key/\S+", self.stack.output()), within_s=5
        )
        self.page.goto(link[0])
        for field in ("password1", "password2"):
            self.page.locator(f"input[name={field}]").fill("another long afternoon")
        self.page.locator("main").get_by_role("button").last.click()
        self.page.goto("/accounts/login/")
        self.page.get_by_label("Username or email").fill("nora@example.org")
        self.page.locator("input[name=password]").fill("another long afternoon")
        self.page.locator("main").get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("heading", name="Your gallery")).to_be_visible()


class WithoutScriptTests(PageTestCase):
    def test_a_photo_is_uploaded_seen_and_deleted_without_javascript(self) -> None:
        context = self.new_context(java_script_enabled=False)
        self.let_in(self.member("ida"), context)
        page = context.new_page()
        page.goto("/photos/")
        page.set_input_files("#upload-files", self.files(plain_jpg=pictures.jpeg(mark=3), bad_jpg=b"no picture"))
        page.get_by_role("button", name="Upload", exact=True).click()
        expect(page.get_by_text("bad.jpg")).to_be_visible()
        for _ in range(60):
            if page.locator("[data-state=done]").count():
                break
            page.wait_for_timeout(500)
            page.goto("/photos/")
        page.get_by_role("link", name="plain").click()
        expect(page.get_by_role("img", name=re.compile("plain"))).to_have_count(2)
        expect(page.get_by_role("slider")).to_have_count(0)
        expect(page.locator("time")).to_contain_text("UTC")
        page.get_by_role("button", name="Move to the trash").click()
        expect(page.get_by_text("Nothing here yet")).to_be_visible()


class LookTests(PageTestCase):
    """Where the photographs come first, on a phone in the dark and on a wide screen in the light. The other pages:
    tests.e2e.test_everyone."""

    def look(self, name: str, **options: object) -> None:
        context = self.new_context(**options)
        page = context.new_page()
        self.look_at(page, "/")
        self.let_in(self.member(name), context)
        self.look_at(page, "/photos/")  # while it is empty
        photo_id = self.colored_photo(name)
        for address in ("/photos/", f"/photos/{photo_id}/"):
            self.look_at(page, address)
        self.assert_local_time(page)

    def assert_local_time(self, page: Page) -> None:
        time = page.locator("time")
        here = ZoneInfo(page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone"))
        uploaded = datetime.fromisoformat(time.get_attribute("datetime")).astimezone(here)
        expect(time).to_contain_text(f"{uploaded:%B} {uploaded.day}, {uploaded.year}")
        expect(time).to_contain_text(f"{uploaded.hour % 12 or 12}:{uploaded:%M}")
        expect(time).not_to_contain_text("UTC")

    def test_on_a_phone_in_the_dark(self) -> None:
        self.look("jana", viewport=PHONE, color_scheme="dark", has_touch=True, timezone_id="Asia/Tokyo")

    def test_on_a_wide_screen_in_the_light(self) -> None:
        self.look("kira", viewport=DESKTOP, color_scheme="light")

    def test_the_api_page_shows_its_calls(self) -> None:
        for viewport in (PHONE, DESKTOP):
            self.page.set_viewport_size(viewport)
            self.page.goto("/api/v1/docs")
            expect(self.page.get_by_text("/api/v1/photos/{photo_id}/result", exact=True)).to_be_visible()
            self.assert_fits(self.page)
        # Swagger UI has a main landmark of its own, and leaves its head out of it.
        self.assert_accessible(self.page, rules={**AXE["rules"], "region": {"enabled": False}})


class PrivacyTests(PageTestCase):
    def addresses(self, photo_id: int, job_id: int) -> list[str]:
        files = [f"/photos/{photo_id}/files/{kind}/" for kind in ("original", "preview", "thumb")]
        results = [f"/results/{job_id}/files/{kind}/" for kind in ("image", "preview", "thumb")]
        pages = [f"/photos/{photo_id}/", f"/photos/{photo_id}/status/"]
        return [*pages, *files, *results]

    def test_a_stranger_sees_404_and_a_passer_by_nothing(self) -> None:
        owner, stranger = self.member("lena"), self.member("mara")
        photo_id = self.colored_photo("lena")
        job_id = self.stack.rows("SELECT id FROM gallery_job WHERE photo_id = ?", photo_id)[0][0]
        passer_by = httpx.Client(base_url=self.url)
        self.addCleanup(passer_by.close)
        for address in self.addresses(photo_id, job_id):
            with self.subTest(address):
                self.assertEqual(200, owner.http.get(address).status_code)
                self.assertEqual(404, stranger.http.get(address).status_code)
                self.assertIn(passer_by.get(address).status_code, (302, 404))
        with Image.open(io.BytesIO(owner.http.get(f"/results/{job_id}/files/image/").content)) as image:
            self.assertEqual((900, 600), image.size)
