"""The loop of retraining with the whole real site and real training, of a small network on small pictures."""

import io
import zipfile

import skimage.data
from PIL import Image
from playwright.sync_api import Page, expect

from tests import pictures
from tests.colorizer.drawings import write_zip
from tests.e2e.pages import COLORED_WITHIN_MS, PageTestCase
from tests.e2e.stack import Stack, wait_until
from tests.worker.small_site import make_weights

STACK: Stack
# Training gives way to whatever else the machine does: what takes seconds alone takes minutes beside other work.
PATIENCE_MS = 300_000
USUAL_MS = 5_000  # playwright's own
STEPS = 40


def setUpModule() -> None:
    global STACK
    STACK = Stack()
    weights, base, golden = (STACK.folder / name for name in ("small.safetensors", "base.zip", "golden.zip"))
    make_weights(weights, seed=1)
    write_zip(base, count=12)
    write_zip(golden, count=3)
    STACK.env |= {"PHOTOLAB_WEIGHTS": str(weights), "PHOTOLAB_BASE_CORPUS": str(base), "PHOTOLAB_GOLDEN": str(golden)}
    STACK.start()
    expect.set_options(timeout=COLORED_WITHIN_MS)  # pages too are slow beside a training


def tearDownModule() -> None:
    expect.set_options(timeout=USUAL_MS)
    STACK.close()


