"""Colors are told in a real browser, by mouse, by finger and by keyboard, and a real worker keeps to them."""

import io
import re
import time

import numpy as np
from django.test import tag
from PIL import Image, ImageColor
from playwright.sync_api import Locator, Page, expect
from skimage.color import deltaE_ciede2000, rgb2lab

from tests import pictures
from tests.e2e.browser import PHONE
from tests.e2e.pages import COLORED_WITHIN_MS, PageTestCase
from tests.e2e.stack import wait_until
from tests.e2e.visitors import ApiVisitor, FormVisitor

SIZE = (900, 600)
PLACE = (0.2, 0.5)  # of the sides: the flag behind the astronaut
WISH = "#5f6fa8"
NEAR = 5.0  # CIEDE2000 at the photograph's own lightness
CLEARLY = 2.0  # of 255, on average: more than a step of vividness does
PREVIEW_WITHIN_S = 5.0  # beside whatever else the machine does; alone it is a fraction of a second


def away_from_wish(pixel: tuple[int, int, int]) -> float:
    """How far a pixel 0..255 is from the wish, in CIEDE2000, were the wish as light as the pixel is."""
    found, wish = (rgb2lab(np.array(rgb, float)[None, None] / 255)[0, 0] for rgb in (pixel, ImageColor.getrgb(WISH)))
    return float(deltaE_ciede2000(found, np.array((found[0], *wish[1:]))))


class EditorTestCase(PageTestCase):
    def open_editor(self, page: Page, photo_id: int) -> Locator:
        page.goto(f"/photos/{photo_id}/")
        page.get_by_role("link", name="Adjust colors").click()
        stage = page.get_by_role("application")
        expect(stage).to_be_visible()
        expect(page.locator("output").first).not_to_be_empty()  # its scripts are there
        return stage

    def point_on(self, stage: Locator, share: tuple[float, float] = PLACE) -> dict[str, float]:
        box = stage.bounding_box()
        return {"x": box["x"] + box["width"] * share[0], "y": box["y"] + box["height"] * share[1]}

    def previewed_pixel(self, page: Page) -> tuple[int, int, int]:
        """What the preview has at the place."""
        script = """([x, y]) => {
            const canvas = document.getElementById("edit-preview");
            const at = [Math.floor(x * canvas.width), Math.floor(y * canvas.height)];
            return [...canvas.getContext("2d").getImageData(...at, 1, 1).data].slice(0, 3);
        }"""
        return tuple(page.evaluate(script, list(PLACE)))

    def kept_pixel(self, visitor: FormVisitor, job_id: int) -> tuple[int, int, int]:
        with Image.open(io.BytesIO(visitor.http.get(f"/results/{job_id}/files/image/").content)) as image:
            return image.convert("RGB").getpixel((int(PLACE[0] * SIZE[0]), int(PLACE[1] * SIZE[1])))

    def newest_job(self, photo_id: int) -> int:
        return self.stack.rows("SELECT max(id) FROM gallery_job WHERE photo_id = ?", photo_id)[0][0]


@tag("alone")
class TellTests(EditorTestCase):
    def test_a_color_is_told_at_a_point_seen_at_once_and_kept(self) -> None:
        page, visitor = self.page, self.member("olga")
        self.let_in(visitor, self.context)
        photo_id = self.colored_photo("olga", pictures.jpeg(SIZE))
        stage = self.open_editor(page, photo_id)
        page.mouse.click(**self.point_on(stage))
        expect(page.locator("[data-part=likely] .swatch").first).to_be_visible(timeout=COLORED_WITHIN_MS)
        self.assert_accessible(page)
        began = time.monotonic()
        with page.expect_response(lambda answer: "/previews/" in answer.url):
            page.get_by_label("Exactly").fill(WISH)
            page.get_by_label("Exactly").press("Enter")
        expect(page.locator("#edit-preview")).to_be_visible()
        self.assertLess(time.monotonic() - began, PREVIEW_WITHIN_S)
        expect(page.locator(".told li")).to_contain_text(WISH)
        self.assertLess(away_from_wish(self.previewed_pixel(page)), NEAR)
        page.get_by_role("button", name="Keep these colors").click()
        expect(page.get_by_text("1 color told").first).to_be_visible(timeout=COLORED_WITHIN_MS)
        self.assertLess(away_from_wish(self.kept_pixel(visitor, self.newest_job(photo_id))), NEAR)
        self.open_editor(page, photo_id)
        expect(page.locator(".told li")).to_contain_text(WISH)  # one goes on from there


