"""2,000 broken photographs by the real upload, two at a time; what is taken, the worker's own child reads, too.

Which reads with another library: what one takes the other may refuse, in plain words, and nothing may die of it.
"""

import resource
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.core.files.storage import default_storage
from django.db import connections
from django.test import Client, tag

from gallery import images
from gallery.decoding import MAX_MEMORY_BYTES
from gallery.models import Photo
from tests import hostile
from tests.base import GalleryRaceTestCase
from tests.hostile_uploads import HostileUploads, Outcome

MANY = 2_000
AT_ONCE = 2  # as many children as the site lets decode at once
READ_BY_THE_WORKER = 200
GROWS_AT_MOST_KB = 200 * 1024  # of this process, which holds the web's part


@tag("fleet")
class ManyHostileFilesTests(HostileUploads, GalleryRaceTestCase):
    def send_all(self, files: Sequence[hostile.Hostile]) -> Outcome:
        """In a thread of its own."""
        outcome, client = Outcome(), Client()
        client.force_login(self.owner)
        try:
            for file in files:
                self.send(client, file, outcome)
        finally:
            connections.close_all()
        return outcome

    def test_two_thousand_broken_photographs(self) -> None:
        files = [*hostile.mutants(MANY), *hostile.bombs()]
        before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            outcomes = list(pool.map(self.send_all, [files[number::AT_ONCE] for number in range(AT_ONCE)]))
        seconds = time.monotonic() - began
        self.assertEqual(len(files), sum(outcome.told for outcome in outcomes))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        self.assertLess(grown, GROWS_AT_MOST_KB)
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        self.assertLess(largest * 1024, MAX_MEMORY_BYTES)
        self.assertEqual(3 * Photo.objects.count(), len(self.stored_files()))
        taken, refused = self.read_by_the_worker()
        accepted = sum(len(outcome.accepted) for outcome in outcomes)
        slowest = max(outcome.slowest for outcome in outcomes)
        self.figures = (
            f"{len(files)} files in {seconds:.0f} s, {accepted} taken, slowest {slowest[0]:.1f} s ({slowest[1]}), "
            f"child {largest // 1024} MB at most, web +{grown // 1024} MB; "
            f"of {taken + refused} taken ones the worker's reader refused {refused}"
        )

    def read_by_the_worker(self) -> tuple[int, int]:
        """How many of the photographs its child reads, and how many it refuses."""
        taken = refused = 0
        for photo in Photo.objects.all()[:READ_BY_THE_WORKER]:
            with tempfile.TemporaryDirectory() as name, default_storage.open(photo.original_key) as original:
                source = Path(name) / "original"
                source.write_bytes(original.read())
                try:
                    images.read_in_child("colorizer.scans", source, Path(name), in_turn=False)
                    taken += 1
                except images.ImageRefused as refusal:
                    self.assert_plain(str(refusal), hostile.Hostile(photo.file_name, photo.file_name, b""))
                    refused += 1
        return taken, refused
