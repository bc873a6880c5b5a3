"""What the gallery's tests share: a cast of four people, a storage of their own, photographs and their jobs."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from celery import current_app
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Permission, User
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import TestCase, TransactionTestCase, override_settings

from gallery import files, services
from gallery.keys import new_photo_keys, new_result_keys
from gallery.models import Job, Photo, Worker
from gallery.variants import VariantSettings
from tests import pictures

PASSWORD = "a long and quiet afternoon"
A_COLOR = {"hints": [{"x": 10.0, "y": 20.0, "radius": 5.0, "color": "#ff0000"}]}


@cache
def hashed_password() -> str:
    """Hashed once for all: Argon2 is slow on purpose."""
    return make_password(PASSWORD)


class OwnStorage:
    """Files in a folder that lives as long as the test, and no broker within reach."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="photolab-test-")
        self.addCleanup(folder.cleanup)
        self.media = Path(folder.name) / "media"
        local = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": self.media}}
        overridden = override_settings(STORAGES={**settings.STORAGES, "default": local})
        overridden.enable()
        self.addCleanup(overridden.disable)
        self.use_broker(f"redis+socket://{folder.name}/nobody.sock")

    def use_broker(self, url: str) -> None:
        before = current_app.conf.broker_url
        current_app.conf.broker_url = url
        self.addCleanup(setattr, current_app.conf, "broker_url", before)

    def stored_files(self) -> set[str]:
        return {str(path.relative_to(self.media)) for path in self.media.rglob("*") if path.is_file()}


class Cast:
    """Four people: the owner of the photographs, a friend, a stranger and one of the staff."""

    def make_cast(self) -> None:
        self.owner = Cast.make_user("olga")
        self.friend = Cast.make_user("frida")
        self.stranger = Cast.make_user("sam")
        self.staff = Cast.make_user("stella", is_staff=True, is_superuser=True)

    @staticmethod
    def make_user(name: str, **rights: bool) -> User:
        return User.objects.create(username=name, email=f"{name}@example.org", password=hashed_password(), **rights)

    @staticmethod
    def make_clerk(*rights: str) -> User:
        """One more of the staff, with just these rights: codenames of the gallery's permissions."""
        clerk = Cast.make_user("clara", is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(content_type__app_label="gallery", codename__in=rights))
        return clerk


class Orders:
    """Shorthand for rows that exist before a test begins."""

    def make_photo(self, owner: User, *, mark: int = 0, **fields: Any) -> Photo:
        """A photo with its stored files and its first, queued job; the file itself is small."""
        content = pictures.jpeg((64, 48), mark=mark)
        keys = new_photo_keys("jpg")
        for key in (keys.original, keys.preview, keys.thumb):
            files.store(key, content)
        facts = {
            "file_name": f"photo-{mark}.jpg",
            "digest": uuid4().hex * 2,
            "format": "JPEG",
            "width": 64,
            "height": 48,
            "byte_size": len(content),
            "has_color": False,
        }
        photo = Photo.objects.create(
            owner=owner,
            original_key=keys.original,
            preview_key=keys.preview,
            thumb_key=keys.thumb,
            **{**facts, **fields},
        )
        Job.objects.create(photo=photo)
        return photo

    def make_worker(self, name: str = "host:1") -> Worker:
        facts = services.WorkerFacts(id=uuid4(), name=name, queue="colorize", device="cpu")
        services.register_worker(facts)
        return Worker.objects.get(pk=facts.id)

    def claimed(self, photo: Photo, worker: Worker | None = None) -> services.Claim:
        job = photo.jobs.latest("id")
        claim = services.claim(job.pk, (worker or self.make_worker()).pk)
        assert claim is not None
        return claim

    def stored_output(self, claim: services.Claim) -> services.ColoredFiles:
        """What a worker has stored when it comes to finish."""
        content = pictures.encoded(pictures.color((64, 48)))
        keys = new_result_keys(claim.job_id, claim.attempt, "jpg")
        for key in (keys.image, keys.preview, keys.thumb):
            files.store(key, content)
        return services.ColoredFiles(
            image_key=keys.image,
            preview_key=keys.preview,
            thumb_key=keys.thumb,
            format="JPEG",
            width=64,
            height=48,
            byte_size=len(content),
            model_name="photolab-test",
            model_digest="d" * 64,
        )

    def make_colored(self, owner: User, *, mark: int = 0, told: dict[str, Any] | None = None) -> Photo:
        """`told` is what VariantSettings.parse takes."""
        photo = self.make_photo(owner, mark=mark)
        photo.jobs.update(settings=VariantSettings.parse(told or {}).as_json())
        claim = self.claimed(photo)
        assert services.finish(claim, self.stored_output(claim))
        return Photo.objects.get(pk=photo.pk)


class GalleryTestCase(OwnStorage, Cast, Orders, TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.make_cast(cls)


class GalleryRaceTestCase(OwnStorage, Cast, Orders, TransactionTestCase):
    """For real races, and for what another thread has to see in the database."""

    def setUp(self) -> None:
        super().setUp()
        self.make_cast()

    def _fixture_teardown(self) -> None:
        """With TRUNCATE ... CASCADE: on PostgreSQL knox's own table of tokens, unused, holds on to accounts."""
        call_command("flush", verbosity=0, interactive=False, allow_cascade=True)


def as_upload(content: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def read_stored(key: str) -> bytes:
    with default_storage.open(key) as file:
        return file.read()
