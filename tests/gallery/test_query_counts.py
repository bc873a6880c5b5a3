"""However much there is, a page asks the database the same number of times."""

from collections.abc import Iterator

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gallery import services
from gallery.models import Album, Scope
from tests.base import GalleryTestCase

FEW, MANY = 3, 9


class QueryCountTests(GalleryTestCase):
    """Each address is asked once to warm what is kept, then at two sizes."""

    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.owner)
        self.album = Album.objects.create(owner=self.owner, title="Farm")
        _, self.token = services.make_key(self.owner, "scanner", scopes=list(Scope.values), valid_for=None)
        self.marks = iter(range(1000))

    def fill(self, count: int) -> None:
        """Of each kind: in color, waiting, failed, in the trash, in an album, shared."""
        for _ in range(count):
            colored = self.make_colored(self.owner, mark=next(self.marks))
            waiting = self.make_photo(self.owner, mark=next(self.marks))
            failed = self.make_photo(self.owner, mark=next(self.marks))
            services.fail(self.claimed(failed), "It is damaged.")
            trashed = self.make_colored(self.owner, mark=next(self.marks))
            services.trash_photos([trashed.pk])
            services.add_to_album(self.album.pk, [colored.pk, waiting.pk])
            services.create_share(colored, services.ShareTerms(allow_download=True))
            self.shown = colored

    def addresses(self) -> Iterator[tuple[str, str]]:
        photos = ",".join(str(pk) for pk in self.owner.photos.values_list("pk", flat=True)[:60])
        yield from (
            ("gallery", reverse("gallery")),
            ("gallery, further down", f"{reverse('gallery')}?before=1000000"),
            ("search", f"{reverse('gallery')}?q=photo&state=colored"),
            ("cards", f"{reverse('photo_cards')}?ids={photos}"),
            ("photo", reverse("photo", args=[self.shown.pk])),
            ("photo's state", reverse("photo_status", args=[self.shown.pk])),
            ("albums", reverse("albums")),
            ("album", reverse("album", args=[self.album.pk])),
            ("trash", reverse("trash")),
            ("links", reverse("shares")),
            ("account", reverse("account")),
            ("photos by the API", reverse("api-photos")),
            ("photo by the API", reverse("api-photo", args=[self.shown.pk])),
            ("job by the API", reverse("api-job", args=[self.shown.jobs.get().pk])),
        )

    def count(self) -> dict[str, int]:
        counts = {}
        for name, address in self.addresses():
            headers = {"Authorization": f"Bearer {self.token}"} if "API" in name else {}
            self.client.get(address, headers=headers)
            with CaptureQueriesContext(connection) as asked:
                answer = self.client.get(address, headers=headers)
            self.assertEqual(answer.status_code, 200, name)
            counts[name] = len(asked)
        return counts

    def test_a_larger_gallery_asks_no_more(self) -> None:
        self.fill(FEW)
        few = self.count()
        self.fill(MANY - FEW)
        self.assertEqual(self.count(), few)
        self.assertLess(max(few.values()), 25, few)


class AdminQueryCountTests(GalleryTestCase):
    def test_lists_of_the_admin_ask_no_more(self) -> None:
        self.client.force_login(self.staff)
        lists = [reverse(f"admin:gallery_{name}_changelist") for name in ("photo", "job", "result", "worker")]
        counts = []
        for size in (FEW, MANY - FEW):
            for number in range(size):
                self.make_colored(self.owner, mark=10 * size + number)
            counts.append([])
            for address in [*lists, reverse("admin:day")]:
                self.client.get(address)
                with CaptureQueriesContext(connection) as asked:
                    self.assertEqual(self.client.get(address).status_code, 200)
                counts[-1].append(len(asked))
        self.assertEqual(*counts)
