"""Uploading like a person: folders, the clipboard, the same twice, a line that breaks, and the end of a batch."""

import re
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Page, Request, expect

from tests import pictures
from tests.e2e.browser import PHONE
from tests.e2e.pages import COLORED_WITHIN_MS, PageTestCase
from tests.e2e.proxy import CuttableLine
from tests.e2e.stack import wait_until

MB = 1024 * 1024
PIECE_BYTES = 5 * MB
PASSED_OVER = "Passed over, since they are no photographs or cannot be read: {count}."
LARGE = (5000, 4600)  # of grey pixels without compression: 23 MB


class UploadTestCase(PageTestCase):
    def gallery_of(self, name: str) -> Page:
        self.let_in(self.member(name), self.context)
        self.page.goto("/photos/")
        return self.page

    def drop(self, page: Page, script: str, **files: bytes) -> None:
        """Let `script` hand on `files`, a list of File, as the browser would."""
        contents = [[name, list(content)] for name, content in files.items()]
        page.evaluate(
            """([script, contents]) => {
                const files = contents.map(([name, bytes]) =>
                    new File([new Uint8Array(bytes)], name.replace("_", "."), { type: "image/jpeg" }));
                return new Function("files", script)(files);
            }""",
            [script, contents],
        )


class SourcesTests(UploadTestCase):
    def test_a_folder_with_folders_in_it_is_read_and_what_is_no_photograph_is_passed_over(self) -> None:
        folder = self.stack.folder / "attic"
        for name, mark in {"a.jpg": 11, "box 1/b.jpg": 12, "box 1/deep/c.jpg": 13}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(pictures.jpeg((320, 240), mark=mark))
        (folder / "box 1/notes.txt").write_text("who is who")
        page = self.gallery_of("felix")
        page.set_input_files("#upload-folder", folder)
        expect(page.locator("[data-photo-id]")).to_have_count(3, timeout=COLORED_WITHIN_MS)
        expect(page.locator("#upload-note")).to_have_text(PASSED_OVER.format(count=1))
        self.assert_accessible(page)

    def test_a_dropped_folder_is_walked_to_its_depth_whatever_cannot_be_read_in_it(self) -> None:
        page = self.gallery_of("dora")
        drop = """
            const leaf = (file) => ({ name: file.name, isDirectory: false, file: (done) => done(file) });
            const branch = (name, children) => ({ name, isDirectory: true, createReader() {
                const portions = [...children.map((child) => [child]), []];
                return { readEntries: (done) => done(portions.shift()) };
            } });
            const refuse = (_, failed) => failed(new DOMException("not allowed", "NotReadableError"));
            const torn = { name: "torn.jpg", isDirectory: false, file: refuse };
            const locked = { name: "locked", isDirectory: true, createReader: () => ({ readEntries: refuse }) };
            const tree = branch("attic", [torn, leaf(files[0]), locked, branch("box", [leaf(files[1])])]);
            const items = [{ kind: "file", webkitGetAsEntry: () => tree, getAsFile: () => null }];
            const event = new Event("drop", { bubbles: true, cancelable: true });
            Object.defineProperty(event, "dataTransfer", { value: { items, types: ["Files"] } });
            document.dispatchEvent(event);
        """
        two = {"one_jpg": pictures.jpeg((320, 240), mark=21), "two_jpg": pictures.jpeg((320, 240), mark=22)}
        self.drop(page, drop, **two)
        expect(page.locator("[data-photo-id]")).to_have_count(2, timeout=COLORED_WITHIN_MS)
        expect(page.locator("#upload-note")).to_have_text(PASSED_OVER.format(count=2))

    def test_a_picture_is_pasted(self) -> None:
        page = self.gallery_of("paula")
        paste = """
            const transfer = new DataTransfer();
            transfer.items.add(files[0]);
            document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
        """
        self.drop(page, paste, image_jpg=pictures.jpeg((320, 240), mark=31))
        expect(page.locator("[data-photo-id]")).to_have_attribute("data-name", re.compile("Pasted picture 20"))

    def test_a_telephone_offers_its_camera_and_a_desk_its_folders(self) -> None:
        self.gallery_of("carla")
        expect(self.page.get_by_text("Choose a folder")).to_be_visible()
        expect(self.page.get_by_text("Take a picture")).to_be_hidden()
        phone = self.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
        phone.add_cookies(self.context.cookies())
        page = phone.new_page()
        page.goto("/photos/")
        expect(page.get_by_text("Take a picture")).to_be_visible()
        expect(page.get_by_text("Choose a folder")).to_be_hidden()
        self.assertEqual("environment", page.locator("#upload-camera").get_attribute("capture"))
        self.assert_fits(page)
        page.set_input_files("#upload-camera", self.files(snap_jpg=pictures.jpeg((600, 800), mark=36)))
        expect(page.locator(".upload-row")).to_be_visible()
        self.assert_fits(page)
        expect(page.locator("[data-state=done]")).to_have_count(1, timeout=COLORED_WITHIN_MS)
        self.assert_fits(page)
        self.assert_accessible(page)

    def test_duplicates_are_named_and_not_sent(self) -> None:
        page = self.gallery_of("greta")
        photo = self.files(again_jpg=pictures.jpeg((900, 600), mark=41))
        page.set_input_files("#upload-files", photo)
        expect(page.locator("[data-photo-id]")).to_have_count(1)
        sent: list[Request] = []
        page.on("request", lambda request: sent.append(request) if "/photos/upload/" in request.url else None)
        page.set_input_files("#upload-files", photo)
        expect(page.locator(".upload-row[data-result=duplicates]")).to_contain_text("is in your gallery already")
        self.assertEqual([], sent)


