"""The site behind a proxy with https, as docker-compose.yml runs it; cookies; addresses that must be confirmed."""

import os
import re
import subprocess
import sys
import tempfile

import yaml
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.test import override_settings
from django.urls import reverse

from tests.base import PASSWORD, GalleryTestCase
from tests.gallery.test_env import load_settings

VARIABLE = re.compile(r"\$\{(\w+)(?::[-?]([^}]*))?\}")
CHOSEN = "seven red bicycles"
SECRETS = {"SECRET_KEY": "k3y-" * 20 + "of-many-different-letters", "POSTGRES_PASSWORD": "secret"}
BEHIND_A_PROXY = {
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 31_536_000,
    "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
}


def composed(service: str) -> dict[str, str]:
    """The environment that docker-compose.yml gives a service, with .env.example and two secrets as .env."""
    lines = (settings.BASE_DIR / ".env.example").read_text().splitlines()
    known = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#")) | SECRETS
    compose = yaml.safe_load((settings.BASE_DIR / "docker-compose.yml").read_text())
    return {
        name: VARIABLE.sub(lambda found: known.get(found[1]) or found[2] or "", str(value))
        for name, value in compose["services"][service]["environment"].items()
    }


class DeployTests(GalleryTestCase):
    def test_djangos_checks_for_deployment_find_nothing_in_what_compose_runs(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            checked = subprocess.run(
                [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
                cwd=settings.BASE_DIR,
                env={"PATH": os.environ["PATH"], **composed("web"), "PHOTOLAB_DATA": folder},
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        self.assertIn("no issues (0 silenced)", checked.stdout)

    def test_what_contradicts_itself_is_refused_by_name(self) -> None:
        wrong = {
            "PHOTOLAB_HTTPS": {"PHOTOLAB_HTTPS": "1", "CSRF_TRUSTED_ORIGINS": "http://photos.example.org"},
            "PHOTOLAB_PROXIES": {"PHOTOLAB_PROXIES": "-1"},
            "PHOTOLAB_OIDC_SERVER": {"PHOTOLAB_OIDC_SERVER": "idp.example.org"},
            "PHOTOLAB_OIDC_CLIENT_ID": {"PHOTOLAB_OIDC_SERVER": "https://idp.example.org"},
        }
        for name, variables in wrong.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                told = load_settings("settings.DEBUG", PHOTOLAB_DATA=folder, **variables)
                self.assertRegex(told.stderr.splitlines()[-1], f"ImproperlyConfigured: {name}: ")

    def test_the_login_by_another_server_adds_it_to_where_forms_may_lead_and_nothing_else(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            told = load_settings(
                "settings.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'], settings.OIDC_APPS[0]",
                PHOTOLAB_DATA=folder,
                PHOTOLAB_OIDC_SERVER="https://idp.example.org/realms/family/",
                PHOTOLAB_OIDC_CLIENT_ID="photolab",
            )
        self.assertEqual(told.stdout.strip(), "[\"'self'\", 'https://idp.example.org'] allauth.socialaccount")


@override_settings(**BEHIND_A_PROXY)
class HttpsTests(GalleryTestCase):
    def test_http_is_sent_to_https_and_what_comes_by_https_is_told_to_stay(self) -> None:
        answer = self.client.get("/")
        self.assertEqual((answer.status_code, answer["Location"]), (301, "https://testserver/"))
        answer = self.client.get("/", headers={"X-Forwarded-Proto": "https"})
        self.assertEqual((answer.status_code, answer["Strict-Transport-Security"][:16]), (200, "max-age=31536000"))

    def test_the_health_check_is_asked_from_inside(self) -> None:
        self.assertNotEqual(self.client.get(reverse("healthz")).status_code, 301)


class CookieTests(GalleryTestCase):
    def test_no_cookie_is_for_scripts_or_for_other_sites(self) -> None:
        with override_settings(SESSION_COOKIE_SECURE=True, CSRF_COOKIE_SECURE=True, LANGUAGE_COOKIE_SECURE=True):
            self.client.post(reverse("account_login"), {"login": "olga", "password": PASSWORD})
            self.client.get(reverse("account"))
            self.client.post(reverse("language"), {"language": "de"})
        cookies = self.client.cookies
        for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME):
            with self.subTest(name):
                flags = [cookies[name][flag] for flag in ("httponly", "secure", "samesite")]
                self.assertEqual(flags, [True, True, "Lax"])


@override_settings(
    ACCOUNT_EMAIL_VERIFICATION="mandatory", ACCOUNT_SIGNUP_FIELDS=["username*", "email*", "password1*", "password2*"]
)
class ConfirmedAddressTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()

    def sign_up(self, email: str) -> object:
        data = {"username": "newcomer", "email": email, "password1": CHOSEN, "password2": CHOSEN}
        return self.client.post(reverse("account_signup"), data)

    def test_nobody_is_in_before_the_link_was_opened(self) -> None:
        self.assertRedirects(self.sign_up("new@example.org"), reverse("account_email_verification_sent"))
        self.assertEqual(self.client.get(reverse("gallery")).status_code, 302)
        token = {"username": "newcomer", "password": CHOSEN}
        answer = self.client.post("/api/v1/tokens", token)
        self.assertEqual(answer.status_code, 401)
        self.assertIn("not confirmed", answer.json()["error"])
        link = re.search(r"http://testserver(/\S+)", mail.outbox[0].body)[1]
        self.client.post(link)
        self.client.post(reverse("account_login"), {"login": "newcomer", "password": CHOSEN})
        self.assertEqual(self.client.get(reverse("gallery")).status_code, 200)
        self.assertEqual(self.client.post("/api/v1/tokens", token).status_code, 201)

    def test_without_an_address_there_is_no_account(self) -> None:
        self.assertEqual(self.sign_up("").status_code, 200)
        self.assertFalse(mail.outbox)

    def test_the_setting_asks_for_both(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            told = load_settings(
                "settings.ACCOUNT_EMAIL_VERIFICATION, settings.ACCOUNT_SIGNUP_FIELDS[1]",
                PHOTOLAB_DATA=folder,
                PHOTOLAB_VERIFY_EMAIL="1",
            )
        self.assertEqual(told.stdout.strip(), "mandatory email*")
