"""What tests of pages share: a browser, members of the site, their photographs, and a site for each module."""

import sys
from pathlib import Path
from types import ModuleType
from unittest import addModuleCleanup

from playwright.sync_api import BrowserContext, Page

from tests import pictures
from tests.e2e.browser import BrowserTestCase
from tests.e2e.stack import Stack, wait_until
from tests.e2e.visitors import ApiVisitor, FormVisitor

COLORED_WITHIN_MS = 30_000
LISTEN = """() => {
    const region = document.getElementById("announcements");
    window.said = [];
    const hear = () => region.textContent && window.said.push(region.textContent);
    new MutationObserver(hear).observe(region, { childList: true });
}"""


def site_of(module: ModuleType) -> Stack:
    """Its STACK, where it has started one with settings of its own; else one that its first class starts."""
    if "STACK" not in vars(module):
        module.STACK = Stack()
        addModuleCleanup(module.STACK.close)
        module.STACK.start()
    return module.STACK


class PageTestCase(BrowserTestCase):
    stack: Stack

    @classmethod
    def setUpClass(cls) -> None:
        cls.stack = site_of(sys.modules[cls.__module__])
        cls.url = cls.stack.url
        super().setUpClass()

    def member(self, name: str) -> FormVisitor:
        visitor = FormVisitor(self.url)
        self.addCleanup(visitor.close)
        visitor.sign_up(name)
        return visitor

    def let_in(self, visitor: FormVisitor, context: BrowserContext) -> None:
        """Log the browser in with the session of a member."""
        context.add_cookies(
            [{"name": cookie.name, "value": cookie.value, "url": self.url} for cookie in visitor.http.cookies.jar]
        )

    def files(self, **contents: bytes) -> list[Path]:
        """Files on disk; the last underscore in a name stands for the dot."""
        paths = [self.stack.folder / ".".join(name.rsplit("_", 1)) for name in contents]
        for path, content in zip(paths, contents.values(), strict=True):
            path.write_bytes(content)
        return paths

    def colored_photo(self, name: str, content: bytes = b"") -> int:
        """A member's photo that is in color already."""
        api = ApiVisitor(self.url, name)
        self.addCleanup(api.close)
        photo_id, job_id = api.order(content or pictures.jpeg((900, 600)))
        wait_until(lambda: api.state(job_id) == "done", within_s=30)
        return photo_id

    def spoil(self, photo_id: int) -> None:
        """Its original, as a broken disk would."""
        key = self.stack.rows("SELECT original_key FROM gallery_photo WHERE id = ?", photo_id)[0][0]
        path = self.stack.data / "media" / key
        path.write_bytes(path.read_bytes()[:3000])

    def listen(self, page: Page) -> None:
        """From now on, what the page tells screen readers is kept for assert_said."""
        page.evaluate(LISTEN)

    def assert_said(self, page: Page, words: str) -> None:
        wait_until(lambda: words in page.evaluate("window.said"), within_s=COLORED_WITHIN_MS / 1000)

    def look_at(self, page: Page, address: str) -> None:
        with self.subTest(address):
            answer = page.goto(address)
            self.assertEqual(200, answer.status)
            self.assert_fits(page)
            self.assert_accessible(page)
