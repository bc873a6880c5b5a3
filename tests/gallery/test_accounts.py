"""Accounts from the first visit to the forgotten password."""

import re

from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.test import override_settings
from django.urls import reverse

from gallery import services
from tests.base import PASSWORD, GalleryTestCase

CHOSEN = "seven red bicycles"


class AccountTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()  # where the rate limits count

    def sign_up(self, **fields: str) -> object:
        data = {"username": "newcomer", "email": "", "password1": CHOSEN, "password2": CHOSEN, **fields}
        return self.client.post("/accounts/signup/", data)

    def log_in(self, login: str, password: str) -> object:
        return self.client.post(reverse("account_login"), {"login": login, "password": password})

    def test_a_newcomer_signs_up_without_mail_and_is_in_the_gallery(self) -> None:
        self.assertRedirects(self.sign_up(), reverse("gallery"))
        self.assertTrue(User.objects.get(username="newcomer").password.startswith("argon2"))

    def test_a_weak_password_and_a_taken_name_are_refused(self) -> None:
        for fields in ({"password1": "1234", "password2": "1234"}, {"username": "olga"}):
            self.assertEqual(self.sign_up(**fields).status_code, 200)
        self.assertFalse(User.objects.filter(username="newcomer").exists())

    @override_settings(PHOTOLAB_SIGNUP_OPEN=False)
    def test_signing_up_can_be_closed(self) -> None:
        self.sign_up()
        self.assertFalse(User.objects.filter(username="newcomer").exists())

    def test_people_log_in_by_name_or_by_address(self) -> None:
        for login in ("olga", "olga@example.org"):
            self.assertRedirects(self.log_in(login, PASSWORD), reverse("gallery"))
            self.client.post(reverse("account_logout"))

    def test_after_the_login_comes_the_page_that_was_asked_for_and_no_other_site(self) -> None:
        for asked, to in (("/accounts/", "/accounts/"), ("https://evil.example/", reverse("gallery"))):
            self.client.post(reverse("account_logout"))
            data = {"login": "olga", "password": PASSWORD, "next": asked}
            self.assertRedirects(self.client.post(reverse("account_login"), data), to)

    def test_guessing_is_stopped_and_others_still_get_in(self) -> None:
        for _ in range(6):
            self.log_in("olga", "a guess")
        self.assertNotEqual(self.log_in("olga", PASSWORD).status_code, 302)
        self.assertRedirects(self.log_in("frida", PASSWORD), reverse("gallery"))

    def test_logging_out_asks_and_then_does_it(self) -> None:
        self.client.force_login(self.owner)
        self.assertEqual(self.client.get(reverse("account_logout")).status_code, 200)
        self.assertRedirects(self.client.post(reverse("account_logout")), reverse("home"))
        self.assertEqual(self.client.get(reverse("gallery")).status_code, 302)

    def test_the_password_is_changed(self) -> None:
        self.client.force_login(self.owner)
        data = {"oldpassword": PASSWORD, "password1": CHOSEN, "password2": CHOSEN}
        self.assertEqual(self.client.post(reverse("account_change_password"), data).status_code, 302)
        self.client.post(reverse("account_logout"))
        self.assertRedirects(self.log_in("olga", CHOSEN), reverse("gallery"))

    def test_a_forgotten_password_is_set_anew_by_mail(self) -> None:
        self.client.post(reverse("account_reset_password"), {"email": "olga@example.org"})
        link = re.search(r"http://testserver(/\S+)", mail.outbox[0].body)[1]
        form = self.client.get(link, follow=True).redirect_chain[-1][0]
        self.client.post(form, {"password1": CHOSEN, "password2": CHOSEN})
        self.assertRedirects(self.log_in("olga", CHOSEN), reverse("gallery"))

    def test_nobody_learns_who_has_an_account(self) -> None:
        answers = [
            self.client.post(reverse("account_reset_password"), {"email": email}, follow=True).content
            for email in ("olga@example.org", "nobody@example.org")
        ]
        without_tokens = [re.sub(rb'name="csrfmiddlewaretoken" value="\w+"', b"", answer) for answer in answers]
        self.assertEqual(*without_tokens)

    def test_tokens_are_revoked_all_at_once_and_only_ones_own(self) -> None:
        owners, friends = (
            self.client.post(reverse("api-tokens"), {"username": name, "password": PASSWORD}).json()["token"]
            for name in ("olga", "frida")
        )
        self.client.force_login(self.owner)
        services.make_key(self.owner, "attic", scopes=["read"], valid_for=None)
        self.assertContains(self.client.get(reverse("keys")), "Revoke all keys")
        page = self.client.post(reverse("account_revoke_tokens"), follow=True)
        self.assertRedirects(page, reverse("keys"))
        self.assertContains(page, "All API keys are revoked.")
        self.assertNotContains(page, "Revoke all keys")
        for token, status in ((owners, 401), (friends, 200)):
            answer = self.client.get(reverse("api-photos"), headers={"Authorization": f"Bearer {token}"})
            self.assertEqual(answer.status_code, status)

    def test_the_accounts_page_counts_the_photos(self) -> None:
        self.make_photo(self.owner)
        self.client.force_login(self.owner)
        self.assertEqual(self.client.get(reverse("account")).context["photo_count"], 1)
