"""A real Chromium, driven by playwright: found on the machine, never downloaded."""

import os
import shutil
from unittest import TestCase

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ON_MACOS = ("Google Chrome.app/Contents/MacOS/Google Chrome", "Chromium.app/Contents/MacOS/Chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
MISSING = (
    "No Chromium was found. Install the package `chromium` (Debian: apt-get install chromium), "
    "or name a Chromium or Chrome program in PHOTOLAB_CHROMIUM."
)
# WCAG 2.2 asks for targets of 24 pixels, or that much room around them; axe leaves it out unless it is told.
AXE = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
# What stays in sight covers others only until one scrolls, and axe does not.
LOOSEN = """() => {
    window.stuck = [...document.querySelectorAll("*")].filter((one) => getComputedStyle(one).position === "sticky");
    for (const one of window.stuck) one.style.position = "relative";
}"""
FASTEN = """() => window.stuck.forEach((one) => one.style.removeProperty("position"))"""
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}


def find_chromium() -> str:
    named = os.environ.get("PHOTOLAB_CHROMIUM", "")
    candidates = [named] if named else [*NAMES, *(f"/Applications/{path}" for path in ON_MACOS)]
    for candidate in candidates:
        if found := shutil.which(candidate):
            return found
    raise SystemExit(MISSING)


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)


class BrowserTestCase(TestCase):
    """One browser for a class; each test has a context of its own, and ends without an error on its console."""

    url: str

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        playwright = sync_playwright().start()
        cls.addClassCleanup(playwright.stop)
        cls.browser = launch(playwright)
        cls.addClassCleanup(cls.browser.close)

    def setUp(self) -> None:
        super().setUp()
        self.trouble: list[str] = []
        self.context = self.new_context()
        self.page = self.context.new_page()

    def tearDown(self) -> None:
        self.assertEqual([], self.trouble)
        super().tearDown()

    def new_context(self, **options: object) -> BrowserContext:
        context = self.browser.new_context(base_url=self.url, **{"viewport": DESKTOP, **options})
        context.set_default_timeout(30_000)
        context.on("console", lambda message: self.note(message.type, message.text))
        context.on("weberror", lambda error: self.trouble.append(str(error.error)))
        self.addCleanup(context.close)
        return context

    def note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.trouble.append(text)

    def assert_accessible(self, page: Page, *, within: str = "", **options: object) -> None:
        """`within` is a selector, `options` are axe's own."""
        page.evaluate(LOOSEN)
        found = Axe().run(page, within, {**AXE, **options})
        page.evaluate(FASTEN)
        self.assertEqual(0, found.violations_count, found.generate_report())

    def assert_fits(self, page: Page) -> None:
        """Nothing to scroll sideways."""
        wide = page.evaluate("document.documentElement.scrollWidth")
        self.assertLessEqual(wide, page.viewport_size["width"], page.url)
