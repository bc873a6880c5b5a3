"""Links and the lightbox in a real browser, with the whole real site: an owner in one window, a guest in another."""

import io
import re
import zipfile
from datetime import UTC, datetime, timedelta

import httpx
from PIL import Image, ImageChops
from playwright.sync_api import Page, expect

from tests.e2e.browser import DESKTOP, PHONE
from tests.e2e.sharing import SharingTestCase
from tests.gallery.test_shared_copy import SECRETS

WORD = "seven red bicycles"


class LinkTests(SharingTestCase):
    def test_a_guest_sees_what_the_link_opens_until_it_is_taken_back(self) -> None:
        page, guest, photo_id = self.page, self.guest(), self.photos[2]
        page.goto(f"/photos/{photo_id}/")
        page.get_by_role("link", name="Share").click()
        link = self.make_link(page.url)
        self.copy(page, link)
        guest.goto(link)
        expect(guest.get_by_text("Colors are simulated by")).to_be_visible()
        guest.get_by_role("slider").press("Home")
        for name, file_format in {"Original": "JPEG", "Download in color": "JPEG"}.items():
            with guest.expect_download() as download:
                guest.get_by_role("link", name=name, exact=True).click()
            self.assert_tells_nothing(download.value.path().read_bytes(), file_format)
        self.assert_sees_no_more(guest, photo_id)
        page.get_by_role("button", name="Take back").click()
        expect(page.get_by_text("it opens nothing from now on")).to_be_visible()
        self.expect_gone(guest, link)

    def test_a_guest_takes_an_album_home_with_a_telephone(self) -> None:
        link = self.make_link(f"/albums/{self.album_id}/share/")
        guest = self.guest(viewport=PHONE, has_touch=True)
        guest.goto(link)
        guest.locator("summary", has_text="Download all").tap()
        self.assertLessEqual(guest.evaluate("document.documentElement.scrollWidth"), PHONE["width"])
        guest.get_by_label("Both").check()
        with guest.expect_download() as download:
            guest.get_by_role("button", name="Download zip").tap()
        menu = guest.locator("details.menu")
        expect(menu).to_have_attribute("open", "")
        guest.get_by_role("heading", level=1).tap()
        expect(menu).not_to_have_attribute("open", "")
        with zipfile.ZipFile(download.value.path()) as opened:
            self.assertEqual(len(opened.namelist()), 2 * len(self.photos) + 1)
            for name in opened.namelist()[:-1]:
                self.assert_tells_nothing(opened.read(name), "JPEG")

    def test_a_link_has_the_end_and_the_mark_that_were_wished_and_no_download(self) -> None:
        page, photo_id = self.page, self.photos[1]
        page.goto(f"/photos/{photo_id}/share/")
        page.get_by_label("The link ends after").select_option("7")
        page.get_by_label("Offer the files for download").uncheck()
        page.get_by_label("Put a small mark").check()
        page.get_by_role("button", name="Make the link").click()
        terms = page.locator(".share").first
        expect(terms).to_contain_text(re.compile(r"No download\.\s+With a mark in the corner\."))
        ends = datetime.fromisoformat(terms.locator("time").first.get_attribute("datetime"))
        self.assertAlmostEqual((ends - datetime.now(UTC)) / timedelta(days=7), 1, delta=0.01)
        link, guest = self.link(page), self.guest()
        guest.goto(link)
        expect(guest.get_by_text("This link ends on")).to_be_visible()
        expect(guest.get_by_role("link", name=re.compile("Download|Original"))).to_have_count(0)
        self.assertEqual(404, httpx.get(f"{link}files/{photo_id}/image/").status_code)
        job_id = self.stack.rows("SELECT id FROM gallery_job WHERE photo_id = ?", photo_id)[0][0]
        for kind, own in {"after": "preview", "thumb": "thumb"}.items():
            plain = page.request.get(f"/results/{job_id}/files/{own}/").body()
            self.assert_marked(httpx.get(f"{link}files/{photo_id}/{kind}/").content, plain)

    def assert_marked(self, content: bytes, plain: bytes) -> None:
        """It differs in its lower right corner, and there alone."""
        with Image.open(io.BytesIO(content)) as marked, Image.open(io.BytesIO(plain)) as image:
            differing = ImageChops.difference(marked, image).convert("L").point(lambda value: 255 * (value > 60))
            left, top, *_ = differing.getbbox()
            self.assertGreater(left, image.width * 0.85)
            self.assertGreater(top, image.height * 0.85)

    def copy(self, page: Page, link: str) -> None:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        self.assertEqual(page.evaluate("navigator.clipboard.readText()"), link)

    def assert_tells_nothing(self, content: bytes, file_format: str) -> None:
        self.assertEqual(Image.open(io.BytesIO(content)).format, file_format)
        for secret in SECRETS:
            self.assertNotIn(secret, content)

    def assert_sees_no_more(self, guest: Page, photo_id: int) -> None:
        for address in (f"/photos/{photo_id}/", "/photos/", "/shares/"):
            guest.goto(address)
            expect(guest).to_have_url(re.compile("/accounts/login/"))

    def expect_gone(self, guest: Page, link: str) -> None:
        self.assertEqual(guest.goto(link).status, 404)
        expect(guest.get_by_role("heading", name="This link opens nothing")).to_be_visible()
        self.assertEqual(len(self.trouble), 1)  # the browser tells of the 404 on its console
        self.trouble.clear()

    def test_a_password_is_asked_for_and_the_picture_comes_after_it(self) -> None:
        self.page.goto(f"/photos/{self.photos[0]}/share/")
        self.page.get_by_label("Password", exact=False).first.fill(WORD)
        self.page.get_by_label("The link ends after").select_option("never")
        self.page.get_by_role("button", name="Make the link").click()
        expect(self.page.get_by_text("Never ends by itself. Asks for a password.")).to_be_visible()
        link = self.link(self.page)
        guest = self.guest(viewport=PHONE, color_scheme="dark", has_touch=True)
        self.look_at(guest, link)
        self.assertNotIn("photo", httpx.get(link).text.split("<main")[1].split("</main>")[0])
        guest.get_by_label("Password").fill("a guess")
        guest.get_by_role("button", name="Open").click()
        expect(guest.get_by_text("This is not the password.")).to_be_visible()
        self.trouble.clear()  # the 422 of the wrong password
        guest.get_by_label("Password").fill(WORD)
        guest.get_by_role("button", name="Open").click()
        expect(guest.locator("before-after")).to_be_visible()
        self.look_at(guest, link)


