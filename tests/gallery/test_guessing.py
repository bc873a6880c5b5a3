"""Passwords cannot be guessed at any door, and a changed one locks out whoever knew the old."""

from unittest.mock import patch

from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.urls import reverse

from gallery import limits
from gallery.models import ApiKey
from tests.base import PASSWORD, GalleryTestCase

CHOSEN = "seven red bicycles"
GUESSES = 5


class GuessingTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()  # where the rate limits count
        self.addCleanup(cache.clear)

    def ask_token(self, password: str, *, name: str = "olga", address: str = "") -> object:
        headers = {"X-Forwarded-For": address} if address else {}
        return self.client.post("/api/v1/tokens", {"username": name, "password": password}, headers=headers)

    def test_the_api_refuses_the_sixth_guess_wherever_it_claims_to_come_from(self) -> None:
        for number in range(GUESSES):
            self.assertEqual(self.ask_token("a guess", address=f"10.0.0.{number}").status_code, 401)
        answer = self.ask_token(PASSWORD, address="10.0.0.99")
        self.assertEqual((answer.status_code, list(answer.json())), (429, ["error"]))
        self.assertIn("Too many", answer.json()["error"])
        self.assertEqual(self.ask_token(PASSWORD, name="frida").status_code, 201)

    def test_tokens_are_throttled_by_the_true_address(self) -> None:
        with patch.object(limits, "WINDOW_S", 10_000_000):  # no window ends meanwhile
            codes = [
                self.ask_token("x", name=f"user{number}", address=f"10.0.0.{number}").status_code
                for number in range(31)
            ]
        self.assertEqual((codes[29], codes[30]), (401, 429))

    def test_right_passwords_are_not_counted(self) -> None:
        codes = {self.ask_token(PASSWORD).status_code for _ in range(GUESSES + 2)}
        self.assertEqual(codes, {201})

    def test_guesses_at_the_page_count_at_the_api(self) -> None:
        for _ in range(GUESSES):
            self.client.post(reverse("account_login"), {"login": "olga", "password": "a guess"})
        self.assertEqual(self.ask_token(PASSWORD).status_code, 429)

    def test_an_account_that_was_switched_off_gets_no_token(self) -> None:
        User.objects.filter(pk=self.owner.pk).update(is_active=False)
        self.assertEqual(self.ask_token(PASSWORD).status_code, 401)

    def test_the_admin_has_no_login_of_its_own(self) -> None:
        for answer in (
            self.client.get("/admin/login/"),
            self.client.post("/admin/login/", {"username": "stella", "password": PASSWORD}),
        ):
            self.assertRedirects(answer, f"{reverse('account_login')}?next=/admin/login/")
        for _ in range(GUESSES):
            self.client.post(reverse("account_login"), {"login": "stella", "password": "a guess"})
        self.client.post(reverse("account_login"), {"login": "stella", "password": PASSWORD, "next": "/admin/"})
        self.assertEqual(self.client.get("/admin/").status_code, 302)

    def test_staff_reach_the_admin_through_the_login_of_all(self) -> None:
        asked = self.client.get("/admin/", follow=True).redirect_chain[-1][0]
        self.assertTrue(asked.startswith(reverse("account_login")), asked)
        answer = self.client.post(asked, {"login": "stella", "password": PASSWORD}, follow=True)
        self.assertEqual((answer.status_code, answer.request["PATH_INFO"]), (200, "/admin/"))

    def test_others_are_told_that_the_admin_is_not_theirs(self) -> None:
        self.client.force_login(self.owner)
        self.assertEqual(self.client.get("/admin/", follow=True).status_code, 403)


class ChangedPasswordTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()
        ApiKey.objects.create(user=self.owner)
        self.kept, _ = ApiKey.objects.create(user=self.friend)

    def assert_ended(self) -> None:
        self.assertEqual(list(ApiKey.objects.all()), [self.kept])

    def test_tokens_end_with_a_changed_password(self) -> None:
        self.client.force_login(self.owner)
        data = {"oldpassword": PASSWORD, "password1": CHOSEN, "password2": CHOSEN}
        self.assertEqual(self.client.post(reverse("account_change_password"), data).status_code, 302)
        self.assert_ended()

    def test_tokens_end_with_a_forgotten_password(self) -> None:
        self.client.post(reverse("account_reset_password"), {"email": "olga@example.org"})
        link = next(word for word in mail.outbox[0].body.split() if word.startswith("http://testserver"))
        form = self.client.get(link, follow=True).redirect_chain[-1][0]
        self.client.post(form, {"password1": CHOSEN, "password2": CHOSEN})
        self.assert_ended()

    def test_tokens_end_when_staff_set_the_password(self) -> None:
        self.client.force_login(self.staff)
        address = reverse("admin:auth_user_password_change", args=[self.owner.pk])
        data = {"password1": CHOSEN, "password2": CHOSEN, "usable_password": "true"}
        self.assertEqual(self.client.post(address, data).status_code, 302)
        self.assert_ended()

    def test_staff_change_their_own_password_where_all_do(self) -> None:
        self.client.force_login(self.staff)
        answer = self.client.get("/admin/password_change/")
        self.assertRedirects(answer, reverse("account_change_password"))
