"""Backups: whole, of one moment, gone on with, verified, and brought back into an empty site."""

import json
import subprocess
import tempfile
from io import StringIO
from pathlib import Path
from threading import Event, Thread

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now

from gallery import backups, files, services
from gallery.models import Album, ApiKey, IntegrityCheck, Job, Photo, Result, UploadBatch
from tests import pictures
from tests.base import GalleryRaceTestCase, as_upload
from tests.e2e.stack import wait_until
from tests.gallery.admin_rows import AdminRows, TrueDigests


class BackupTests(TrueDigests, AdminRows, GalleryRaceTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="photolab-backup-"))) / "backup"
        self.photo = services.upload_photo(self.owner, as_upload(pictures.jpeg(), "Großmutter.jpg")).photo
        claim = self.claimed(self.photo)
        services.finish(claim, self.stored_output(claim))

    def call(self, *words: str) -> str:
        told = StringIO()
        call_command(*words, stdout=told, stderr=told)
        return told.getvalue()

    def back_up(self) -> str:
        return self.call("backup", str(self.folder))

    def lose_everything(self) -> None:
        call_command("flush", interactive=False, verbosity=0, allow_cascade=True)
        for path in self.media.rglob("*"):
            if path.is_file():
                path.unlink()

    def restored_files(self) -> dict[str, str]:
        return {key: files.digest_of(key) for key in self.stored_files()}

    def test_what_was_backed_up_comes_back_to_the_last_byte_and_row(self) -> None:
        UploadBatch.objects.update(done_at=Now())
        self.make_every_row()
        tables = {model: list(model.objects.order_by("pk").values()) for model in (Photo, Job, Result, Album, ApiKey)}
        stored = self.restored_files()
        told = self.back_up()
        self.assertIn("holds a whole backup", told)
        self.assertNotIn(settings.SECRET_KEY, told)
        self.lose_everything()
        self.assertIn(f"Restored: {len(stored)} files.", self.call("restore", str(self.folder)))
        self.assertEqual(self.restored_files(), stored)
        for model, rows in tables.items():
            self.assertEqual(list(model.objects.order_by("pk").values()), rows, model)
        self.assertTrue(self.client.login(username="olga", password="a long and quiet afternoon"))
        self.call("check_integrity")
        # Sequences go on after what was restored.
        self.assertGreater(self.make_photo(self.friend, mark=9).pk, self.photo.pk)

    def test_the_folder_again_gets_only_what_is_new_and_loses_what_is_gone(self) -> None:
        gone = self.make_photo(self.owner, mark=1)
        self.assertIn("Copied: 9 files", self.back_up())
        services.delete_photos([gone.pk])
        new = self.make_photo(self.owner, mark=2)
        self.assertIn("Copied: 3 files", self.back_up())
        copies = {path.relative_to(self.folder / "files").as_posix() for path in self.folder.rglob("files/**/*.*")}
        self.assertEqual(copies, self.stored_files())
        self.assertIn(new.original_key, copies)
        self.assertEqual(len(list(self.folder.glob("rows-*"))), 1)
        self.assertEqual(len(list(self.folder.glob("sums-*"))), 1)

    def test_its_sums_are_those_of_sha256sum_and_nobody_else_may_read_it(self) -> None:
        self.back_up()
        (sums,) = self.folder.glob("sums-*")
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", sums.name], cwd=self.folder, check=True)
        self.assertEqual(self.folder.stat().st_mode & 0o77, 0)

    def test_one_that_was_killed_goes_on_and_until_then_the_one_before_holds(self) -> None:
        self.back_up()
        before = (self.folder / "backup.json").read_text()
        lost = self.make_photo(self.owner, mark=3)
        half = self.folder / "files" / f"{lost.original_key}.part"
        half.parent.mkdir(parents=True)
        half.write_bytes(b"half")
        (self.folder / "rows.part.jsonl.gz").write_bytes(b"half")
        self.call("restore", str(self.folder), "--check")
        self.assertEqual((self.folder / "backup.json").read_text(), before)
        self.assertIn("Copied: 3 files", self.back_up())
        self.assertFalse(half.exists())
        self.assertIn("Read and compared: 9 files.", self.call("restore", str(self.folder), "--check"))

    def test_a_damaged_copy_is_named_and_the_rest_restored(self) -> None:
        self.back_up()
        copy = self.folder / "files" / self.photo.original_key
        copy.write_bytes(copy.read_bytes()[:-1] + b"?")
        with self.assertRaisesMessage(CommandError, "Damaged: 1."):
            self.call("restore", str(self.folder), "--check")
        self.lose_everything()
        with self.assertRaisesMessage(CommandError, "Damaged: 1."):
            self.call("restore", str(self.folder))
        self.assertEqual(len(self.stored_files()), 5)
        with self.assertRaises(CommandError):
            self.call("check_integrity")
        self.assertEqual([one["row"] for one in IntegrityCheck.objects.get().problems], [f"photo {self.photo.pk}"])

    def test_damaged_rows_are_never_loaded(self) -> None:
        self.back_up()
        (rows,) = self.folder.glob("rows-*")
        rows.write_bytes(rows.read_bytes()[:-9])
        self.lose_everything()
        with self.assertRaisesMessage(CommandError, "is damaged"):
            self.call("restore", str(self.folder))
        self.assertEqual(self.stored_files(), set())

    def test_a_restore_that_was_ended_goes_on(self) -> None:
        self.back_up()
        self.lose_everything()
        whole, broken = self.photo.preview_key, self.photo.thumb_key
        files.store(whole, (self.folder / "files" / whole).read_bytes())
        files.store(broken, b"half")
        self.assertIn("Restored: 5 files. There already: 1.", self.call("restore", str(self.folder)))
        self.call("check_integrity", "--bytes")

    def test_a_site_in_use_is_never_overwritten(self) -> None:
        self.back_up()
        Photo.objects.update(title="Changed since")
        with self.assertRaisesMessage(CommandError, "nothing was changed"):
            self.call("restore", str(self.folder))
        self.assertEqual(Photo.objects.get().title, "Changed since")

    def test_a_backup_of_other_tables_or_of_nothing_is_refused(self) -> None:
        self.back_up()
        card = json.loads((self.folder / "backup.json").read_text())
        card["schema"].append("gallery.9999_of_the_future")
        (self.folder / "backup.json").write_text(json.dumps(card))
        self.lose_everything()
        with self.assertRaisesMessage(CommandError, "gallery.9999_of_the_future"):
            self.call("restore", str(self.folder))
        with self.assertRaisesMessage(CommandError, "holds no whole backup"):
            self.call("restore", str(self.folder.parent))

    def test_a_file_that_the_storage_lost_or_changed_before_is_named(self) -> None:
        result = Photo.objects.get().shown_result
        files.delete([result.thumb_key])
        path = self.media / self.photo.original_key
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        with self.assertRaisesMessage(CommandError, "2 files were missing or damaged before."):
            self.back_up()
        backups.read_card(self.folder)

    def test_while_photographs_come_and_go_it_is_of_one_moment(self) -> None:
        stop = Event()

        def come_and_go() -> None:
            mark = 10
            while not stop.is_set():
                photo = self.make_photo(self.owner, mark=mark)
                if mark % 2:
                    services.delete_photos([photo.pk])
                mark += 1
            connection.close()

        visitor = Thread(target=come_and_go)
        visitor.start()
        try:
            for _ in range(3):
                self.back_up()
        finally:
            stop.set()
            visitor.join()
        self.lose_everything()
        self.call("restore", str(self.folder))
        self.call("check_integrity")
        self.assertEqual(len(self.stored_files()), IntegrityCheck.objects.get().files_named)
        self.assertGreater(Photo.objects.count(), 1)

    def test_two_at_once_into_one_folder_are_refused(self) -> None:
        self.folder.mkdir()
        holder = subprocess.Popen(["flock", str(self.folder / ".lock"), "sleep", "30"])
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        wait_until(lambda: is_locked(self.folder / ".lock"), within_s=5)
        with self.assertRaisesMessage(CommandError, "is under way"):
            self.back_up()


def is_locked(path: Path) -> bool:
    return path.exists() and subprocess.run(["flock", "--nonblock", str(path), "true"], check=False).returncode != 0
