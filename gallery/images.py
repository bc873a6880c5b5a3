"""The only place where a user's bytes become a picture: cheap looks here, decoding in a child process.

The child has limits of memory, processor time and wall-clock time. At the upload it is decoding.py; the worker's,
which reads everything that there is to color, is the colorizer's.
"""

import errno
import hashlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore

from django.conf import settings
from django.core.files.base import File
from PIL import Image

from gallery.dates import TakenOn, read_exif_date
from gallery.decoding import (
    DAMAGED,
    PREVIEW_QUALITY,
    PREVIEW_SIDE,
    REFUSED,
    THUMB_QUALITY,
    THUMB_SIDE,
    TOO_MUCH_MEMORY,
    encode_jpeg,
    shrink,
)
from gallery.uploading import max_upload_bytes

logger = logging.getLogger(__name__)

CHILD_TIMEOUT_S = 60
# Each child may take two gigabytes: what many visitors send at once has to queue up, and not for long.
CHILDREN = BoundedSemaphore(2)
PATIENCE_S = 20
EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "TIFF": "tif", "HEIF": "heic", "AVIF": "avif"}
CONTENT_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "HEIF": "image/heic",
    "AVIF": "image/avif",
}
ACCEPTED = "JPEG, PNG, WebP, TIFF, HEIC and AVIF"
HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif")
TOO_SLOW = "Reading this photograph took too long. Save it again in another program, or smaller."
BUSY = "The site is busy reading other photographs. Try again in a minute."
NOT_KEPT = "The site cannot keep photographs just now. Nothing is wrong with yours: try again in a minute."
LEAST_ROOM_BYTES = 8 * 1024 * 1024  # a child that failed beside less than this on the disk failed for it


class ImageRefused(Exception):
    """str() is one plain sentence or two for the owner: the reason, and what to do."""


class SiteBusy(ImageRefused):
    """Nothing is wrong with the file."""


class NotKept(SiteBusy):
    """The storage or the disk is in trouble."""

    def __init__(self) -> None:
        super().__init__(NOT_KEPT)


@dataclass(frozen=True)
class Measured:
    """What is known of an upload before anything reads it as a picture."""

    digest: str
    byte_size: int


@dataclass(frozen=True)
class Inspected:
    """A photograph that can be read to its end. Sizes are after orientation; previews are JPEG."""

    format: str
    width: int
    height: int
    has_color: bool
    is_toned: bool
    taken: TakenOn | None
    preview: bytes
    thumb: bytes


def measure(upload: File) -> Measured:
    """Refuses by bytes and by signature; the digest tells whether the same bytes are here already."""
    size = upload.size
    if size == 0:
        raise ImageRefused("This file is empty.")
    if size > max_upload_bytes():
        raise ImageRefused(
            f"This file has {size / 1024 / 1024:.0f} MB; at most {settings.PHOTOLAB_MAX_UPLOAD_MB} MB are accepted."
        )
    digest = hashlib.sha256()
    upload.seek(0)
    for number, chunk in enumerate(upload.chunks()):
        if number == 0:
            check_signature(chunk[:32])
        digest.update(chunk)
    return Measured(digest.hexdigest(), size)


def check_signature(head: bytes) -> None:
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        return
    if head.startswith((b"II*\0", b"MM\0*")) and head[8:10] != b"CR":
        return
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return
    if head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS:
        return
    raise ImageRefused(f"{describe_unknown(head)}; {ACCEPTED} are accepted.")


def describe_unknown(head: bytes) -> str:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"GIF8"):
        return "This is a GIF"
    if head.startswith(b"%PDF"):
        return "This is a PDF document"
    if head.startswith(b"BM"):
        return "This is a BMP picture"
    if head[4:8] == b"ftyp":
        return "This is a video or a camera raw file"
    if head.startswith((b"II*\0", b"FUJIFILM", b"IIRO", b"IIU\0")):
        return "This is a camera raw file"
    if text.startswith((b"<svg", b"<?xml", b"<!doctype", b"<html")):
        return "This is a drawing or a web page (SVG, HTML), not a photograph"
    return "This is not a photograph"


def inspect(upload: File) -> Inspected:
    with as_path(upload) as source, temporary_folder() as folder:
        read_in_child("gallery.decoding", source, folder)
        facts = json.loads((folder / "facts.json").read_text())
        return Inspected(
            format=facts["format"],
            width=facts["width"],
            height=facts["height"],
            has_color=facts["has_color"],
            is_toned=facts["is_toned"],
            taken=read_exif_date(facts["taken"]),
            preview=(folder / "preview.jpg").read_bytes(),
            thumb=(folder / "thumb.jpg").read_bytes(),
        )


def read_in_child(program: str, source: Path, folder: Path, *words: str, in_turn: bool = True) -> None:
    """Run a module that reads the file `source` and leaves what it found in `folder`. Raises ImageRefused, and
    OSError when it failed because the disk is full.

    It is called with both, the most pixels and the words; gallery.decoding says how it answers. `in_turn` is for
    processes that would otherwise read as many at once as strangers send.
    """
    arguments = [str(source), str(folder), str(settings.PHOTOLAB_MAX_PIXELS), *words]
    with _turn() if in_turn else nullcontext():
        child = _run_child(program, arguments)
    if child.returncode != 0 and shutil.disk_usage(folder).free < LEAST_ROOM_BYTES:
        raise OSError(errno.ENOSPC, "No room for temporary files", str(folder))
    if child.returncode == REFUSED:
        raise ImageRefused(child.stdout.strip())
    if child.returncode != 0:
        logger.warning("%s ended with %s: %s", program, child.returncode, child.stderr.strip()[-2000:])
        raise ImageRefused(_why_it_ended(child.returncode))


def encode_preview(image: Image.Image, long_side: int) -> bytes:
    """PREVIEW_SIDE or THUMB_SIDE; the same builder as for originals."""
    quality = {PREVIEW_SIDE: PREVIEW_QUALITY, THUMB_SIDE: THUMB_QUALITY}[long_side]
    return encode_jpeg(shrink(image, long_side), quality)


@contextmanager
def as_path(upload: File) -> Iterator[Path]:
    """Where the child can read the upload; large uploads are on disk already."""
    if hasattr(upload, "temporary_file_path"):
        upload.flush()
        yield Path(upload.temporary_file_path())
        return
    with tempfile.NamedTemporaryFile(dir=settings.PHOTOLAB_TMP) as copy:
        upload.seek(0)
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=settings.PHOTOLAB_TMP) as name:
        yield Path(name)


@contextmanager
def _turn() -> Iterator[None]:
    if not CHILDREN.acquire(timeout=PATIENCE_S):
        raise SiteBusy(BUSY)
    try:
        yield
    finally:
        CHILDREN.release()


def _run_child(program: str, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [sys.executable, "-m", program, *arguments],
            cwd=settings.BASE_DIR,
            env={"PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CHILD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ImageRefused(TOO_SLOW) from error


def _why_it_ended(returncode: int) -> str:
    """A child that refused nothing: ended by a signal, or by an error of its own."""
    return {-signal.SIGXCPU: TOO_SLOW, -signal.SIGKILL: TOO_MUCH_MEMORY}.get(returncode, DAMAGED)
