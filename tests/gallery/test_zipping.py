"""Zips of photographs: what is in them, names, lengths, and files that the storage lost."""

import asyncio
import io
import json
import zipfile

from django.core.files.storage import default_storage
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, SimpleTestCase
from django.urls import reverse

from gallery import services
from gallery.models import Photo
from gallery.zipping import ABOUT, Member, What, contents_of, pack, safe_name
from tests.base import GalleryRaceTestCase, GalleryTestCase, read_stored


def open_zip(content: bytes) -> zipfile.ZipFile:
    opened = zipfile.ZipFile(io.BytesIO(content))
    assert opened.testzip() is None
    return opened


class NameTests(SimpleTestCase):
    def test_names_are_safe_everywhere(self) -> None:
        for name, safe in (
            ("../../etc/passwd", "-..-etc-passwd"),
            ('a:b*c?"<>|\\d', "a-b-c------d"),
            ("CON", "CON_"),
            (" . ", "photo"),
            ("", "photo"),
            ("x" * 98 + " . .", "x" * 98),
            ("Großmutter, 1923", "Großmutter, 1923"),
        ):
            with self.subTest(name):
                self.assertEqual(safe_name(name), safe)


class ContentTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.colored = self.make_colored(self.owner, mark=1)
        self.grey = self.make_photo(self.owner, mark=2)

    def zip_of(self, what: What) -> zipfile.ZipFile:
        archive = pack("Farm", contents_of(list(Photo.objects.order_by("pk")), what))
        content = b"".join(archive)
        self.assertEqual(len(archive), len(content))
        return open_zip(content)

    def test_results_and_originals_are_the_stored_bytes(self) -> None:
        both = self.zip_of(What.BOTH)
        self.assertEqual(both.read("Farm/photo-1.jpg"), read_stored(self.colored.shown_result.image_key))
        self.assertEqual(both.read("Farm/photo-1 (original).jpg"), read_stored(self.colored.original_key))
        self.assertEqual({info.compress_type for info in both.infolist()}, {zipfile.ZIP_STORED})

    def test_what_is_chosen_is_in_it_and_what_has_no_colors_is_named(self) -> None:
        texts = {f"Farm/{name}" for name in ("photo-1.json", "photo-2.json", ABOUT)}
        self.assertEqual(set(self.zip_of(What.RESULTS).namelist()) - texts, {"Farm/photo-1.jpg"})
        self.assertIn("photo-2 has no colors yet.", self.zip_of(What.RESULTS).read(f"Farm/{ABOUT}").decode())
        originals = {"Farm/photo-1 (original).jpg", "Farm/photo-2 (original).jpg"}
        self.assertEqual(set(self.zip_of(What.ORIGINALS).namelist()) - texts, originals)

    def test_a_text_beside_each_tells_where_the_colors_come_from(self) -> None:
        services.describe_photo(self.colored.pk, title="", taken=None)
        told = json.loads(self.zip_of(What.RESULTS).read("Farm/photo-1.json"))
        self.assertEqual(told["original"]["sha256"], self.colored.digest)
        self.assertEqual(told["original"]["file"], None)
        result = told["result"]
        self.assertEqual(
            (result["file"], result["model"], result["weights_sha256"]), ("photo-1.jpg", "photolab-test", "d" * 64)
        )
        self.assertIn("simulated", result["note"])
        self.assertEqual(json.loads(self.zip_of(What.BOTH).read("Farm/photo-2.json"))["result"], None)

    def test_names_that_differ_by_capitals_alone_are_told_apart(self) -> None:
        Photo.objects.update(title="Farm")
        Photo.objects.filter(pk=self.grey.pk).update(title="FARM")
        names = self.zip_of(What.ORIGINALS).namelist()
        self.assertIn("Farm/Farm (original).jpg", names)
        self.assertIn("Farm/FARM (2) (original).jpg", names)

    def test_files_that_the_storage_lost_or_cut_off_are_told_inside(self) -> None:
        default_storage.delete(self.grey.original_key)
        (self.media / self.colored.shown_result.image_key).write_bytes(b"cut")
        both = self.zip_of(What.BOTH)
        told = both.read(f"Farm/{ABOUT}").decode()
        self.assertIn("photo-2 (original).jpg is missing: its file is not in the storage.", told)
        self.assertIn("photo-1.jpg is missing: its file has 3 bytes in the storage", told)
        self.assertNotIn("Farm/photo-1.jpg", both.namelist())
        self.assertEqual(both.read("Farm/photo-1 (original).jpg"), read_stored(self.colored.original_key))

    def test_a_file_that_breaks_off_while_it_is_sent_is_no_short_picture(self) -> None:
        contents = contents_of([self.colored], What.ORIGINALS)
        contents.members = [Member("x.jpg", self.colored.original_key, self.colored.byte_size + 1)]
        with self.assertRaises((RuntimeError, ValueError)):
            b"".join(pack("Farm", contents))


class AnswerTests(GalleryRaceTestCase):
    """The answers stream in threads, which see only what is committed."""

    def setUp(self) -> None:
        super().setUp()
        self.photos = [self.make_colored(self.owner, mark=mark) for mark in range(3)]
        self.album = services.create_album(self.owner, "At the/sea")
        services.add_to_album(self.album.pk, [photo.pk for photo in self.photos])

    def ask(self, address: str, **fields: object) -> HttpResponse | StreamingHttpResponse:
        async def ask() -> tuple[object, bytes]:
            client = AsyncClient()
            await client.aforce_login(self.owner)
            answer = await (client.post(address, fields) if fields else client.get(address))
            return answer, b"".join([chunk async for chunk in answer])

        answer, self.content = asyncio.run(ask())
        return answer

    def test_an_album_comes_whole_and_with_its_length(self) -> None:
        answer = self.ask(reverse("album_download", args=[self.album.pk]) + "?what=results")
        self.assertEqual(answer["Content-Type"], "application/zip")
        self.assertEqual(int(answer["Content-Length"]), len(self.content))
        self.assertIn('filename="At the-sea.zip"', answer["Content-Disposition"])
        self.assertEqual(len(open_zip(self.content).namelist()), 3 + 3 + 1)

    def test_one_photo_and_a_selection(self) -> None:
        self.ask(reverse("photo_download", args=[self.photos[0].pk]))
        names = ["About these photographs.txt", "photo-0 (original).jpg", "photo-0.jpg", "photo-0.json"]
        self.assertEqual(sorted(open_zip(self.content).namelist()), [f"photo-0/{name}" for name in names])
        ids = [photo.pk for photo in self.photos[1:]]
        self.ask(reverse("photos_chosen"), do="download", photo=ids, what="originals")
        pictures = [name for name in open_zip(self.content).namelist() if name.endswith(".jpg")]
        self.assertEqual(pictures, ["Photo-Lab/photo-1 (original).jpg", "Photo-Lab/photo-2 (original).jpg"])
