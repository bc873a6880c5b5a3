"""Raw pixels in files: what is written is read, and a disk that is full says so before the work."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

from colorizer.rawfile import STRIP_ROWS, RawFile

ROOT = Path(__file__).parents[2]
OWN_MOUNTS = ["unshare", "--mount", "--map-root-user"]
# Writes pixels into a folder that has room for a quarter of them.
WRITE = """
import errno, sys
from pathlib import Path
from colorizer.rawfile import RawFile
try:
    with RawFile(Path(sys.argv[1]) / "pixels.raw", 2000, 2000, 1, 8).mapped() as values:
        print("begun", flush=True)
        values[:] = 1
except OSError as error:
    print(errno.errorcode[error.errno])
"""


def has_own_mounts() -> bool:
    try:
        return subprocess.run([*OWN_MOUNTS, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


class RawFileTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_what_is_mapped_is_what_libvips_reads(self) -> None:
        for height in (10, STRIP_ROWS, STRIP_ROWS + 10):
            for bands, bits in ((1, 8), (3, 16)):
                pixels = RawFile(self.folder / f"{height}-{bands}", 7, height, bands, bits)
                with pixels.mapped() as values:
                    values[:] = np.arange(values.size).reshape(values.shape) % 251
                    written = np.array(values)
                self.assertEqual(pixels.byte_size, pixels.path.stat().st_size)
                np.testing.assert_array_equal(written, pixels.image().numpy().reshape(written.shape))

    @unittest.skipUnless(has_own_mounts(), "needs a small disk of its own")
    def test_a_full_disk_is_an_error_before_the_work_and_never_the_end_of_the_process(self) -> None:
        script = 'mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" -c "$3" "$1"'
        done = subprocess.run(
            [*OWN_MOUNTS, "sh", "-c", script, "sh", self.folder, sys.executable, WRITE],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual((0, "ENOSPC"), (done.returncode, done.stdout.strip()), done.stderr)
