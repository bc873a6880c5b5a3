"""Putting photographs in order as people do: choosing many, albums, the trash, searching, a zip of all of it."""

import json
import zipfile

from playwright.sync_api import Page, expect

from tests import pictures
from tests.e2e.browser import DESKTOP, PHONE
from tests.e2e.pages import PageTestCase
from tests.e2e.stack import wait_until
from tests.e2e.visitors import ApiVisitor


class OrderTestCase(PageTestCase):
    def member_with_photos(self, name: str, *names: str) -> None:
        """A member who is logged in, with photographs in color; the last one is the newest."""
        self.let_in(self.member(name), self.context)
        api = ApiVisitor(self.url, name)
        self.addCleanup(api.close)
        jobs = [
            api.order(pictures.jpeg((300, 200), mark=mark), f"{one}.jpg")[1] for mark, one in enumerate(names, start=1)
        ]
        wait_until(lambda: all(api.state(job) == "done" for job in jobs), within_s=60)

    def names(self, page: Page) -> list[str]:
        return page.locator("#photos > li").evaluate_all("cards => cards.map(card => card.dataset.name)")

    def chosen(self, page: Page) -> list[str]:
        boxes = "#photos > li:has(.card-check :checked)"
        return page.locator(boxes).evaluate_all("cards => cards.map(card => card.dataset.name)")


class AlbumTests(OrderTestCase):
    def test_from_a_choice_to_an_album_in_order_and_its_zip(self) -> None:
        page = self.page
        self.member_with_photos("olga", "barn", "cow", "dog", "elm")
        page.goto("/photos/")
        page.get_by_label("Choose elm").check(force=True)
        page.get_by_role("link", name="cow").click(modifiers=["Shift"])
        expect(page.get_by_text("3 chosen")).to_be_visible()
        page.get_by_role("link", name="dog").click()  # a click takes out again, and opens nothing
        self.assertEqual(["elm", "cow"], self.chosen(page))
        page.locator("#chosen").get_by_text("Add to album").click()
        page.get_by_label("Title of a new album").fill("The farm")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_role("link", name="The farm").click()
        self.assertEqual(["cow", "elm"], self.names(page))
        page.get_by_label("Title of this album").fill("Our farm")
        page.get_by_label("Title of this album").press("Enter")
        expect(page).to_have_title("Our farm · Photo-Lab")
        self.arrange(page)
        self.download(page)

    def arrange(self, page: Page) -> None:
        page.get_by_role("link", name="Arrange").click()
        cow, elm = (
            page.locator("#photos > li").nth(0).bounding_box(),
            page.locator("#photos > li").nth(1).bounding_box(),
        )
        page.mouse.move(cow["x"] + 40, cow["y"] + 40)
        page.mouse.down()
        page.mouse.move(elm["x"] + 40, elm["y"] + 40, steps=8)
        page.mouse.move(elm["x"] + elm["width"] - 10, elm["y"] + 40, steps=8)
        page.mouse.up()
        expect(page.locator("#announcements")).to_have_text("cow is number 2 of 2 now.")
        self.assertEqual(["elm", "cow"], self.names(page))
        earlier = page.get_by_role("button", name="Move cow earlier")
        earlier.focus()
        earlier.press("Enter")
        expect(page.locator("#announcements")).to_have_text("cow is number 1 of 2 now.")
        expect(earlier).to_be_focused()
        page.get_by_role("button", name="Make elm the cover").click()
        expect(page.locator("[data-cover]")).to_have_attribute("data-name", "elm")
        page.reload()
        self.assertEqual(["cow", "elm"], self.names(page))
        page.get_by_role("link", name="Done").click()

    def download(self, page: Page) -> None:
        page.locator(".menu-down summary").click()
        page.get_by_label("Both").first.check()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download zip").first.click()
        self.assertEqual("Our farm.zip", download.value.suggested_filename)
        with zipfile.ZipFile(download.value.path()) as archive:
            self.assertIsNone(archive.testzip())
            told = json.loads(archive.read("Our farm/cow.json"))
            self.assertEqual("cow (original).jpg", told["original"]["file"])
            self.assertTrue({"Our farm/cow.jpg", "Our farm/elm (original).jpg"} <= set(archive.namelist()))