class HandTests(EditorTestCase):
    def test_everything_is_done_by_keyboard_and_undone(self) -> None:
        page = self.page
        self.let_in(self.member("paula"), self.context)
        stage = self.open_editor(page, self.colored_photo("paula", pictures.jpeg(SIZE)))
        told = page.locator(".told li")
        stage.focus()
        for key in ("Shift+ArrowLeft", "Shift+ArrowUp", "ArrowUp", "Enter"):
            page.keyboard.press(key)
        expect(page.locator("[data-part=likely] .swatch").first).to_be_focused(timeout=COLORED_WITHIN_MS)
        page.keyboard.press("Enter")
        expect(told).to_have_count(1)
        page.keyboard.press("Escape")
        expect(stage).to_be_focused()
        page.get_by_label("Keep grey").press(" ")
        stage.focus()
        for key in ("Enter", "Shift+ArrowRight", "Shift+ArrowRight", "Enter"):
            page.keyboard.press(key)
        expect(told).to_have_count(2)
        expect(told.last).to_contain_text("a stroke from")
        page.keyboard.press("Control+z")
        expect(told).to_have_count(1)
        page.keyboard.press("Control+Shift+z")
        expect(told).to_have_count(2)
        self.move_the_first_by_keyboard(page)
        told.first.get_by_role("button").first.press("Delete")
        expect(told).to_have_count(1)
        page.get_by_role("slider", name="Vividness").press("ArrowRight")
        expect(page.locator("#edit-preview")).to_be_visible()
        cool = self.redness(page)
        page.get_by_role("slider", name="Warmth").press("End")
        wait_until(lambda: self.redness(page) > cool + CLEARLY, within_s=COLORED_WITHIN_MS / 1000)
        page.get_by_role("button", name="Keep these colors").press("Enter")
        words = "parts kept grey, more vivid (1.05), warmer (1.0)"
        expect(page.get_by_text(words).first).to_be_visible(timeout=COLORED_WITHIN_MS)

    def redness(self, page: Page) -> float:
        """Of the preview: how much more red than blue is in a pixel, on average."""
        script = """() => {
            const preview = document.getElementById("edit-preview");
            const copy = new OffscreenCanvas(preview.width, preview.height).getContext("2d");
            copy.drawImage(preview, 0, 0);
            const { data, width, height } = copy.getImageData(0, 0, preview.width, preview.height);
            return data.reduce((sum, value, at) => sum + value * [1, 0, -1, 0][at % 4], 0) / (width * height);
        }"""
        return page.evaluate(script)

    def move_the_first_by_keyboard(self, page: Page) -> None:
        dot, move = page.locator(".edit-dot").first, page.locator(".told-move").first
        before = dot.get_attribute("style")
        move.press("Enter")
        expect(page.get_by_role("application")).to_be_focused()
        page.keyboard.press("Shift+ArrowDown")
        page.keyboard.press("Escape")
        expect(dot).to_have_attribute("style", before)  # it was put back
        move.press("Enter")
        page.keyboard.press("Shift+ArrowDown")
        page.keyboard.press("Enter")
        expect(dot).not_to_have_attribute("style", before)
        expect(page.locator(".told li").first).to_contain_text("at 47 percent from the left, 49 percent from the top")

    def test_a_mark_is_dragged_and_takes_its_color_from_the_photograph(self) -> None:
        page = self.page
        self.let_in(self.member("dora"), self.context)
        photo_id = self.colored_photo("dora", pictures.jpeg(SIZE))
        stage = self.open_editor(page, photo_id)
        page.mouse.click(**self.point_on(stage))
        page.get_by_label("Exactly").fill(WISH)
        with page.expect_response(lambda answer: "/previews/" in answer.url):
            page.get_by_label("Exactly").press("Enter")
        expect(page.locator("#edit-waiting")).to_be_hidden()
        page.mouse.move(*self.point_on(stage).values())
        page.mouse.down()
        page.mouse.move(*self.point_on(stage, (0.7, 0.3)).values(), steps=4)
        page.mouse.up()
        entry = page.locator(".told li")
        expect(entry).to_contain_text("at 70 percent from the left, 30 percent from the top")
        page.get_by_role("button", name="From the photograph").click()
        expect(page.locator("#edit-aim")).to_be_visible()
        self.assert_accessible(page)
        with page.expect_response(lambda answer: "/previews/" in answer.url):
            page.mouse.click(**self.point_on(stage))
        expect(page.locator("#edit-aim")).to_be_hidden()
        expect(entry).to_have_count(1)
        expect(entry).not_to_contain_text(WISH)
        page.keyboard.press("Control+z")
        expect(entry).to_contain_text(WISH)
        self.leave_and_think_better_of_it(page)

    def leave_and_think_better_of_it(self, page: Page) -> None:
        asked: list[str] = []
        page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
        page.get_by_role("link", name="Back to the photograph").click()
        expect(page.locator(".told li")).to_have_count(1)
        self.assertEqual(asked, ["beforeunload"])

    def test_a_finger_paints_on_a_phone_and_what_it_told_is_kept(self) -> None:
        context = self.new_context(viewport=PHONE, color_scheme="dark", has_touch=True)
        self.let_in(self.member("rosa"), context)
        page = context.new_page()
        stage = self.open_editor(page, self.colored_photo("rosa", pictures.jpeg(SIZE)))
        page.touchscreen.tap(**self.point_on(stage))
        page.locator("[data-part=likely] .swatch").first.tap()
        expect(page.locator(".told li")).to_have_count(1)
        self.assert_fits(page)
        self.assert_accessible(page)
        self.stroke_by_finger(page, "Brush", (0.3, 0.3), (0.5, 0.35), (0.6, 0.4))
        page.locator("[data-part=likely] .swatch").first.tap()
        expect(page.locator(".told li").last).to_contain_text("a stroke from")
        self.stroke_by_finger(page, "Keep grey", (0.7, 0.6), (0.8, 0.8))
        expect(page.locator(".told li")).to_have_count(3)
        expect(page.locator(".told li").last).to_contain_text("stays grey")
        page.get_by_role("button", name="Keep these colors").click()
        kept = page.get_by_text(re.compile("colors? told, parts kept grey")).first
        expect(kept).to_be_visible(timeout=COLORED_WITHIN_MS)

    def stroke_by_finger(self, page: Page, tool: str, *places: tuple[float, float]) -> None:
        """With a tool, along places that are shares of the sides, as a touch screen tells it."""
        page.locator(".edit-tool", has_text=tool).tap()
        finger = page.context.new_cdp_session(page)
        points = [self.point_on(page.get_by_role("application"), place) for place in places]
        for kind, touched in (
            ("touchStart", points[:1]),
            *(("touchMove", [point]) for point in points),
            ("touchEnd", []),
        ):
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})