class LightboxTests(SharingTestCase):
    def test_a_guest_walks_through_an_album_by_keys_and_back_leads_to_the_page(self) -> None:
        link, page = self.make_link(f"/albums/{self.album_id}/share/"), self.guest()
        page.goto(link)
        cards = page.locator(".card-link")
        cards.nth(1).focus()
        page.keyboard.press("Enter")
        box = page.get_by_role("dialog", name="Photograph, large")
        expect(box).to_contain_text("Colors are simulated")
        expect(box.locator(".pswp__counter")).to_have_text("2 / 3")
        self.assert_accessible(page)
        page.keyboard.press("ArrowRight")
        expect(box.locator(".pswp__counter")).to_have_text("3 / 3")
        expect(page).to_have_url(re.compile(f"#view-{self.photos[2]}$"))
        shown = box.locator(".pswp__item[aria-hidden=false] .pswp__img:not(.pswp__img--placeholder)")
        expect(shown).to_have_attribute("src", re.compile("/after/$"))
        page.keyboard.press("b")
        expect(shown).to_have_attribute("src", re.compile("/before/$"))
        expect(box.locator(".pswp__caption")).to_contain_text("The original")
        page.go_back()
        expect(box).to_have_count(0)
        expect(page).to_have_url(link)
        expect(cards.nth(1)).to_be_focused()
        self.open_by_address(page, link)

    def open_by_address(self, page: Page, link: str) -> None:
        page.goto("about:blank")
        page.goto(f"{link}#view-{self.photos[1]}")
        box = page.get_by_role("dialog")
        expect(box.locator(".pswp__counter")).to_have_text("2 / 3")
        page.keyboard.press("Escape")
        expect(box).to_have_count(0)
        expect(page).to_have_url(link)

    def test_the_slideshow_goes_on_until_somebody_takes_over(self) -> None:
        page = self.as_owner().new_page()
        page.clock.install()
        page.goto(f"/albums/{self.album_id}/")
        page.get_by_role("button", name="Slideshow").click()
        counter = page.locator(".pswp__counter")
        expect(page.get_by_role("button", name="Pause the slideshow")).to_be_visible()
        expect(counter).to_have_text("1 / 3")
        page.clock.run_for(5_100)
        expect(counter).to_have_text("2 / 3")
        page.get_by_role("button", name="5 seconds for each picture").click()
        page.clock.run_for(5_100)
        expect(counter).to_have_text("2 / 3")
        page.clock.run_for(5_000)
        expect(counter).to_have_text("3 / 3")
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_role("button", name="Start the slideshow")).to_be_visible()
        page.clock.run_for(30_000)
        expect(counter).to_have_text("2 / 3")

    def test_a_card_is_seen_large_by_pointer_and_by_key(self) -> None:
        page, counter = self.page, self.page.locator(".pswp__counter")
        page.goto("/photos/")
        page.locator(".card").nth(1).hover()
        page.get_by_role("button", name="View photo large").click()
        expect(counter).to_have_text("2 / 3")
        page.keyboard.press("Escape")
        expect(page.locator(".card-link").nth(1)).to_be_focused()
        page.keyboard.press("v")
        expect(counter).to_have_text("2 / 3")

    def test_a_card_is_seen_large_by_finger(self) -> None:
        page = self.as_owner(viewport=PHONE, has_touch=True, is_mobile=True).new_page()
        page.goto(f"/albums/{self.album_id}/")
        page.get_by_role("button", name="large").nth(1).tap()
        expect(page.locator(".pswp__counter")).to_have_text("2 / 3")

    def test_where_less_motion_is_wished_for_the_slideshow_waits(self) -> None:
        page = self.as_owner(reduced_motion="reduce").new_page()
        page.goto("/photos/")
        page.get_by_role("button", name="Slideshow").click()
        expect(page.get_by_role("button", name="Start the slideshow")).to_be_visible()
        page.keyboard.press("s")
        expect(page.get_by_role("button", name="Pause the slideshow")).to_be_visible()

    def test_one_photograph_is_seen_large_and_its_page_stays_where_it_is(self) -> None:
        page = self.as_owner(viewport=PHONE, color_scheme="dark", has_touch=True).new_page()
        page.goto(f"/photos/{self.photos[1]}/")
        page.get_by_role("button", name="View large").tap()
        box = page.get_by_role("dialog")
        expect(box).to_be_visible()
        page.keyboard.press("ArrowRight")
        self.pinch(page)
        expect(box).to_have_class(re.compile("pswp--zoomed-in"))
        page.keyboard.press("Escape")
        expect(box).to_have_count(0)
        expect(page).to_have_url(f"{self.url}/photos/{self.photos[1]}/")

    def pinch(self, page: Page) -> None:
        """Two fingers that move apart, as a touch screen tells them."""
        fingers = page.context.new_cdp_session(page)

        def touch(kind: str, apart: int) -> None:
            points = [{"x": 195 + side * apart, "y": 400, "id": number} for number, side in enumerate((-1, 1))]
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points if apart else []})

        page.wait_for_timeout(500)  # the opening has ended
        touch("touchStart", 20)
        for apart in range(30, 150, 20):
            touch("touchMove", apart)
        touch("touchEnd", 0)

    def test_the_pages_read_and_fit(self) -> None:
        link = self.make_link(f"/albums/{self.album_id}/share/")
        for options in ({"viewport": DESKTOP}, {"viewport": PHONE, "color_scheme": "dark"}):
            owner = self.as_owner(**options).new_page()
            for address in (f"/albums/{self.album_id}/share/", "/shares/"):
                self.look_at(owner, address)
            self.look_at(self.guest(**options), link)
