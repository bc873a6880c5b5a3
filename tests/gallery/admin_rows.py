"""A row of every model of the gallery, for tests of the admin, of backups and of migrations."""

from hashlib import sha256
from typing import Any

from django.contrib.auth.models import User

from gallery import services
from gallery.models import (
    AccountLimits,
    Album,
    ApiKey,
    KeptAnswer,
    KeptOut,
    PartialUpload,
    Photo,
    Preview,
    Share,
    UploadBatch,
)
from gallery.queue import QUEUE_TRAIN
from tests import pictures
from tests.gallery.training_rows import TrainingRows


class TrueDigests:
    """Photos have the digest of their bytes, so no owner has two of the same mark. Before Orders among the bases."""

    def make_photo(self, owner: User, *, mark: int = 0, **fields: Any) -> Photo:
        digest = sha256(pictures.jpeg((64, 48), mark=mark)).hexdigest()
        return super().make_photo(owner, mark=mark, **{"digest": digest, **fields})


class AdminRows(TrainingRows):
    """For test cases that also are GalleryTestCase and have a colored `photo` of the owner's."""

    photo: Photo

    def make_every_row(self) -> None:
        self.make_worker()
        services.ask_for_check(self.staff, reads_bytes=True)
        services.delete_photos([self.make_photo(self.friend, mark=5).pk])
        ApiKey.objects.create(user=self.owner, name="Scanner")
        AccountLimits.objects.create(owner=self.owner, storage_mb=500)
        self.make_every_training_row()
        self.make_every_program_row()
        self.make_every_row_of_albums()
        services.pause_queue(QUEUE_TRAIN, self.staff)

    def make_every_program_row(self) -> None:
        UploadBatch.objects.create(owner=self.owner)
        PartialUpload.objects.create(owner=self.owner, file_name="scan.tif", byte_size=9)
        services.set_batch_mails(self.owner, True)
        services.send_test(services.set_webhook(self.owner, "https://hooks.example.org"))
        KeptAnswer.objects.create(owner=self.owner, key="first", body_digest="d" * 64)

    def make_every_row_of_albums(self) -> Share:
        """An album with a link whose password is set, a copy made for it, and a preview."""
        album = Album.objects.create(owner=self.owner, title="Farm")
        services.add_to_album(album.pk, [self.photo.pk])
        share = services.create_share(album, services.ShareTerms(password="seven red bicycles"))
        services.shared_file(share, self.photo, "original")
        Preview.objects.create(photo=self.photo, kind=Preview.Kind.PICTURE)
        return share

    def make_every_training_row(self) -> None:
        services.give_consent(self.owner)
        base = self.make_shipped()
        self.make_set(self.owner)
        self.start()
        claim = self.claimed_run()
        services.freeze_snapshot(claim)
        told = services.Progress("decoder", 1, 2, pictures_per_s=1.0, eta_s=1.0, losses={"l1": 1.0})
        services.report_progress(claim, told)
        services.record_evaluation(claim, 1, figures={}, sample_keys=[])
        version = services.finish_run(claim, self.new_version())
        services.record_vote(version, "a.jpg", prefers_version=True, by=self.staff)
        KeptOut.objects.create(owner=self.owner, digest="k" * 64)
        self.assertEqual(version.parent, base)
