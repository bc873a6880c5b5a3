"""One claim from stored original to stored color picture. Rows are the tasks' and services' matter."""

import io
import shutil
import tempfile
from pathlib import Path

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.files.storage import default_storage
from PIL import Image

from gallery import files, images
from gallery.decoding import PREVIEW_SIDE, THUMB_SIDE
from gallery.keys import attempt_folder, new_result_keys
from gallery.services import Claim, ColoredFiles
from worker import engine

# Sources without loss are answered without loss.
LOSSLESS_SOURCES = frozenset({"PNG", "TIFF"})


def colorize(claim: Claim) -> ColoredFiles:
    """Raises what `in_words` can explain; `discard` removes what was stored until then."""
    colorizer = engine.current()
    colored = colorizer.colorize(_read_original(claim.original_key))
    target = "PNG" if claim.format in LOSSLESS_SOURCES else "JPEG"
    encoded = _encode(colored, target)
    keys = new_result_keys(claim.job_id, claim.attempt, images.EXTENSIONS[target])
    files.store(keys.image, encoded)
    files.store(keys.preview, images.encode_preview(colored, PREVIEW_SIDE))
    files.store(keys.thumb, images.encode_preview(colored, THUMB_SIDE))
    return ColoredFiles(
        image_key=keys.image,
        preview_key=keys.preview,
        thumb_key=keys.thumb,
        format=target,
        width=colored.width,
        height=colored.height,
        byte_size=len(encoded),
        model_name=colorizer.card.name,
        model_digest=colorizer.digest,
    )


def discard(claim: Claim) -> None:
    """Remove whatever this attempt has stored."""
    files.delete_folder(attempt_folder(claim.job_id, claim.attempt))


def in_words(error: Exception) -> str:
    """Why the photo could not be colored and what to do about it, for its owner."""
    from colorizer import ColorizerError, OutOfMemoryError, WeightsError

    match error:
        case images.ImageRefused():
            return str(error)
        case MemoryError() | OutOfMemoryError():
            return "There was too little memory to color this photo. Upload a smaller copy of it."
        case WeightsError():
            return (
                "The trained colors are missing or damaged on this site. Tell whoever runs it; "
                "your photo is safe, and you can try again later."
            )
        case ColorizerError():
            return str(error)
        case SoftTimeLimitExceeded():
            return "Coloring this photo took too long and was stopped. Upload a smaller copy of it."
        case FileNotFoundError():
            return "The original file of this photo is no longer in the storage. Upload it again."
        case _:
            return (
                "Something unexpected went wrong while coloring this photo. Try again; "
                "if it happens again, tell whoever runs this site."
            )


def _read_original(key: str) -> Image.Image:
    with tempfile.TemporaryDirectory(dir=settings.PHOTOLAB_TMP) as folder:
        copy = Path(folder) / "original"
        with default_storage.open(key, "rb") as stored, copy.open("wb") as target:
            shutil.copyfileobj(stored, target, 1 << 20)
        return images.decode_pixels(copy)


def _encode(image: Image.Image, target: str) -> bytes:
    buffer = io.BytesIO()
    if target == "PNG":
        image.save(buffer, "PNG", compress_level=3)
    else:
        image.save(buffer, "JPEG", quality=95, subsampling="4:4:4")
    return buffer.getvalue()
