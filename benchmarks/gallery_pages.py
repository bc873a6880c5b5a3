"""The pages of a large gallery: `PHOTOLAB_DATA=FOLDER python -m benchmarks.gallery_pages URL`.

FOLDER is the data folder of the running site, on local storage: an account with many photographs is put there. Measured
are the server's time for pages and searches, and in Chromium how soon something is painted and how much moves about
while a visitor scrolls down and more is loaded (largest burst within five seconds, as the web's CLS is defined).
"""

import argparse
import os
import statistics
import time

import django
from playwright.sync_api import Browser, sync_playwright

from benchmarks.site import Visitor

ROUNDS = 10
# A visitor who goes quickly through some pages: 2,000 pixels in a second.
STEPS, STEP_PIXELS, STEP_MS = 40, 200, 100
SIZES = {"phone": (390, 844), "desktop": (1440, 900)}
PAGES = {
    "gallery": "/photos/",
    "two words": "/photos/?q=farm+1",
    "dates": "/photos/?from=1923&to=1925",
    "nothing found": "/photos/?q=nowhere",
    "waiting": "/photos/?state=waiting",
    "in color": "/photos/?state=colored",
    "older model": "/photos/?state=outdated",
}
OBSERVE = """
    window.moved = [];
    new PerformanceObserver(list => window.moved.push(...list.getEntries().map(
        ({ value, startTime, hadRecentInput }) => ({ value, startTime, hadRecentInput })
    ))).observe({ type: "layout-shift", buffered: true });
"""
READ = """() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
    moved: window.moved,
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--photos", type=int, default=2000)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "photolab_site.settings")
    django.setup()
    from benchmarks.many_photos import seed  # rows can be named only after setup()

    visitor = Visitor(options.url)
    seed(visitor.name, options.photos)
    print(f"{options.photos} photographs")
    for name, address in PAGES.items():
        print(f"{name}: {_server_ms(visitor, address):.0f} ms")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright runs a loop in this thread
    from tests.e2e.browser import launch

    with sync_playwright() as playwright:
        browser = launch(playwright)
        for name, size in SIZES.items():
            paint, shift = _look(browser, visitor, size)
            print(f"{name}: first contentful paint {paint:.0f} ms, cumulative layout shift {shift:.4f}")


def _server_ms(visitor: Visitor, address: str) -> float:
    """Median from request to the last byte."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        visitor.open(address).read()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def _look(browser: Browser, visitor: Visitor, size: tuple[int, int]) -> tuple[float, float]:
    """Milliseconds until the first paint, median of the rounds, and the worst shift of them."""
    paints, shifts = [], []
    for _ in range(ROUNDS // 2):
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        context.add_cookies(
            [{"name": cookie.name, "value": cookie.value, "url": visitor.url} for cookie in visitor.jar]
        )
        context.add_init_script(OBSERVE)
        page = context.new_page()
        page.goto(f"{visitor.url}/photos/", wait_until="load")
        for _ in range(STEPS):
            page.mouse.wheel(0, STEP_PIXELS)
            page.wait_for_timeout(STEP_MS)
        page.wait_for_timeout(500)
        measured = page.evaluate(READ)
        paints.append(measured["paint"])
        shifts.append(_worst_burst(measured["moved"]))
        context.close()
    return statistics.median(paints), max(shifts)


def _worst_burst(moved: list[dict]) -> float:
    """Shifts less than a second apart, within five seconds, count together; what follows a visitor's input does not."""
    worst = burst = first = last = 0.0
    for shift in moved:
        if shift["hadRecentInput"]:
            continue
        at = shift["startTime"]
        if at - last > 1000 or at - first > 5000:
            burst, first = 0.0, at
        burst, last = burst + shift["value"], at
        worst = max(worst, burst)
    return worst


if __name__ == "__main__":
    main()
