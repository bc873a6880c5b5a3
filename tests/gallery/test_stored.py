"""The files as their owner gets them."""

import io

from asgiref.sync import sync_to_async
from django.test import AsyncClient
from django.urls import reverse
from PIL import Image

from gallery import services
from tests import pictures
from tests.base import GalleryTestCase, as_upload, read_stored


class StoredFileTests(GalleryTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.owner)

    def test_the_owner_gets_the_original_byte_for_byte_under_its_own_name(self) -> None:
        content = pictures.encoded(pictures.sixteen_bit(), "TIFF")
        photo = services.upload_photo(self.owner, as_upload(content, "Großtante 1912.tif")).photo
        answer = self.client.get(reverse("photo_file", args=[photo.pk, "original"]), {"download": "1"})
        self.assertEqual(answer.content, content)
        self.assertEqual(answer["Content-Type"], "image/tiff")
        self.assertEqual(answer["Content-Disposition"], "attachment; filename*=utf-8''Gro%C3%9Ftante%201912.tif")

    def test_shown_files_are_pictures_and_never_guessed_at(self) -> None:
        photo = self.make_photo(self.owner)
        answer = self.client.get(reverse("photo_file", args=[photo.pk, "thumb"]))
        self.assertEqual(Image.open(io.BytesIO(answer.content)).format, "JPEG")
        self.assertTrue(answer["Content-Disposition"].startswith("inline"))
        self.assertEqual(answer["X-Content-Type-Options"], "nosniff")
        self.assertEqual(answer["Cache-Control"], "private, no-cache")

    def test_a_browser_that_has_the_file_gets_no_second_copy(self) -> None:
        address = reverse("photo_file", args=[self.make_photo(self.owner).pk, "preview"])
        etag = self.client.get(address)["ETag"]
        again = self.client.get(address, headers={"If-None-Match": etag})
        self.assertEqual((again.status_code, again.content, again["ETag"]), (304, b"", etag))
        other = reverse("photo_file", args=[self.make_photo(self.owner, mark=1).pk, "preview"])
        self.assertNotEqual(self.client.get(other)["ETag"], etag)

    def test_the_result_is_offered_under_a_name_that_tells(self) -> None:
        photo = self.make_colored(self.owner)
        answer = self.client.get(reverse("result_file", args=[photo.latest_job.pk, "image"]), {"download": "1"})
        self.assertEqual(answer.content, read_stored(photo.shown_result.image_key))
        self.assertEqual(answer["Content-Disposition"], 'attachment; filename="photo-0-colorized.jpg"')

    def test_a_job_without_a_result_has_no_files(self) -> None:
        job = self.make_photo(self.owner).latest_job
        self.assertEqual(self.client.get(reverse("result_file", args=[job.pk, "image"])).status_code, 404)

    def test_a_file_missing_from_the_storage_is_not_found(self) -> None:
        photo = self.make_photo(self.owner)
        (self.media / photo.thumb_key).unlink()
        self.assertEqual(self.client.get(reverse("photo_file", args=[photo.pk, "thumb"])).status_code, 404)

    async def test_a_large_file_comes_in_pieces_and_whole(self) -> None:
        content = pictures.encoded(pictures.color((1200, 900)), "TIFF")
        uploaded = await sync_to_async(services.upload_photo)(self.owner, as_upload(content, "scan.tif"))
        client = AsyncClient()
        await client.aforce_login(self.owner)
        answer = await client.get(reverse("photo_file", args=[uploaded.photo.pk, "original"]))
        self.assertTrue(answer.streaming)
        pieces = [piece async for piece in answer.streaming_content]
        self.assertGreater(len(pieces), 10)
        self.assertEqual(b"".join(pieces), content)
        self.assertEqual(answer["Content-Length"], str(len(content)))
