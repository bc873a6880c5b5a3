"""Links: made by owners, opened by whoever has them, and by nobody once they have ended."""

import io
import re
import zipfile
from datetime import timedelta
from unittest.mock import patch

from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db.models.functions import Now
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import reverse
from PIL import Image

from gallery import services, upkeep
from gallery.access import shared_with
from gallery.keys import new_photo_keys
from gallery.models import Album, Photo, Share, SharedCopy
from gallery.services import ShareTerms, create_share
from gallery.services.sharing import MOST_COPIES
from gallery.shared_zip import shared_pieces
from gallery.zipping import ABOUT, What
from tests import pictures
from tests.base import PASSWORD, GalleryTestCase, as_upload, read_stored
from tests.gallery.test_shared_copy import SECRETS, told_jpeg
from tests.gallery.test_zipping import open_zip

WORD = "seven red bicycles"
# What a page's form sends back of the request that brought it.
THE_VISITORS_OWN = re.compile(rb'name="(csrfmiddlewaretoken|next)" value="[^"]*"')
KINDS = ("before", "after", "thumb", "image", "original")
SEEN = {"before": 200, "after": 200, "thumb": 200, "image": 404, "original": 404}


class ShareTestCase(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()  # where the rate limits count
        self.addCleanup(cache.clear)
        self.photo = self.make_colored(self.owner)
        self.guest = Client()

    def share(self, subject: Photo | Album | None = None, **terms: object) -> Share:
        """Without downloads unless they are asked for: their copies take a process each."""
        return create_share(subject or self.photo, ShareTerms(**{"allow_download": False, **terms}))

    def page(self, share: Share) -> str:
        return reverse("shared", args=[share.token])

    def file(self, share: Share, kind: str, photo: Photo | None = None) -> HttpResponse:
        return self.guest.get(reverse("shared_file", args=[share.token, (photo or self.photo).pk, kind]))

    def files(self, share: Share, photo: Photo | None = None) -> dict[str, int]:
        return {kind: self.file(share, kind, photo).status_code for kind in KINDS}

    def assert_opens_nothing(self, share: Share) -> None:
        answer = self.guest.get(self.page(share))
        self.assertContains(answer, "This link opens nothing", status_code=404)
        self.assertEqual(set(self.files(share).values()), {404})

    def told_photo(self, owner: User | None = None) -> Photo:
        """A photo whose file tells where and with what it was taken."""
        uploaded = services.upload_photo(owner or self.owner, as_upload(told_jpeg(), "farm.jpg"))
        return uploaded.photo


class OpeningTests(ShareTestCase):
    def test_a_link_opens_its_photo_for_whoever_has_it(self) -> None:
        share = self.share(allow_download=True)
        answer = self.guest.get(self.page(share))
        self.assertContains(answer, "<before-after>")
        self.assertContains(answer, "Colors are simulated by photolab-test")
        self.assertEqual(self.files(share), dict.fromkeys(KINDS, 200))
        self.assertEqual(self.file(share, "image")["Content-Disposition"][:10], "attachment")

    def test_it_opens_nothing_else(self) -> None:
        share, other = self.share(), self.make_colored(self.owner, mark=1)
        self.assertEqual(set(self.files(share, other).values()), {404})
        for address in (reverse("photo", args=[self.photo.pk]), reverse("photo_file", args=[self.photo.pk, "preview"])):
            self.assertEqual(self.guest.get(address).status_code, 302)

    def test_it_keeps_to_itself(self) -> None:
        share = self.share()
        for address in (self.page(share), reverse("shared_file", args=[share.token, self.photo.pk, "after"])):
            answer = self.guest.get(address)
            self.assertIn("noindex", answer["X-Robots-Tag"])
            self.assertEqual(answer["Referrer-Policy"], "no-referrer")
            self.assertIn("private", answer["Cache-Control"])
        self.assertIn("no-store", self.guest.get(self.page(share))["Cache-Control"])

    def test_owners_name_is_not_told(self) -> None:
        self.assertNotContains(self.guest.get(self.page(self.share())), "olga")

    def test_the_picture_is_told_to_who_unfurls_the_link_but_not_past_a_password(self) -> None:
        page = self.guest.get(self.page(self.share())).content.decode()
        picture = re.search(r'property="og:image" content="http://testserver([^"]+)"', page)
        self.assertEqual(self.guest.get(picture[1])["Content-Type"], "image/jpeg")
        closed = self.guest.get(self.page(self.share(password=WORD))).content.decode()
        self.assertNotIn("og:", closed)
        self.assertNotIn("photo-0", closed)

    def test_behind_a_proxy_links_have_the_address_that_visitors_see(self) -> None:
        share = self.share()
        self.client.force_login(self.owner)
        with self.settings(PHOTOLAB_URL="https://photos.example.org"):
            self.assertContains(self.client.get(reverse("shares")), f"https://photos.example.org{self.page(share)}")
            self.assertContains(self.guest.get(self.page(share)), 'content="https://photos.example.org/s/')

    def test_openings_by_others_are_counted(self) -> None:
        share = self.share()
        self.client.force_login(self.owner)
        self.client.get(self.page(share))
        self.assertEqual(Share.objects.get().opened_count, 0)
        self.guest.get(self.page(share))
        self.guest.get(self.page(share))
        opened = Share.objects.get()
        self.assertEqual(opened.opened_count, 2)
        self.assertIsNotNone(opened.opened_at)

    def test_without_leave_nothing_is_downloaded(self) -> None:
        share = self.share(allow_download=False)
        self.assertNotContains(self.guest.get(self.page(share)), "Download")
        self.assertEqual(self.files(share), SEEN)

    def test_a_photo_that_is_not_in_color_yet_is_shown_as_it_is(self) -> None:
        photo = self.make_photo(self.owner, mark=2)
        share = self.share(photo)
        self.assertContains(self.guest.get(self.page(share)), "not in color yet")
        self.assertEqual(self.files(share, photo)["after"], 404)
        self.assertEqual(self.files(share, photo)["before"], 200)


class EndingTests(ShareTestCase):
    def test_thirty_days_unless_told_otherwise(self) -> None:
        share = self.share()
        days = (share.expires_at - share.created_at) / timedelta(days=1)
        self.assertAlmostEqual(days, 30, places=3)
        self.assertIsNone(self.share(expires_days=None).expires_at)

    def test_an_ended_link_opens_nothing_at_once(self) -> None:
        share = self.share(expires_days=1, allow_download=True)
        self.assertEqual(self.file(share, "image").status_code, 200)
        Share.objects.update(expires_at=Now() - timedelta(seconds=1))
        self.assert_opens_nothing(share)

    def test_a_link_that_was_taken_back_opens_nothing_at_once(self) -> None:
        share = self.share(allow_download=True)
        self.client.force_login(self.owner)
        self.client.post(reverse("share_revoke", args=[share.pk]))
        self.assert_opens_nothing(share)

    def test_nobody_learns_which_links_there_have_been(self) -> None:
        revoked, ended = self.share(), self.share()
        services.revoke_share(revoked.pk)
        Share.objects.filter(pk=ended.pk).update(expires_at=Now())
        never = revoked.token[:-3] + "AAA"
        bodies = {
            THE_VISITORS_OWN.sub(b"", self.guest.get(reverse("shared", args=[token])).content)
            for token in (revoked.token, ended.token, never, "nonsense", f"{Share().code}.x", Share().token)
        }
        self.assertEqual(len(bodies), 1)

    def test_what_is_stored_of_a_link_does_not_open_it(self) -> None:
        share = self.share()
        self.assertNotIn(share.token, str(Share.objects.values().get()))
        self.assertEqual(self.guest.get(reverse("shared", args=[share.code])).status_code, 404)

    def test_links_end_with_their_photo_in_the_trash_and_come_back_with_it(self) -> None:
        share = self.share()
        services.trash_photos([self.photo.pk])
        self.assert_opens_nothing(share)
        services.restore_photos([self.photo.pk])
        self.assertEqual(self.guest.get(self.page(share)).status_code, 200)

    def test_a_photo_that_goes_while_its_page_is_made_is_answered_as_an_ended_link(self) -> None:
        def trashed_meanwhile(token: str) -> Share:
            share = shared_with(token)
            services.trash_photos([self.photo.pk])
            return share

        address = self.page(self.share())
        with patch("gallery.views.shared.shared_with", trashed_meanwhile):
            answer = self.guest.get(address)
        self.assertContains(answer, "This link opens nothing", status_code=404)

    def test_links_of_an_account_that_was_switched_off_open_nothing(self) -> None:
        share = self.share()
        User.objects.filter(pk=self.owner.pk).update(is_active=False)
        self.assert_opens_nothing(share)


class PasswordTests(ShareTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.closed = self.share(password=WORD)

    def enter(self, password: str, guest: Client | None = None) -> HttpResponse:
        return (guest or self.guest).post(self.page(self.closed), {"password": password})

    def test_nothing_opens_before_the_password(self) -> None:
        self.assertContains(self.guest.get(self.page(self.closed)), "This link has a password")
        self.assertEqual(set(self.files(self.closed).values()), {404})
        self.assertContains(self.enter("a guess"), "This is not the password", status_code=422)
        self.assertEqual(self.enter(WORD).status_code, 302)
        self.assertContains(self.guest.get(self.page(self.closed)), "<before-after>")
        self.assertEqual(self.files(self.closed), SEEN)

    def test_it_opens_that_link_alone_and_for_that_visitor_alone(self) -> None:
        self.enter(WORD)
        self.assertContains(self.guest.get(self.page(self.share(password="another one"))), "has a password")
        self.assertContains(Client().get(self.page(self.closed)), "has a password")

    def test_the_sixth_guess_is_refused_even_if_it_is_right(self) -> None:
        for _ in range(5):
            self.assertEqual(self.enter("a guess", Client()).status_code, 422)
        self.assertContains(self.enter(WORD), "Too many", status_code=429)

    def test_right_passwords_are_not_counted(self) -> None:
        self.assertEqual({self.enter(WORD, Client()).status_code for _ in range(7)}, {302})

    def test_it_is_stored_hashed(self) -> None:
        self.assertTrue(Share.objects.get(pk=self.closed.pk).password.startswith("argon2"))


class CopyTestCase(ShareTestCase):
    """Links that offer downloads."""

    def share(self, subject: Photo | Album | None = None, **terms: object) -> Share:
        return super().share(subject, **{"allow_download": True, **terms})

    def broken_photo(self) -> Photo:
        """As if the disk had spoiled it."""
        photo = self.make_photo(self.owner, mark=3)
        keys = new_photo_keys("jpg")
        services.photos.files.store(keys.original, pictures.jpeg()[:3000])
        Photo.objects.filter(pk=photo.pk).update(original_key=keys.original)
        return Photo.objects.get(pk=photo.pk)


class CopyTests(CopyTestCase):
    def test_what_goes_out_tells_nothing_of_place_and_camera(self) -> None:
        photo = self.told_photo()
        share = self.share(photo)
        for kind in ("before", "thumb", "original"):
            content = self.file(share, kind, photo).content
            self.assertEqual(Image.open(io.BytesIO(content)).format, "JPEG")
            for secret in SECRETS:
                self.assertNotIn(secret, content, kind)

    def test_unless_the_owner_says_so(self) -> None:
        photo = self.told_photo()
        content = self.file(self.share(photo, show_location=True), "original", photo).content
        self.assertEqual(content, told_jpeg())
        self.assertFalse(SharedCopy.objects.exists())

    def test_a_copy_is_made_once(self) -> None:
        share = self.share()
        first = {kind: self.file(share, kind).content for kind in KINDS}
        stored = self.stored_files()
        self.assertEqual({kind: self.file(share, kind).content for kind in KINDS}, first)
        self.assertEqual(self.stored_files(), stored)
        self.assertEqual(SharedCopy.objects.count(), 2)  # the original and the picture in color

    def test_of_one_file_few_copies_are_kept_however_many_links_lead_to_it(self) -> None:
        before = self.stored_files()
        with self.captureOnCommitCallbacks(execute=True):
            first, *_ = [self.share() for _ in range(MOST_COPIES + 1)]
        self.assertFalse(SharedCopy.objects.filter(share=first).exists())
        with self.captureOnCommitCallbacks(execute=True):
            self.assertEqual({self.file(first, kind).status_code for kind in ("image", "original")}, {200})
        self.assertEqual(SharedCopy.objects.filter(share=first).count(), 2)
        self.assertEqual(SharedCopy.objects.count(), 2 * MOST_COPIES)
        self.assertEqual(len(self.stored_files() - before), 2 * MOST_COPIES)

    def test_small_marked_pictures_of_more_links_are_kept(self) -> None:
        for _ in range(MOST_COPIES + 1):
            self.share(mark=True, allow_download=False)
        self.assertEqual(SharedCopy.objects.count(), MOST_COPIES + 1)

    def test_a_copy_in_color_says_that_it_is_simulated(self) -> None:
        self.assertIn(b"ColorsAreSimulated", self.file(self.share(), "image").content)

    def test_a_mark_is_in_all_that_is_in_color_and_not_in_originals(self) -> None:
        plain, marked = self.share(), self.share(mark=True)
        in_color = {"thumb": True, "after": True, "image": True, "original": False, "before": False}
        for kind, is_marked in in_color.items():
            same = self.file(plain, kind).content == self.file(marked, kind).content
            self.assertEqual(same, not is_marked, kind)

    def test_a_mark_is_not_on_a_photograph_that_is_not_in_color_yet(self) -> None:
        photo = self.make_photo(self.owner, mark=4)
        share = self.share(photo, mark=True)
        self.assertEqual(self.file(share, "thumb", photo).content, read_stored(photo.thumb_key))

    def test_copies_go_with_the_link(self) -> None:
        before = self.stored_files()
        share = self.share(mark=True, allow_download=False)
        self.assertGreater(self.stored_files(), before)
        with self.captureOnCommitCallbacks(execute=True):
            services.revoke_share(share.pk)
        self.assertEqual(self.stored_files(), before)

    def test_copies_go_when_the_link_ends_by_itself(self) -> None:
        before = self.stored_files()
        kept = self.share(mark=True, allow_download=False)
        after_kept = self.stored_files()
        self.share(mark=True, allow_download=False)
        Share.objects.exclude(pk=kept.pk).update(expires_at=Now())
        with self.captureOnCommitCallbacks(execute=True):
            upkeep.run_pass()
        self.assertEqual(self.stored_files(), after_kept)
        self.assertGreater(after_kept, before)

    def test_copies_go_with_the_photo_and_with_the_account(self) -> None:
        other = self.make_colored(self.owner, mark=1)
        for photo in (self.photo, other):
            self.share(photo, mark=True, allow_download=False)
        with self.captureOnCommitCallbacks(execute=True):
            services.delete_photos([self.photo.pk])
        self.assertEqual(set(SharedCopy.objects.values_list("photo", flat=True)), {other.pk})
        with self.captureOnCommitCallbacks(execute=True):
            services.delete_account(self.owner)
        self.assertEqual(self.stored_files(), set())

    def test_a_file_that_cannot_be_cleaned_is_not_shared_and_its_owner_is_told(self) -> None:
        photo = self.broken_photo()
        self.client.force_login(self.owner)
        answer = self.client.post(reverse("photo_share", args=[photo.pk]), {"expires": "30", "allow_download": "on"})
        self.assertContains(answer, "cannot be freed of its notes", status_code=422)
        self.assertFalse(Share.objects.exists())

    def test_such_a_file_of_an_album_is_not_given_out(self) -> None:
        photo = self.broken_photo()
        album = Album.objects.create(owner=self.owner, title="Farm")
        services.add_to_album(album.pk, [photo.pk])
        answer = self.file(self.share(album), "original", photo)
        self.assertContains(answer, "not given out", status_code=422)

    def test_a_copy_that_is_ready_after_its_link_ended_is_not_kept(self) -> None:
        share = self.share(allow_download=False)
        share.allow_download = True
        services.revoke_share(share.pk)
        before = self.stored_files()
        with self.assertRaises(services.ShareEnded):
            services.shared_file(share, self.photo, "original")
        self.assertEqual(self.stored_files(), before)

    def test_stored_copies_are_the_shares_own(self) -> None:
        self.share()
        self.assertEqual(SharedCopy.objects.count(), 2)
        for copy in SharedCopy.objects.all():
            self.assertTrue(copy.key.startswith("shared/"))
            self.assertTrue(read_stored(copy.key))


class AlbumTests(ShareTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.album = Album.objects.create(owner=self.owner, title="The farm")
        self.others = [self.make_colored(self.owner, mark=mark) for mark in (1, 2)]
        services.add_to_album(self.album.pk, [photo.pk for photo in self.others])
        self.shared = self.share(self.album)

    def test_it_shows_the_photos_of_the_album_in_their_order_and_no_others(self) -> None:
        answer = self.guest.get(self.page(self.shared))
        self.assertContains(answer, "The farm")
        order = [photo.pk for photo in answer.context["photos"]]
        self.assertEqual(order, list(services.entries_of(self.album.pk).values_list("photo", flat=True)))
        self.assertEqual(set(self.files(self.shared).values()), {404})
        self.assertEqual(self.files(self.shared, self.others[0]), SEEN)

    def test_what_leaves_the_album_is_shared_no_longer(self) -> None:
        services.remove_from_album(self.album.pk, [self.others[0].pk])
        services.trash_photos([self.others[1].pk])
        for photo in self.others:
            self.assertEqual(set(self.files(self.shared, photo).values()), {404})
        self.assertContains(self.guest.get(self.page(self.shared)), "This album is empty")

    def test_a_long_album_comes_page_by_page_and_is_opened_once(self) -> None:
        with patch("gallery.views.albums.PAGE_SIZE", 1):
            first = self.guest.get(self.page(self.shared))
            second = self.guest.get(self.page(self.shared) + "?after=" + first.context["next_cursor"])
        shown = [photo.pk for answer in (first, second) for photo in answer.context["photos"]]
        self.assertEqual(shown, list(services.entries_of(self.album.pk).values_list("photo", flat=True)))
        self.assertIsNone(second.context["next_cursor"])
        self.assertEqual(Share.objects.get().opened_count, 1)

    def test_its_page_takes_as_many_queries_for_many_photos_as_for_two(self) -> None:
        with self.assertNumQueries(5):
            self.guest.get(self.page(self.shared))


class AlbumZipTests(CopyTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.album = Album.objects.create(owner=self.owner, title="The farm")
        self.told = self.told_photo()
        services.add_to_album(self.album.pk, [self.photo.pk, self.told.pk])

    def download(self, share: Share, what: str = "both") -> HttpResponse:
        return self.guest.get(reverse("shared_download", args=[share.token]), {"what": what})

    def zip_of(self, share: Share, what: str = "both") -> zipfile.ZipFile:
        answer = self.download(share, what)
        self.assertEqual((answer.status_code, answer["Content-Type"]), (200, "application/zip"))
        return open_zip(async_to_sync(self.read)(answer))

    async def read(self, answer: StreamingHttpResponse) -> bytes:
        return b"".join([piece async for piece in answer])

    def about(self, opened: zipfile.ZipFile) -> str:
        return opened.read(f"The farm/{ABOUT}").decode()

    def test_a_guest_takes_the_album_home_as_the_copies_that_tell_nothing(self) -> None:
        share = self.share(self.album)
        opened = self.zip_of(share)
        pictures_in_it = ["The farm/photo-0.jpg", "The farm/photo-0 (original).jpg", "The farm/farm (original).jpg"]
        self.assertEqual(opened.namelist(), [*pictures_in_it, f"The farm/{ABOUT}"])
        self.assertIn("farm has no colors yet.", self.about(opened))
        self.assertEqual(opened.read(pictures_in_it[0]), self.file(share, "image").content)
        for secret in SECRETS:
            self.assertNotIn(secret, b"".join(opened.read(name) for name in opened.namelist()))
        self.assertEqual(self.zip_of(share, "results").namelist(), ["The farm/photo-0.jpg", f"The farm/{ABOUT}"])

    def test_what_cannot_be_cleaned_or_is_lost_is_told_inside(self) -> None:
        services.add_to_album(self.album.pk, [self.broken_photo().pk])
        default_storage.delete(self.told.original_key)
        opened = self.zip_of(self.share(self.album), "originals")
        self.assertEqual(opened.namelist(), ["The farm/photo-0 (original).jpg", f"The farm/{ABOUT}"])
        self.assertIn("photo-3 (original) is not given out", self.about(opened))
        self.assertIn("farm (original) is missing", self.about(opened))

    def test_a_link_that_is_taken_back_meanwhile_gives_out_no_more(self) -> None:
        share = self.share(self.album)
        pieces = shared_pieces(share, What.ORIGINALS, "The farm")
        sent = next(pieces)
        services.revoke_share(share.pk)
        opened = open_zip(sent + b"".join(pieces))
        self.assertEqual(len(opened.namelist()), 2)
        self.assertIn("The link ended before all of it was sent.", self.about(opened))

    def test_only_who_may_download_an_album_does(self) -> None:
        locked = self.share(self.album, password=WORD)
        for share in (self.share(self.album, allow_download=False), self.share(), locked):
            self.assertEqual(self.download(share).status_code, 404)
        self.guest.post(self.page(locked), {"password": WORD})
        self.assertEqual(self.download(locked, "results").status_code, 200)
        services.revoke_share(locked.pk)
        self.assertEqual(self.download(locked).status_code, 404)


class OwnersPagesTests(ShareTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.owner)

    def test_a_link_is_made_shown_again_and_taken_back(self) -> None:
        address = reverse("photo_share", args=[self.photo.pk])
        self.assertContains(self.client.get(address), "A new link")
        terms = {"expires": "7", "password": WORD, "show_location": "on"}
        self.assertContains(self.client.post(address, terms, follow=True), "The link is ready")
        share = Share.objects.get()
        self.assertEqual((share.allow_download, share.mark, share.show_location), (False, False, True))
        link = f"http://testserver{self.page(share)}"
        for page in (address, reverse("shares")):
            self.assertContains(self.client.get(page), link)
        self.client.post(reverse("share_revoke", args=[share.pk]))
        self.assertNotContains(self.client.get(address), link)
        self.assertContains(self.client.get(reverse("shares")), "taken back on")

    def test_never_has_to_be_chosen(self) -> None:
        address = reverse("photo_share", args=[self.photo.pk])
        self.client.post(address, {})
        self.assertFalse(Share.objects.exists())
        self.client.post(address, {"expires": "never"})
        self.assertIsNone(Share.objects.get().expires_at)

    def test_an_album_is_shared_on_a_page_of_its_own(self) -> None:
        album = Album.objects.create(owner=self.owner, title="The farm")
        address = reverse("album_share", args=[album.pk])
        self.assertContains(self.client.get(address), "a file that cannot be freed of them stays here")
        self.client.post(address, {"expires": "30"})
        self.assertEqual(Share.objects.get().album, album)
        self.assertContains(self.client.get(reverse("shares")), "The farm")

    def test_a_short_password_is_refused(self) -> None:
        answer = self.client.post(reverse("photo_share", args=[self.photo.pk]), {"expires": "30", "password": "abc"})
        self.assertContains(answer, "at least 6 characters", status_code=422)

    def test_nobody_sees_or_takes_back_anothers_links(self) -> None:
        share = self.share()
        stranger = Client()
        stranger.force_login(self.stranger)
        self.assertNotContains(stranger.get(reverse("shares")), share.token)
        self.assertEqual(stranger.post(reverse("share_revoke", args=[share.pk])).status_code, 404)
        self.assertTrue(Share.objects.live().exists())

    def test_the_password_of_a_link_is_not_the_accounts(self) -> None:
        share = self.share(password=WORD)
        self.assertFalse(services.fits_password(share, PASSWORD))