class LoggedOutTests(OrderTestCase):
    """In another tab, while this page is open: nothing may look as if it had been kept."""

    def test_an_order_that_is_not_kept_says_so(self) -> None:
        page = self.page
        self.member_with_photos("lotte", "barn", "cow")
        page.goto("/photos/")
        page.get_by_label("Choose barn").check(force=True)
        page.get_by_label("Choose cow").check(force=True)
        page.locator("#chosen").get_by_text("Add to album").click()
        page.get_by_label("Title of a new album").fill("The farm")
        page.get_by_role("button", name="Add", exact=True).click()
        page.get_by_role("link", name="The farm").click()
        page.get_by_role("link", name="Arrange").click()
        expect(page.get_by_text("This was not kept.")).to_be_hidden()
        self.context.clear_cookies(name="sessionid")
        page.get_by_role("button", name="Move barn later").click()
        expect(page.get_by_text("This was not kept.").first).to_be_visible()

    def test_what_was_to_go_to_the_trash_stays_and_the_login_opens(self) -> None:
        page = self.page
        self.member_with_photos("gerda", "barn")
        page.goto("/photos/")
        page.get_by_label("Choose barn").check(force=True)
        self.context.clear_cookies(name="sessionid")
        page.get_by_role("button", name="Move to the trash").click()
        page.wait_for_url("**/accounts/login/**")

    def test_two_quick_clicks_make_one_album(self) -> None:
        page = self.page
        self.member_with_photos("minna", "barn")
        page.goto("/photos/")
        page.get_by_label("Choose barn").check(force=True)
        page.locator("#chosen").get_by_text("Add to album").click()
        page.get_by_label("Title of a new album").fill("The farm")
        page.get_by_role("button", name="Add", exact=True).dblclick()
        expect(page.get_by_role("link", name="The farm")).to_be_visible()
        page.goto("/albums/")
        expect(page.get_by_role("link", name="The farm")).to_have_count(1)


class ChoosingTests(OrderTestCase):
    def test_by_keyboard_into_the_trash_and_back(self) -> None:
        page = self.page
        self.member_with_photos("frida", "barn", "cow", "dog")
        page.goto("/photos/")
        page.get_by_role("link", name="dog").focus()
        page.keyboard.press("Space")
        page.keyboard.press("Shift+ArrowRight")
        self.assertEqual(["dog", "cow"], self.chosen(page))
        expect(page.get_by_role("link", name="cow")).to_be_focused()
        page.locator("summary", has_text="Add to album").press("Enter")
        page.get_by_label("Title of a new album").press("Escape")  # leaves the menu, and then what is chosen
        expect(page.locator("summary", has_text="Add to album")).to_be_focused()
        self.assertEqual(["dog", "cow"], self.chosen(page))
        page.keyboard.press("Escape")
        self.assertEqual([], self.chosen(page))
        page.get_by_role("link", name="cow").focus()
        page.keyboard.press("Space")
        page.get_by_role("button", name="Move to the trash").press("Enter")
        expect(page.locator(".chosen-told")).to_contain_text("1 photograph moved to the trash")
        expect(page.locator("[data-photo-id]")).to_have_count(2)
        page.get_by_role("link", name="Open the trash").click()
        page.get_by_label("cow").check()
        page.get_by_role("button", name="Restore the chosen ones").click()
        expect(page.get_by_text("The trash is empty")).to_be_visible()
        page.goto("/photos/")
        self.assertEqual(["dog", "cow", "barn"], self.names(page))

    def test_a_long_gallery_goes_on_by_itself_and_all_of_it_is_chosen(self) -> None:
        page = self.page
        self.let_in(self.member("greta"), self.context)
        self.stack.shell("from benchmarks.many_photos import seed; seed('greta', 130)")
        page.goto("/photos/")
        expect(page.get_by_role("checkbox", name="Choose scan 00129")).to_be_attached()
        wait_until(lambda: self.is_at_the_end(page), within_s=10)
        expect(page.locator("[data-photo-id]")).to_have_count(130)
        page.locator(".card-check input").first.check(force=True)
        page.get_by_label("all 130").check()
        page.get_by_role("button", name="Move to the trash").click()
        expect(page.locator(".chosen-told")).to_contain_text("130 photographs moved to the trash", timeout=30_000)
        expect(page.get_by_text("Nothing here yet")).to_be_visible()
        self.trouble.clear()  # thumbnails that were still on their way went to the trash, too

    def is_at_the_end(self, page: Page) -> bool:
        """Scrolls on; with each page of photographs the end moves away."""
        page.get_by_role("contentinfo").scroll_into_view_if_needed()
        return page.locator("#more").count() == 0

    def test_without_javascript(self) -> None:
        self.member_with_photos("ida", "barn", "cow")
        context = self.new_context(java_script_enabled=False)
        context.add_cookies(self.context.cookies())
        page = context.new_page()
        page.goto("/photos/")
        page.get_by_label("Choose cow").check()
        page.get_by_role("button", name="Move to the trash").click()
        expect(page.get_by_text("1 photograph moved to the trash")).to_be_visible()
        expect(page.locator("[data-photo-id]")).to_have_count(1)