class BrokenLineTests(UploadTestCase):
    def setUp(self) -> None:
        self.line = CuttableLine(self.stack.port)
        self.addCleanup(self.line.close)
        self.url = f"http://localhost:{self.line.port}"
        super().setUp()

    def note(self, kind: str, text: str) -> None:
        if "net::ERR" not in text:  # the line was cut on purpose
            super().note(kind, text)

    def large_scan(self) -> Path:
        path = self.stack.folder / "scan.tif"
        Image.effect_noise((LARGE[0] // 8, LARGE[1] // 8), 60).resize(LARGE).save(path, "TIFF")
        self.assertGreater(path.stat().st_size, 20 * MB)
        return path

    def test_a_large_file_goes_on_where_the_line_broke(self) -> None:
        scan = self.large_scan()
        size = scan.stat().st_size
        self.let_in(self.member("tilda"), self.context)
        self.page.goto("/photos/")
        offsets: list[int] = []
        self.page.on("request", lambda request: self.note_offset(request, offsets))
        self.line.cut_after(13 * MB)
        before = self.line.sent_bytes
        self.page.set_input_files("#upload-files", scan)
        row = self.page.locator(".upload-row")
        expect(row).to_contain_text("goes on by itself", timeout=COLORED_WITHIN_MS)
        arrived = self.stack.rows('SELECT "offset" FROM gallery_partialupload')[0][0]
        self.assertEqual(2 * PIECE_BYTES, arrived)
        self.line.mend()
        expect(self.page.locator("[data-photo-id]")).to_have_count(1, timeout=COLORED_WITHIN_MS)
        self.assertLess(self.line.sent_bytes - before, size + PIECE_BYTES)
        self.assertEqual(1, offsets.count(0), offsets)
        wait_until(lambda: not self.stack.rows("SELECT id FROM gallery_partialupload"), within_s=10)
        key = self.stack.rows("SELECT original_key FROM gallery_photo WHERE file_name = 'scan.tif'")[0][0]
        self.assertEqual(scan.read_bytes(), (self.stack.data / "media" / key).read_bytes())

    def test_a_large_file_that_could_not_begin_can_be_tried_again(self) -> None:
        scan = self.large_scan()
        self.let_in(self.member("tora"), self.context)
        self.page.goto("/photos/")
        self.page.route("**/tus.min*.js", lambda route: route.abort())
        self.page.set_input_files("#upload-files", scan)
        row = self.page.locator(".upload-row")
        expect(row).to_contain_text("The connection broke off.")
        expect(row.get_by_role("button", name="Try again")).to_be_visible()
        self.page.set_input_files("#upload-files", self.files(small_jpg=pictures.jpeg(mark=61)))  # lanes are free
        expect(self.page.locator("[data-photo-id]")).to_have_count(1, timeout=COLORED_WITHIN_MS)

    def note_offset(self, request: Request, offsets: list[int]) -> None:
        if request.method == "PATCH":
            offsets.append(int(request.headers["upload-offset"]))


class BatchEndTests(UploadTestCase):
    def test_the_end_of_a_batch_stays_on_the_page_until_it_is_put_away_or_left(self) -> None:
        page = self.gallery_of("bea")
        photos = {f"b{mark}_jpg": pictures.jpeg((320, 240), mark=mark) for mark in (51, 52, 53)}
        bar = page.locator(".batch-notice")
        with page.expect_response(lambda answer: "/dismiss/" in answer.url, timeout=2 * COLORED_WITHIN_MS):
            page.set_input_files("#upload-files", self.files(**photos))
            expect(bar).to_contain_text("Done: 3 photographs are in color.", timeout=COLORED_WITHIN_MS)
        self.assert_accessible(page)
        expect(bar).to_be_visible()  # it was seen, so other pages do not show it
        other = self.context.new_page()
        other.goto("/accounts/")
        expect(other.locator(".batch-notice")).to_have_count(0)
        bar.get_by_role("button", name="Dismiss").click()
        expect(bar).to_have_count(0)

    def test_a_tab_out_of_sight_says_it_in_its_title(self) -> None:
        page = self.gallery_of("heidi")
        photos = {f"h{mark}_jpg": pictures.jpeg((320, 240), mark=mark) for mark in (61, 62)}
        page.set_input_files("#upload-files", self.files(**photos))
        expect(page.locator("[data-photo-id]")).to_have_count(2)
        hide = "Object.defineProperty(document, 'hidden', { value: %s, configurable: true }); "
        look = "document.dispatchEvent(new Event('visibilitychange'))"
        page.evaluate((hide % "true") + look)
        expect(page).to_have_title("● Done: 2 photographs are in color.", timeout=COLORED_WITHIN_MS)
        page.evaluate((hide % "false") + look)
        expect(page).to_have_title("Your gallery · Photo-Lab")
        wait_until(lambda: page.locator(".batch-notice").count() == 1, within_s=5)


class ProgramPageTests(UploadTestCase):
    def test_a_key_is_made_shown_once_used_and_revoked_by_keyboard(self) -> None:
        page = self.gallery_of("konrad")
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            for address in ("/accounts/keys/", "/accounts/webhook/", "/scripts/", "/accounts/"):
                self.look_at(page, address)
        page.goto("/accounts/keys/")
        page.get_by_label("Name").fill("Scanner in the attic")
        page.get_by_label("Name").press("Enter")
        token = page.locator("[data-copy-from]").input_value()
        self.assert_accessible(page)
        self.assert_fits(page)
        calls = f"{self.url}/api/v1/photos"
        headers = {"Authorization": f"Bearer {token}"}
        self.assertEqual(200, httpx.get(calls, headers=headers).status_code)
        page.goto("/accounts/keys/")
        expect(page.locator("[data-copy-from]")).to_have_count(0)
        page.get_by_role("button", name=re.compile("Revoke.*Scanner")).press("Enter")
        expect(page.get_by_text("You have no keys yet.")).to_be_visible()
        self.assertEqual(401, httpx.get(calls, headers=headers).status_code)

    def test_a_webhook_into_the_sites_own_network_is_refused_and_says_so(self) -> None:
        page = self.gallery_of("wanda")
        page.goto("/accounts/webhook/")
        page.get_by_label("Address").fill("http://127.0.0.1:1/hook")
        page.get_by_role("button", name="Send events there").click()
        page.get_by_role("button", name="Send a test").click()
        expect(page.locator(".entry")).to_have_count(1)
        wait_until(
            lambda: self.stack.rows("SELECT 1 FROM gallery_webhookdelivery WHERE state = 'given_up'"), within_s=15
        )
        page.get_by_role("link", name="Look again").click()
        expect(page.locator(".entry")).to_contain_text("leads into a private network")
        self.assert_accessible(page)