def a_set() -> bytes:
    """A zip of eight pictures in color that are not alike: the quarters of two photographs."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("astronaut", "coffee"):
            photograph = Image.fromarray(getattr(skimage.data, name)())
            width, height = photograph.width // 2, photograph.height // 2
            for left in (0, width):
                for top in (0, height):
                    quarter = photograph.crop((left, top, left + width, top + height)).resize((96, 80))
                    archive.writestr(f"{name}-{left}-{top}.png", pictures.encoded(quarter, "PNG"))
    return packed.getvalue()


class LoopTests(PageTestCase):
    def test_collected_trained_watched_promoted_colored_by_rolled_back_and_revoked(self) -> None:
        staff, owner = self.page, self.new_context().new_page()
        self.let_in(self.member("boss"), staff.context)
        self.stack.shell(
            "from django.contrib.auth.models import User; User.objects.update(is_staff=True, is_superuser=True)"
        )
        self.let_in(self.member("olga"), owner.context)
        self.allow_and_upload_in_color(owner)
        self.upload_the_set(staff)
        digest = self.digest_of_the_owners_picture()

        self.start(staff)
        self.watch(staff)
        self.assertIn(digest, self.snapshot(run=1))

        self.promote(staff)
        self.upload(owner, "new_jpg", pictures.jpeg((300, 200), mark=1), version=2)
        self.roll_back(staff)
        self.upload(owner, "old_jpg", pictures.jpeg((300, 200), mark=2), version=1)

        self.revoke(owner)
        self.start(staff)
        wait_until(lambda: self.snapshot(run=2), within_s=PATIENCE_MS / 1000)
        self.assertEqual(self.snapshot(run=1) - self.snapshot(run=2), {digest})
        self.cancel(staff)

    def allow_and_upload_in_color(self, page: Page) -> None:
        page.goto("/accounts/")
        page.get_by_role("button", name="Allow for my whole account").click()
        expect(page.get_by_text("You allow it for your whole account")).to_be_visible()
        page.goto("/photos/")
        page.set_input_files("#upload-files", self.files(portrait_jpg=pictures.encoded(pictures.color((300, 300)))))
        expect(page.get_by_text("Uploaded in color")).to_be_visible(timeout=PATIENCE_MS)

    def upload_the_set(self, page: Page) -> None:
        page.goto("/admin/retraining/")
        page.get_by_role("link", name="Upload pictures").click()
        page.get_by_label("Color photographs, or zips of them").set_input_files(self.files(set_zip=a_set()))
        page.get_by_label("Training may learn from all of these").check()
        page.get_by_role("button", name="Upload").click(no_wait_after=True)
        expect(page.get_by_role("status")).to_have_text("Done: 8 taken.", timeout=PATIENCE_MS)

    def digest_of_the_owners_picture(self) -> tuple[str]:
        """Upkeep collects it by itself."""
        ask = "SELECT digest FROM gallery_collectedimage WHERE origin = 'upload' AND status = 'included'"
        (row,) = wait_until(lambda: self.stack.rows(ask), within_s=PATIENCE_MS / 1000)
        return row

    def start(self, page: Page) -> None:
        """By the action on all collected images."""
        page.goto("/admin/gallery/collectedimage/")
        page.get_by_label("Select all objects on this page for an action").check()
        page.get_by_label("Action:").select_option("start_retraining")
        page.get_by_role("button", name="Go").click()
        for label, value in (("Steps", STEPS), ("Batch size", 4), ("Crop", 64)):
            page.get_by_label(label).fill(str(value))
        page.get_by_role("button", name="Start retraining").click()
        expect(page.get_by_role("heading", name="Training run")).to_be_visible()

    def watch(self, page: Page) -> None:
        """All of it happens without a reload."""
        page.evaluate(
            """() => {
                window.seen = new Set();
                const step = document.querySelector("[data-field=step]");
                new MutationObserver(() => seen.add(Number(step.textContent))).observe(step, { childList: true });
            }"""
        )
        card = page.locator("#run")
        expect(card).to_contain_text("Training", timeout=PATIENCE_MS)
        samples = page.locator(".loop-strip img")
        expect(samples.first).to_be_visible(timeout=PATIENCE_MS)
        expect(card).to_contain_text("pictures per second", timeout=PATIENCE_MS)
        expect(page.locator("#run-figures svg").first).to_be_visible(timeout=PATIENCE_MS)
        expect(card).to_contain_text("Succeeded", timeout=PATIENCE_MS)
        expect(page.locator(".loop-samples")).to_have_count(9)
        seen = page.evaluate("[...seen]")
        self.assertEqual(STEPS, seen[-1])
        self.assertGreaterEqual(len(seen), 2, seen)
        self.assertEqual(seen, sorted(seen))

    def promote(self, page: Page) -> None:
        """From the run's page, by way of the gate's verdict; a reason is typed if it did not pass."""
        page.locator("#run-outcome").get_by_role("link").click()
        gate = page.get_by_role("region", name="The gate").locator("tbody tr")
        expect(gate.filter(has_text="CIEDE2000")).to_have_count(2)
        self.assertRegex(gate.filter(has_text="CIEDE2000").first.inner_text(), r"assed\t\d+\.\d\d\t\d+\.\d\d")
        passed = page.get_by_text("It passes.").count()
        if not passed:
            page.get_by_label("Reason, which stays in the log").fill("a test")
        page.get_by_role("button", name="Promote" if passed else "Promote anyway", exact=True).click()
        expect(page.get_by_text("is active. Workers take it")).to_be_visible()

    def roll_back(self, page: Page) -> None:
        page.goto("/admin/retraining/")
        page.get_by_role("link", name="All versions, to roll back to one").click()
        page.get_by_role("link", name="small-1").click()
        page.get_by_role("button", name="Roll back to this version").click()
        expect(page.get_by_text("is active. Workers take it")).to_be_visible()

    def upload(self, page: Page, name: str, content: bytes, *, version: int) -> None:
        """The page of the result names the version that colored it."""
        page.goto("/photos/")
        page.set_input_files("#upload-files", self.files(**{name: content}))
        page.locator("[data-photo-id]").get_by_role("link", name=name.split("_")[0]).click()
        expect(page.locator(".photo-facts")).to_contain_text(f"Version {version}", timeout=PATIENCE_MS)

    def revoke(self, page: Page) -> None:
        page.goto("/photos/")
        page.get_by_role("link", name="portrait").click()
        page.get_by_role("button", name="Not this photograph").click()
        expect(page.get_by_text("1 picture was withdrawn.")).to_be_visible()

    def snapshot(self, *, run: int) -> set[tuple[str]]:
        return set(self.stack.rows("SELECT digest FROM gallery_snapshotentry WHERE run_id = ?", run))

    def cancel(self, page: Page) -> None:
        page.get_by_text("Cancel this run").click()
        page.get_by_role("button", name="Yes, cancel it").click()
        expect(page.locator("#run")).to_contain_text("Canceled")
