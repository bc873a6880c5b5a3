"""Ways in beside the password, in a real browser: another server by OpenID Connect, and the second step.

The other server is a real one for tests (oidc-provider-mock); of the site only web server and database run.
"""

import logging
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from oidc_provider_mock import User, run_server_in_thread
from playwright.sync_api import expect

from tests.e2e.browser import DESKTOP, PHONE, BrowserTestCase
from tests.e2e.stack import free_port, wait_until

PASSWORD = "seven red bicycles"
ELSEWHERE = re.compile(r"^https?://(?!localhost[:/])|/favicon\.ico$")


def start_site(data: str, port: int, provider: str) -> subprocess.Popen[bytes]:
    environment = {
        "PATH": os.environ["PATH"],
        "PHOTOLAB_DATA": data,
        "PORT": str(port),
        "PHOTOLAB_OIDC_SERVER": provider,
        "PHOTOLAB_OIDC_CLIENT_ID": "photolab",
        "PHOTOLAB_OIDC_CLIENT_SECRET": "secret",
        "PHOTOLAB_OIDC_NAME": "Family",
    }
    run = {"cwd": settings.BASE_DIR, "env": environment, "stdout": subprocess.DEVNULL}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], check=True, **run)
    server = ["uvicorn", "photolab_site.asgi:application", "--port", str(port), "--lifespan=off", "--no-access-log"]
    log = (Path(data) / "web.log").open("wb")
    return subprocess.Popen([sys.executable, "-m", *server], stderr=log, **run)


class LoginTests(BrowserTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory(prefix="photolab-logins-")
        cls.addClassCleanup(folder.cleanup)
        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # the other server's line for each request
        olga = User(sub="olga", claims={"email": "olga@example.org", "preferred_username": "olga"})
        provider = cls.enterClassContext(run_server_in_thread(user_claims=[olga]))
        port = free_port()
        cls.url = f"http://localhost:{port}"
        site = start_site(folder.name, port, f"http://localhost:{provider.server_port}")
        cls.addClassCleanup(site.wait)
        cls.addClassCleanup(site.terminate)
        wait_until(cls.answers, within_s=30)
        super().setUpClass()

    def setUp(self) -> None:
        super().setUp()
        # The other server's pages want styles of a third one, which nobody asks in a test.
        self.context.route(ELSEWHERE, lambda route: route.fulfill(body=""))

    @classmethod
    def answers(cls) -> bool:
        try:
            return httpx.get(f"{cls.url}/offline/").status_code == 200
        except httpx.TransportError:
            return False

    def look(self) -> None:
        """Accessible and no wider than the window, on a desk and on a phone."""
        for size in (DESKTOP, PHONE):
            self.page.set_viewport_size(size)
            self.assert_accessible(self.page)
            self.assert_fits(self.page)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def sign_up(self, name: str) -> None:
        self.page.goto("/accounts/signup/")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_label("Password, once more").fill(PASSWORD)
        self.page.locator("main").get_by_role("button", name="Create account").click()
        self.page.wait_for_url("**/photos/")

    def log_out(self) -> None:
        self.page.goto("/accounts/logout/")
        self.page.locator("main").get_by_role("button", name="Log out").click()

    def test_who_is_known_to_the_other_server_is_let_in_and_back_to_the_page_that_was_asked_for(self) -> None:
        for _ in range(2):  # the first time an account is made, the second time it is there
            self.page.goto("/accounts/login/?next=/accounts/")
            self.look()
            self.page.get_by_role("link", name="Log in by Family").click()
            self.look()
            self.press("Go on")
            self.press("olga")
            self.page.wait_for_url(f"{self.url}/accounts/")
            expect(self.page.locator("dl.facts")).to_contain_text("olga@example.org")
            self.log_out()
        self.delete_without_a_password()

    def delete_without_a_password(self) -> None:
        self.page.goto("/accounts/login/?next=/accounts/delete/")
        self.page.get_by_role("link", name="Log in by Family").click()
        self.press("Go on")
        self.press("olga")
        self.page.get_by_label("Your username, to be sure").fill("olga")
        self.look()
        self.press("Delete account")
        expect(self.page.get_by_text("Your account and everything in it are deleted.")).to_be_visible()

    def test_who_says_no_there_stays_out(self) -> None:
        self.page.goto("/accounts/login/")
        self.page.get_by_role("link", name="Log in by Family").click()
        self.press("Go on")
        self.press("Deny")
        expect(self.page.get_by_role("heading", level=1)).to_have_text("The login did not work")
        self.look()
        self.assertEqual(["401"], [re.search(r"\d+", one)[0] for one in self.trouble])
        self.trouble.clear()

    def test_a_second_step_is_switched_on_and_asked_for(self) -> None:
        self.sign_up("frida")
        self.page.goto("/accounts/2fa/")
        self.look()
        self.page.get_by_role("link", name="Switch it on").click()
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Confirm")
        self.look()
        secret = self.page.get_by_label("Or type this key into the app").input_value()
        self.page.get_by_label("Code from the app").fill(self.code_of(secret))
        self.press("Switch it on")
        expect(self.page.locator(".recovery-codes li")).to_have_count(10)
        self.look()
        recovery = self.page.locator(".recovery-codes li").first.inner_text()
        self.page.goto("/accounts/2fa/")
        self.look()
        self.page.goto("/accounts/")
        self.look()
        self.page.goto("/accounts/3rdparty/")
        self.look()
        self.log_out()
        self.page.goto("/accounts/login/")
        self.page.get_by_label("Username or email").fill("frida")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Log in")
        self.look()
        self.page.get_by_label("Code").fill("000000")
        self.press("Log in")
        expect(self.page.get_by_text("Incorrect code.")).to_be_visible()
        self.page.get_by_label("Code").fill(recovery)
        self.press("Log in")
        self.page.wait_for_url("**/photos/")

    def code_of(self, secret: str) -> str:
        return format_hotp_value(hotp_value(secret, int(time.time()) // 30))
