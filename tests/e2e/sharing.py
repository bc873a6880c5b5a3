"""An owner with something to share, in one window, and a guest in another."""

from typing import Any

from playwright.sync_api import BrowserContext, Page, StorageState, expect

from tests import pictures
from tests.e2e.pages import PageTestCase
from tests.e2e.stack import wait_until
from tests.e2e.visitors import ApiVisitor
from tests.gallery.test_shared_copy import told_jpeg

COLORED_WITHIN_S = 90  # all of them, while the worker still loads its generator


class SharingTestCase(PageTestCase):
    """One member with an album of three photographs in color, of which the last tells where it was taken."""

    session: StorageState | None = None
    photos: tuple[int, ...]
    album_id: int

    def setUp(self) -> None:
        super().setUp()
        if SharingTestCase.session is None:
            self.let_in(self.member("olga"), self.context)
            self.make_album()
            SharingTestCase.session = self.context.storage_state()
        self.page = self.as_owner().new_page()

    def make_album(self) -> None:
        api = ApiVisitor(self.url, "olga")
        self.addCleanup(api.close)
        contents = (*(pictures.jpeg((900, 600), mark=mark) for mark in range(2)), told_jpeg())
        photos, jobs = zip(*(api.order(content) for content in contents), strict=True)
        wait_until(lambda: all(api.state(job_id) == "done" for job_id in jobs), within_s=COLORED_WITHIN_S)
        SharingTestCase.photos = photos
        SharingTestCase.album_id = api.http.post("/albums", json={"title": "The farm"}).json()["id"]
        api.http.post(f"/albums/{self.album_id}/photos", json={"photos": photos})

    def as_owner(self, **options: Any) -> BrowserContext:
        return self.new_context(storage_state=self.session, **options)

    def guest(self, **options: Any) -> Page:
        return self.new_context(**options).new_page()

    def link(self, page: Page) -> str:
        return page.locator("[data-copy-from]").first.input_value()

    def make_link(self, address: str) -> str:
        self.page.goto(address)
        self.page.get_by_role("button", name="Make the link").click()
        expect(self.page.get_by_text("The link is ready")).to_be_visible()
        return self.link(self.page)
