"""The API's calls for links."""

from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from gallery import services
from gallery.models import Album, Share
from tests.base import PASSWORD, GalleryTestCase


class SharesApiTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.photo = self.make_colored(self.owner)
        token = self.client.post(reverse("api-tokens"), {"username": "olga", "password": PASSWORD}).json()["token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def share(self, name: str, pk: int, **terms: Any) -> HttpResponse:
        address = reverse(name, args=[pk])
        return self.client.post(address, terms, content_type="application/json", headers=self.headers)

    def share_photo(self, **terms: Any) -> HttpResponse:
        return self.share("api-photo-shares", self.photo.pk, **{"allow_download": False, **terms})

    def test_a_link_is_made_listed_and_taken_back(self) -> None:
        made = self.share_photo(expires_days=7, password="seven red bicycles")
        self.assertEqual(made.status_code, 201)
        url = made.json()["url"]
        self.assertContains(Client().get(url), "This link has a password")
        listed = self.client.get(reverse("api-shares"), headers=self.headers).json()["shares"]
        self.assertEqual(listed, [made.json()])
        self.assertTrue(listed[0]["has_password"])
        gone = self.client.delete(reverse("api-share", args=[made.json()["id"]]), headers=self.headers)
        self.assertEqual(gone.status_code, 204)
        self.assertEqual(Client().get(url).status_code, 404)
        self.assertEqual(self.client.get(reverse("api-shares"), headers=self.headers).json(), {"shares": []})

    def test_thirty_days_unless_told_otherwise_and_never_only_when_told(self) -> None:
        share = Share.objects.get(pk=self.share_photo().json()["id"])
        self.assertEqual((share.expires_at - share.created_at).days, 30)
        self.assertIsNone(self.share_photo(expires_days=None).json()["expires_at"])

    def test_an_album_is_shared(self) -> None:
        album = Album.objects.create(owner=self.owner, title="The farm")
        services.add_to_album(album.pk, [self.photo.pk])
        made = self.share("api-album-shares", album.pk).json()
        self.assertEqual((made["album"], made["photo"], made["allow_download"]), (album.pk, None, True))
        self.assertContains(Client().get(made["url"]), "The farm")

    def test_what_makes_no_sense_is_refused(self) -> None:
        for terms in ({"expires_days": 0}, {"expires_days": 99999}, {"password": "abc"}, {"mark": "perhaps"}):
            with self.subTest(terms):
                self.assertEqual(self.share_photo(**terms).status_code, 422)
        self.assertFalse(Share.objects.exists())