class FindingTests(OrderTestCase):
    def test_photographs_are_described_found_and_sorted_by_what_is_known_of_them(self) -> None:
        page = self.page
        self.member_with_photos("karla", "barn", "cow", "dog")
        self.describe(page, "barn", "Our barn", "June 1923")
        page.get_by_label("Title of a new album").fill("The farm")
        self.add_to_album(page)
        self.describe(page, "cow", "Lotte", "1911")
        self.add_to_album(page)
        self.assertEqual(["Our barn"], self.found(page, {"Taken from": "1920", "to": "1925"}))
        self.assertEqual(["Lotte", "Our barn"], self.found(page, {}, Album="The farm"))
        self.assertEqual(["Lotte"], self.found(page, {"to": "1920"}, Album="The farm", State="In color"))
        self.assertEqual([], self.found(page, {}, State="Not colored"))
        page.goto("/albums/")
        page.get_by_role("link", name="The farm").click()
        page.get_by_role("link", name="Arrange").click()
        self.assertEqual(["Our barn", "Lotte"], self.names(page))
        with page.expect_navigation():
            page.get_by_role("button", name="Sort by date taken").click()
        self.assertEqual(["Lotte", "Our barn"], self.names(page))

    def describe(self, page: Page, name: str, title: str, taken: str) -> None:
        page.goto("/photos/")
        page.get_by_role("link", name=name).click()
        page.get_by_label("Title", exact=True).fill(title)
        page.get_by_label("Taken", exact=True).fill(taken)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        expect(page.locator(".photo-facts")).to_contain_text(f"Taken{taken}")

    def add_to_album(self, page: Page) -> None:
        """To the one that is there, or else to a new one."""
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_text("It is in")).to_be_visible()

    def found(self, page: Page, dates: dict[str, str], **choices: str) -> list[str]:
        page.goto("/photos/")
        search = page.locator("search")
        search.get_by_text("Date, album, state").click()
        for label, date in dates.items():
            search.get_by_label(label, exact=True).fill(date)
        for label, choice in choices.items():
            search.get_by_label(label, exact=True).select_option(label=choice)
        with page.expect_navigation():
            search.get_by_role("button", name="Search").click()
        return self.names(page)


class LookTests(OrderTestCase):
    def test_on_a_phone_in_the_dark_and_on_a_wide_screen_in_the_light(self) -> None:
        self.member_with_photos("jana", "barn", "cow")
        self.page.goto("/photos/")
        for options in ({"viewport": PHONE, "color_scheme": "dark", "has_touch": True}, {"viewport": DESKTOP}):
            context = self.new_context(**options)
            context.add_cookies(self.context.cookies())
            page = context.new_page()
            self.look_at(page, "/photos/?q=nothing&state=colored&from=1900")
            self.look_at(page, "/photos/?q=barn")
            page.get_by_label("Choose barn").check(force=True)
            self.assert_fits(page)
            self.assert_accessible(page)
            page.locator("#chosen").get_by_text("Add to album").click()
            self.assert_accessible(page)
            page.get_by_label("Title of a new album").fill("Barns")
            page.get_by_role("button", name="Add", exact=True).click()
            page.get_by_role("link", name="Barns").click()
            album = page.url.removeprefix(self.url)
            for address in ("/albums/", album, f"{album}arrange/", f"{album}delete/"):
                self.look_at(page, address)
            page.get_by_role("button", name="Delete album").click()
            self.look_at(page, "/albums/")
            self.look_at(page, "/trash/")