class SheetTests(EditorTestCase):
    def test_one_of_four_is_kept_and_used_on_another_photograph(self) -> None:
        page, visitor = self.page, self.member("greta")
        self.let_in(visitor, self.context)
        other = self.colored_photo("greta", pictures.jpeg((450, 300), mark=1))
        photo_id = self.colored_photo("greta", pictures.jpeg(SIZE))
        page.goto(f"/photos/{photo_id}/")
        page.get_by_role("link", name="Show me four").click()
        page.get_by_role("button", name="Show me four").click()
        expect(page.locator("#sheet [data-state=done]")).to_have_count(4, timeout=2 * COLORED_WITHIN_MS)  # by itself
        self.assert_accessible(page)
        frame = page.locator("#sheet li", has_text="more vivid (1.4)")
        frame.get_by_role("button", name="Keep this one").click()
        facts = page.locator(".photo-facts")
        expect(facts).to_contain_text("more vivid (1.4)")
        expect(page.locator(".history li")).to_have_count(4)
        facts.get_by_role("link", name="Use on other photographs").click()
        self.assert_accessible(page)
        page.get_by_label("photo").check()
        page.get_by_role("button", name="Color the chosen ones like this").click()
        expect(page.get_by_text("1 photograph waits to be colored with what you told.")).to_be_visible()
        page.goto(f"/photos/{other}/")
        expect(page.locator(".photo-facts")).to_contain_text("more vivid (1.4)", timeout=COLORED_WITHIN_MS)

    def test_what_was_told_is_told_to_a_whole_album(self) -> None:
        page, visitor = self.page, self.member("hanna")
        self.let_in(visitor, self.context)
        other, photo_id = (self.colored_photo("hanna", pictures.jpeg(SIZE, mark=mark)) for mark in (1, 2))
        api = ApiVisitor(self.url, "hanna")
        self.addCleanup(api.close)
        album = api.http.post("/albums", json={"title": "The farm"}).json()["id"]
        api.http.post(f"/albums/{album}/photos", json={"photos": [other, photo_id]})
        told = {"x": PLACE[0] * SIZE[0], "y": PLACE[1] * SIZE[1], "radius": 6, "color": WISH}
        api.http.post(f"/photos/{photo_id}/jobs", json={"hints": [told]})
        page.goto(f"/photos/{photo_id}/")
        facts = page.locator(".photo-facts")
        facts.get_by_role("link", name="Use on other photographs").click(timeout=COLORED_WITHIN_MS)
        page.get_by_role("link", name="The farm").click()
        page.get_by_role("button", name="Color the other one of “The farm”").click()
        expect(page.get_by_text("1 photograph waits to be colored with what you told.")).to_be_visible()
        page.goto(f"/photos/{other}/")
        expect(facts).to_contain_text("1 color told", timeout=COLORED_WITHIN_MS)
        self.assertLess(away_from_wish(self.kept_pixel(visitor, self.newest_job(other))), NEAR)
