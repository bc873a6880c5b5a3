"""Takes the README's screenshots of a running site: `python -m tools.make_screenshots URL PHOTOGRAPHS FOLDER`.

Makes an account there, uploads the image files of PHOTOGRAPHS, puts them into an album, tells a color, shares, and
writes <page>-<width>-<scheme>.webp into FOLDER. Chromium is found as the tests find it.
"""

import argparse
import io
import secrets
from pathlib import Path

from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from tests.e2e.browser import DESKTOP, PHONE, launch

PATIENCE_MS = 60_000
PAGES = ("home", "gallery", "photo", "edit", "album", "shared")
FORMATS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("photographs", type=Path)
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    files = sorted(path for path in asked.photographs.iterdir() if path.suffix.lower() in FORMATS)
    asked.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        context = browser.new_context(base_url=asked.url, viewport=DESKTOP)
        addresses = prepare(context, files)
        state = context.storage_state()
        for size in (DESKTOP, PHONE):
            for scheme in ("light", "dark"):
                seen = browser.new_context(
                    base_url=asked.url, viewport=size, color_scheme=scheme, storage_state=state, device_scale_factor=1
                )
                for name in PAGES:
                    target = asked.folder / f"{name}-{size['width']}-{scheme}.webp"
                    take(seen.new_page(), name, addresses[name]).save(target, quality=80, method=6)
                seen.close()
        browser.close()


def prepare(context: BrowserContext, files: list[Path]) -> dict[str, str]:
    """The address of each page, with something to see on it."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    name = f"olga-{secrets.token_hex(3)}"
    page.goto("/accounts/signup/")
    for field, value in {"username": name, "email": f"{name}@example.org"}.items():
        page.locator(f"[name={field}]").fill(value)
    for field in page.locator("[name^=password]").all():
        field.fill("a long and quiet afternoon")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/photos/")
    page.set_input_files("#upload-files", [str(path) for path in files])
    expect(page.locator(".card[data-state=done]")).to_have_count(len(files), timeout=PATIENCE_MS)
    page.goto("/photos/")
    photo = page.locator(".card a[href]").first.get_attribute("href")
    page.locator(".card a[href]").first.focus()
    page.keyboard.press("Control+a")
    page.locator("#chosen").get_by_text("Add to album").click()
    page.get_by_label("Title of a new album").fill("Shoebox from the attic")
    page.locator("#chosen").get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("link", name="Shoebox from the attic").click()
    album = page.url
    page.goto(f"{album}share/")
    page.get_by_role("button", name="Make the link").click()
    shared = page.locator("[data-copy-from]").first.input_value()
    page.goto("/photos/")
    page.get_by_role("button", name="Dismiss").click()
    page.close()
    return {
        "home": "/",
        "gallery": "/photos/",
        "photo": photo,
        "edit": f"{photo}edit/",
        "album": album,
        "shared": shared,
    }


def take(page: Page, name: str, address: str) -> Image.Image:
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    if name == "edit":
        sheet = page.locator(".edit-sheet").bounding_box()
        page.mouse.click(sheet["x"] + 0.4 * sheet["width"], sheet["y"] + 0.5 * sheet["height"])
        page.locator("[data-part=exact]").fill("#7a4a2b")
        page.keyboard.press("Enter")
        expect(page.locator("#edit-waiting")).to_be_hidden()
    page.wait_for_load_state("networkidle")
    shot = Image.open(io.BytesIO(page.screenshot()))
    page.close()
    return shot.convert("RGB")


if __name__ == "__main__":
    main()
