"""The language of pages, and what makes the site installable."""

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse

from gallery import services
from tests.base import PASSWORD, GalleryTestCase


class LanguageTests(GalleryTestCase):
    def choose(self, code: str) -> HttpResponse:
        return self.client.post(reverse("language"), {"language": code, "next": reverse("models")})

    def language(self, **headers: str) -> str:
        return self.client.get(reverse("home"), headers=headers)["Content-Language"]

    def test_the_browser_is_asked_before_anybody_has_chosen(self) -> None:
        self.assertEqual(self.language(), "en")
        self.assertEqual(self.language(accept_language="de-AT,de;q=0.9,en;q=0.5"), "de")
        self.assertEqual(self.language(accept_language="fr"), "en")

    def test_a_visitors_choice_is_kept_and_the_same_page_shown(self) -> None:
        self.assertRedirects(self.choose("de"), reverse("models"))
        self.assertEqual(self.language(accept_language="en"), "de")

    def test_it_leads_to_no_other_site(self) -> None:
        answer = self.client.post(reverse("language"), {"language": "de", "next": "https://elsewhere.example.org/"})
        self.assertEqual(answer["Location"], "/")

    def test_an_account_takes_its_choice_along(self) -> None:
        self.client.force_login(self.owner)
        self.choose("de")
        self.assertEqual(services.language_of(self.owner), "de")
        self.client.logout()
        self.client.cookies.clear()
        self.client.post(reverse("account_login"), {"login": "olga", "password": PASSWORD})
        self.assertEqual(self.language(accept_language="en"), "de")

    def test_what_is_not_offered_changes_nothing(self) -> None:
        self.client.force_login(self.owner)
        self.choose("tlh")
        self.assertEqual(services.language_of(self.owner), "")
        self.assertEqual(self.language(), "en")


class InstallableTests(GalleryTestCase):
    def test_the_manifest_names_icons_that_are_there(self) -> None:
        answer = self.client.get(reverse("manifest"))
        self.assertEqual(answer["Content-Type"], "application/manifest+json")
        manifest = answer.json()
        self.assertEqual(self.client.get(manifest["start_url"]).status_code, 302)
        self.assertEqual({icon["purpose"] for icon in manifest["icons"]}, {"any", "maskable"})
        for icon in manifest["icons"]:
            path = settings.BASE_DIR / "static" / icon["src"].removeprefix(settings.STATIC_URL)
            self.assertTrue(path.is_file(), path)

    def test_the_page_for_times_without_a_connection_tells_nothing_of_anybody(self) -> None:
        self.client.force_login(self.owner)
        for code, words in (("en", "cannot be reached"), ("de", "nicht erreichbar")):
            answer = self.client.get(reverse("offline"), headers={"accept-language": code})
            self.assertContains(answer, words)
            self.assertNotContains(answer, "olga")
            self.assertNotContains(answer, "csrf")
