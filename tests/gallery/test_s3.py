"""Photos in a bucket: the settings' own S3 storage against a real server, SeaweedFS."""

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from pathlib import Path
from unittest import skipIf

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.storage import default_storage
from django.test import override_settings

from gallery import files, services
from gallery.models import Photo
from gallery.zipping import What, contents_of, pack
from tests import pictures
from tests.base import GalleryTestCase, as_upload, read_stored

WEED = shutil.which("weed", path=sysconfig.get_path("scripts"))
KEYS = {"accessKey": "photolab", "secretKey": "a-secret-for-tests"}
KEYS_TO_OPEN = {"accessKey": "clerk", "secretKey": "another-secret-for-tests"}
READY_WITHIN_S = 20


def storage_settings(endpoint: str) -> dict[str, object]:
    """What settings.py makes of the variables, read in a process of its own."""
    variables = {
        "PHOTOLAB_S3_BUCKET": "photos",
        "PHOTOLAB_S3_ENDPOINT": endpoint,
        "PHOTOLAB_S3_ACCESS_KEY": KEYS["accessKey"],
        "PHOTOLAB_S3_SECRET_KEY": KEYS["secretKey"],
        "PHOTOLAB_DATA": str(settings.PHOTOLAB_DATA),
    }
    script = "import json; from photolab_site.settings import STORAGES; print(json.dumps(STORAGES['default']))"
    command = [sys.executable, "-c", script]
    answer = subprocess.run(
        command, cwd=settings.BASE_DIR, env={**os.environ, **variables}, capture_output=True, text=True, check=True
    )
    return json.loads(answer.stdout)


def free_ports(count: int) -> list[int]:
    """Ports below 55536: the server also takes each one's number plus 10000."""
    found: list[int] = []
    number = 20000 + os.getpid() % 5000
    while len(found) < count:
        number += 7
        if is_free(number) and is_free(number + 10000):
            found.append(number)
    return found


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@skipIf(sys.platform == "darwin" and WEED is None, "there is no SeaweedFS wheel for this kind of Mac")
class S3Tests(GalleryTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="photolab-s3-")))
        port, *others = free_ports(4)
        lab = {"name": "lab", "credentials": [KEYS], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        clerk = {"name": "clerk", "credentials": [KEYS_TO_OPEN], "actions": ["Write:photos/open/*"]}
        (folder / "s3.json").write_text(json.dumps({"identities": [lab, clerk]}))
        flags = [f"-dir={folder}", f"-s3.config={folder / 's3.json'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
        flags += [f"-{name}.port={number}" for name, number in zip(("master", "volume", "filer"), others, strict=True)]
        flags += [f"-s3.port={port}", "-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        log = cls.enterClassContext((folder / "weed.log").open("wb"))
        server = subprocess.Popen([WEED, "-logtostderr=true", "mini", *flags], cwd=folder, stdout=log, stderr=log)
        cls.addClassCleanup(server.wait)
        cls.addClassCleanup(server.kill)
        cls.endpoint = f"http://127.0.0.1:{port}"
        cls.storage_settings = storage_settings(cls.endpoint)

    def setUp(self) -> None:
        super().setUp()
        in_bucket = override_settings(STORAGES={**settings.STORAGES, "default": self.storage_settings})
        in_bucket.enable()
        self.addCleanup(in_bucket.disable)
        self.make_bucket()

    def make_bucket(self) -> None:
        """The server is ready when it has made a bucket and taken a first file."""
        client = default_storage.connection.meta.client
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                if not client.list_buckets()["Buckets"]:
                    client.create_bucket(Bucket="photos")
                client.put_object(Bucket="photos", Key="first", Body=b"")
                return
            except (BotoCoreError, ClientError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def stored_names(self) -> set[str]:
        listed = default_storage.connection.meta.client.list_objects_v2(Bucket="photos")
        return {entry["Key"] for entry in listed.get("Contents", [])} - {"first"}

    def test_a_photo_is_kept_colored_read_and_deleted_in_a_bucket(self) -> None:
        content = pictures.jpeg()
        photo = services.upload_photo(self.owner, as_upload(content)).photo
        self.assertEqual(set(photo.file_keys), self.stored_names())
        self.assertEqual(content, read_stored(photo.original_key))
        claim = self.claimed(photo)
        output = self.stored_output(claim)
        self.assertTrue(services.finish(claim, output))
        self.assertIn(output.image_key, self.stored_names())
        self.client.force_login(self.owner)
        answer = self.client.get(f"/photos/{photo.pk}/files/original/")
        self.assertEqual(content, answer.content)
        self.assertEqual(403, httpx.get(f"{self.endpoint}/photos/{photo.original_key}").status_code)
        with self.captureOnCommitCallbacks(execute=True):
            services.delete_photos([photo.pk])
        self.assertEqual(0, Photo.objects.count())
        self.assertEqual(set(), self.stored_names())

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
        with self.using(KEYS_TO_OPEN), self.assertLogs("gallery.files", "ERROR") as told:
            files.delete(["shut/first", "open/last"])
        self.assertIn("shut/first could not be deleted", told.output[0])
        self.assertEqual({"shut/first"}, self.stored_names())
        files.delete(["shut/first"])

    def test_a_bucket_that_refuses_everything_breaks_no_deletion(self) -> None:
        wrong = {**KEYS, "secretKey": "another"}
        with self.using(wrong), self.assertLogs("gallery.files", "ERROR") as told:
            files.delete(["a/one", "a/two"])
            files.delete_folder("a")
        self.assertEqual([True, False, True], ["Traceback" in line for line in told.output])
