"""Photos in a bucket: the settings' own S3 storage against a real server, SeaweedFS."""

import io
import json
import os
import subprocess
import sys
import zipfile
from unittest import skipIf

import httpx
from django.conf import settings
from django.core.files.storage import default_storage
from django.test import override_settings

from gallery import files, services
from gallery.models import Photo
from gallery.zipping import What, contents_of, pack
from tests import pictures
from tests.base import GalleryTestCase, as_upload, read_stored
from tests.fleet.servers import LAB, WEED, SeaweedFS

CLERK = {"accessKey": "clerk", "secretKey": "another-secret-for-tests"}


def storage_settings(bucket: SeaweedFS, **more: str) -> dict[str, dict[str, object]]:
    """STORAGES that settings.py makes of the variables, read in a process of its own."""
    variables = {**bucket.environment, "PHOTOLAB_DATA": str(settings.PHOTOLAB_DATA), **more}
    script = "import json; from photolab_site.settings import STORAGES; print(json.dumps(STORAGES))"
    command = [sys.executable, "-c", script]
    answer = subprocess.run(
        command, cwd=settings.BASE_DIR, env={**os.environ, **variables}, capture_output=True, text=True, check=True
    )
    return json.loads(answer.stdout)


@skipIf(sys.platform == "darwin" and WEED is None, "there is no SeaweedFS wheel for this kind of Mac")
class S3Tests(GalleryTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        clerk = {"name": "clerk", "credentials": [CLERK], "actions": ["Write:photos/open/*"]}
        cls.bucket = cls.enterClassContext(SeaweedFS(clerk))
        cls.storage_settings = storage_settings(cls.bucket)["default"]

    def setUp(self) -> None:
        super().setUp()
        in_bucket = override_settings(STORAGES={**settings.STORAGES, "default": self.storage_settings})
        in_bucket.enable()
        self.addCleanup(in_bucket.disable)

    def test_a_photo_is_kept_colored_read_and_deleted_in_a_bucket(self) -> None:
        content = pictures.jpeg()
        photo = services.upload_photo(self.owner, as_upload(content)).photo
        self.assertEqual(set(photo.file_keys), self.bucket.names())
        self.assertEqual(content, read_stored(photo.original_key))
        claim = self.claimed(photo)
        output = self.stored_output(claim)
        self.assertTrue(services.finish(claim, output))
        self.assertIn(output.image_key, self.bucket.names())
        self.client.force_login(self.owner)
        answer = self.client.get(f"/photos/{photo.pk}/files/original/")
        self.assertEqual(content, answer.content)
        self.assertEqual(403, httpx.get(f"{self.bucket.endpoint}/photos/{photo.original_key}").status_code)
        with self.captureOnCommitCallbacks(execute=True):
            services.delete_photos([photo.pk])
        self.assertEqual(0, Photo.objects.count())
        self.assertEqual(set(), self.bucket.names())

    def test_a_zip_comes_from_a_bucket_and_names_what_it_lost(self) -> None:
        kept, lost = (self.make_colored(self.owner, mark=mark) for mark in (1, 2))
        default_storage.delete(lost.original_key)
        archive = pack("Farm", contents_of([kept, lost], What.BOTH))
        content = b"".join(archive)
        self.assertEqual(len(content), len(archive))
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            self.assertEqual(read_stored(kept.original_key), opened.read("Farm/photo-1 (original).jpg"))
            self.assertIn("photo-2 (original).jpg is missing", opened.read("Farm/About these photographs.txt").decode())

    def using(self, keys: dict[str, str]) -> override_settings:
        options = {**self.storage_settings["OPTIONS"], "access_key": keys["accessKey"], "secret_key": keys["secretKey"]}
        return override_settings(
            STORAGES={**settings.STORAGES, "default": {**self.storage_settings, "OPTIONS": options}}
        )

    def test_a_file_that_will_not_go_keeps_no_other(self) -> None:
        for key in ("shut/first", "open/last"):
            files.store(key, b"content")
        with self.using(CLERK), self.assertLogs("gallery.files", "ERROR") as told:
            files.delete(["shut/first", "open/last"])
        self.assertIn("shut/first could not be deleted", told.output[0])
        self.assertEqual({"shut/first"}, self.bucket.names())
        files.delete(["shut/first"])

    def test_a_bucket_that_refuses_everything_breaks_no_deletion(self) -> None:
        wrong = {**LAB, "secretKey": "another"}
        with self.using(wrong), self.assertLogs("gallery.files", "ERROR") as told:
            files.delete(["a/one", "a/two"])
            files.delete_folder("a")
        self.assertEqual([True, False, True], ["Traceback" in line for line in told.output])

    def test_a_large_download_comes_straight_from_the_bucket_where_browsers_reach_it(self) -> None:
        content = pictures.encoded(pictures.color((1200, 900)), "TIFF")
        photo = services.upload_photo(self.owner, as_upload(content, "Großtante.tif")).photo
        self.addCleanup(files.delete, photo.file_keys)
        address = f"/photos/{photo.pk}/files/original/"
        public = storage_settings(self.bucket, PHOTOLAB_S3_PUBLIC_ENDPOINT=self.bucket.endpoint)["signed"]
        self.client.force_login(self.owner)
        with override_settings(STORAGES={**settings.STORAGES, "signed": public}):
            answer = self.client.get(address, {"download": "1"})
            shown = self.client.get(address)
            small = self.client.get(f"/photos/{photo.pk}/files/thumb/", {"download": "1"})
            self.client.force_login(self.stranger)
            self.assertEqual(404, self.client.get(address, {"download": "1"}).status_code)
        self.assertEqual((302, "no-store"), (answer.status_code, answer["Cache-Control"]))
        self.assertEqual((200, 200), (shown.status_code, small.status_code))  # what is shown, and what is small
        signed = answer["Location"]
        self.assertIn("X-Amz-Expires=60", signed)
        fetched = httpx.get(signed)
        self.assertEqual(content, fetched.content)
        self.assertEqual("image/tiff", fetched.headers["Content-Type"])
        self.assertEqual("attachment; filename*=utf-8''Gro%C3%9Ftante.tif", fetched.headers["Content-Disposition"])
        other = signed.replace(photo.original_key, photo.thumb_key)
        self.assertEqual(403, httpx.get(other).status_code)
        self.assertEqual(403, httpx.get(signed.replace("X-Amz-Expires=60", "X-Amz-Expires=600")).status_code)

    def test_an_address_of_the_bucket_that_is_none_is_refused_by_the_settings_name(self) -> None:
        with self.assertRaises(subprocess.CalledProcessError) as refused:
            storage_settings(self.bucket, PHOTOLAB_S3_PUBLIC_ENDPOINT="files.example.org")
        self.assertIn("PHOTOLAB_S3_PUBLIC_ENDPOINT", refused.exception.stderr)
