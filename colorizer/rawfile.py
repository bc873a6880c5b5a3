"""Pixels in a plain file, read and written piece by piece: how a picture of any size stays out of memory.

Also where libvips is set up: it may open the formats of photographs and nothing else, and remembers nothing.
Imports neither numpy nor torch on loading: the program that reads a user's bytes starts for every photograph.
"""

import logging
import mmap
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyvips

if TYPE_CHECKING:
    import numpy as np

STRIP_ROWS = 4096
RELEASE_S = 0.02  # how often mapped pages are given back; a fast merge touches some 20 MB in that time
THREADS = 2  # each of libvips's threads holds strips of the picture, so memory would grow with the cores
_FORMATS = ("Jpeg", "Png", "Tiff", "Webp", "Heif", "Raw")

logging.getLogger("pyvips").setLevel(logging.ERROR)  # it tells of each step
pyvips.operation_block_set("VipsForeignLoad", True)
for _name in _FORMATS:
    pyvips.operation_block_set(f"VipsForeignLoad{_name}", False)
pyvips.cache_set_max(0)
pyvips.concurrency_set(THREADS)


@dataclass(frozen=True)
class RawFile:
    """`height` rows of `width` pixels of 1 or 3 `bands`, 8 or 16 `bits` each, in the machine's byte order.

    Values are sRGB-encoded; one band is grey with the sRGB curve.
    """

    path: Path
    width: int
    height: int
    bands: int
    bits: int

    @property
    def byte_size(self) -> int:
        return self.width * self.height * self.bands * (self.bits // 8)

    def strips(self, rows: int) -> list[pyvips.Image]:
        """For libvips, so many rows each; the last has what is left."""
        row_bytes = self.byte_size // self.height
        return [
            pyvips.Image.rawload(
                str(self.path),
                self.width,
                min(rows, self.height - top),
                self.bands,
                offset=top * row_bytes,
                format="uchar" if self.bits == 8 else "ushort",
            )
            for top in range(0, self.height, rows)
        ]

    def image(self) -> pyvips.Image:
        """For libvips, from top to bottom. The join keeps it from mapping the whole file at once."""
        strips = self.strips(STRIP_ROWS)
        # arrayjoin gives all its strips one height: the last one, if lower, is joined by itself.
        whole = strips if len(strips) == 1 or strips[-1].height == STRIP_ROWS else strips[:-1]
        image = pyvips.Image.arrayjoin(whole, across=1)
        if len(whole) < len(strips):
            image = image.join(pyvips.Image.arrayjoin(strips[-1:], across=1), "vertical")
        return image.copy(interpretation=interpretation(self.bands, self.bits))

    @contextmanager
    def mapped(self) -> Iterator["np.ndarray"]:
        """(height, width, bands), uint8 or uint16, written through to the file, which is made if it is not there.

        While it is open, pages that were touched are given back again and again: they stay in the system's
        cache, which it can take away, and no longer count as this process's memory. Raises OSError for the disk.
        """
        import numpy as np

        with self.path.open("r+b" if self.path.exists() else "x+b") as file:
            if hasattr(os, "posix_fallocate"):  # a full disk is told now; later it would end the process (SIGBUS)
                os.posix_fallocate(file.fileno(), 0, self.byte_size)
            else:  # macOS
                file.truncate(self.byte_size)
            pages = mmap.mmap(file.fileno(), self.byte_size)
        done = threading.Event()

        def release() -> None:
            while not done.wait(RELEASE_S):
                pages.madvise(mmap.MADV_DONTNEED)

        releasing = threading.Thread(target=release, name="release", daemon=True)
        releasing.start()
        try:
            dtype = np.uint8 if self.bits == 8 else np.uint16
            yield np.frombuffer(pages, dtype).reshape(self.height, self.width, self.bands)
        finally:
            done.set()
            releasing.join()


def interpretation(bands: int, bits: int) -> str:
    """libvips's word for values as in RawFile."""
    return {(1, 8): "b-w", (1, 16): "grey16", (3, 8): "srgb", (3, 16): "rgb16"}[bands, bits]
