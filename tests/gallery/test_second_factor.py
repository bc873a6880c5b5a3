"""Login in two steps: switched on, asked for at every door, and taken back."""

import time

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, format_hotp_value, hotp_value
from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse
from django.test import override_settings
from django.urls import reverse

from tests.base import PASSWORD, GalleryTestCase

PERIOD_S = 30


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD_S))


class SecondFactorTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()
        self.addCleanup(cache.clear)

    def log_in(self, name: str = "olga", **more: str) -> HttpResponse:
        return self.client.post(reverse("account_login"), {"login": name, "password": PASSWORD, **more})

    def log_out(self) -> None:
        self.client.post(reverse("account_logout"))

    def confirm_password(self) -> None:
        self.client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    def answer(self, code: str) -> HttpResponse:
        return self.client.post(reverse("mfa_authenticate"), {"code": code})

    def switch_on(self, name: str = "olga") -> str:
        """The key that the telephone has; afterwards nobody is logged in."""
        self.log_in(name)
        self.confirm_password()
        self.client.get(reverse("mfa_activate_totp"))
        secret = self.client.session[SECRET_SESSION_KEY]
        done = self.client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
        self.assertRedirects(done, reverse("mfa_view_recovery_codes"))
        self.log_out()
        return secret

    def test_it_is_switched_on_with_the_code_and_its_pages_say_so(self) -> None:
        self.log_in()
        self.assertContains(self.client.get(reverse("account")), "Your password alone lets you in.")
        self.assertIn("reauthenticate", self.client.get(reverse("mfa_activate_totp"))["Location"])
        self.confirm_password()
        page = self.client.get(reverse("mfa_activate_totp"))
        secret = self.client.session[SECRET_SESSION_KEY]
        self.assertContains(page, secret)
        self.assertContains(page, 'src="data:image/svg')
        wrong = self.client.post(reverse("mfa_activate_totp"), {"code": "000000"})
        self.assertContains(wrong, "Incorrect code")
        codes = self.client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)}, follow=True)
        self.assertEqual(len(codes.context["unused_codes"]), 10)
        self.assertContains(self.client.get(reverse("mfa_index")), "It is on")
        self.assertContains(self.client.get(reverse("account")), "asks for a code from your telephone")

    def test_the_password_alone_opens_nothing(self) -> None:
        secret = self.switch_on()
        self.assertRedirects(self.log_in(), reverse("mfa_authenticate"))
        self.assertEqual(self.client.get(reverse("gallery")).status_code, 302)
        self.assertContains(self.answer("000000"), "Incorrect code")
        code = code_of(secret)
        self.assertRedirects(self.answer(code), reverse("gallery"))
        self.log_out()
        self.log_in()
        self.assertContains(self.answer(code), "Incorrect code")  # seen over a shoulder, it is used up

    def test_a_recovery_code_lets_in_once(self) -> None:
        self.switch_on()
        code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
        self.log_in()
        self.assertRedirects(self.answer(code), reverse("gallery"))
        self.log_out()
        self.log_in()
        self.assertContains(self.answer(code), "Incorrect code")

    def test_codes_cannot_be_guessed(self) -> None:
        secret = self.switch_on()
        self.log_in()
        self.assertEqual([self.answer("000000").status_code for _ in range(6)], [200] * 5 + [429])
        self.assertEqual(self.answer(code_of(secret))["Retry-After"], "300")
        self.assertEqual(self.client.get(reverse("gallery")).status_code, 302)

    def test_a_program_gets_no_key_for_the_password(self) -> None:
        self.switch_on()
        answer = self.client.post("/api/v1/tokens", {"username": "olga", "password": PASSWORD})
        self.assertEqual(answer.status_code, 401)
        self.assertIn("two steps", answer.json()["error"])
        answer = self.client.post("/api/v1/tokens", {"username": "olga", "password": "x"})
        self.assertIn("is wrong", answer.json()["error"])  # who does not know the password learns nothing

    def test_the_admin_asks_for_it(self) -> None:
        secret = self.switch_on("stella")
        self.log_in("stella", next="/admin/")
        asked = self.client.get("/admin/", follow=True).request["PATH_INFO"]
        self.assertEqual(asked, reverse("mfa_authenticate"))
        self.assertRedirects(self.answer(code_of(secret)), "/admin/")

    def test_nothing_in_the_database_is_the_key(self) -> None:
        secret = self.switch_on()
        kept = [str(row.data) for row in Authenticator.objects.all()]
        self.assertEqual(len(kept), 2)
        self.assertNotIn(secret, "".join(kept))
        self.log_in()
        with override_settings(SECRET_KEY="another " * 10):
            self.assertFalse(Authenticator.objects.get(type="totp").wrap().validate_code(code_of(secret)))

    def test_a_session_left_open_does_not_switch_it_off(self) -> None:
        secret = self.switch_on()
        self.log_in()
        self.answer(code_of(secret))
        self.assertIn("reauthenticate", self.client.post(reverse("mfa_deactivate_totp"))["Location"])
        self.assertEqual(Authenticator.objects.count(), 2)
        code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
        self.client.post(reverse("mfa_reauthenticate"), {"code": code})
        self.client.post(reverse("mfa_deactivate_totp"))
        self.assertFalse(Authenticator.objects.exists())

    def test_staff_take_it_away_from_whoever_lost_the_telephone(self) -> None:
        secret = self.switch_on()
        self.client.force_login(self.staff)
        row = Authenticator.objects.get(type="totp")
        page = self.client.get(reverse("admin:mfa_authenticator_change", args=[row.pk]))
        self.assertNotContains(page, row.data["secret"])
        self.assertNotContains(page, secret)
        self.client.post(reverse("admin:mfa_authenticator_delete", args=[row.pk]), {"post": "yes"})
        self.assertFalse(Authenticator.objects.exists())
        self.log_out()
        self.assertRedirects(self.log_in(), reverse("gallery"))

    def test_its_pages_are_in_german_too(self) -> None:
        self.log_in()
        self.client.cookies[settings.LANGUAGE_COOKIE_NAME] = "de"
        self.assertContains(self.client.get(reverse("mfa_index")), "Anmeldung in zwei Schritten")
