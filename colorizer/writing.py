"""Writes a colored picture from raw pixels into a file, piece by piece, with all that its source told."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

import pyvips
from PIL import Image

from . import metadata, profiles
from .metadata import Metadata
from .planning import check_sides
from .rawfile import STRIP_ROWS, RawFile
from .xmp import Statement

EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "TIFF": "tif", "AVIF": "avif"}
DEEP_FORMATS = {"PNG": 16, "TIFF": 16, "AVIF": 10}  # bits of a sample, at most
QUALITY = 95
FULL_COLOR_QUALITY = 90  # from here on JPEG keeps color at full size
BIG_TIFF_BYTES = 4_000_000_000  # beyond that, offsets of 32 bits do not reach


@dataclass(frozen=True)
class Target:
    """What kind of file a result becomes."""

    format: str  # one of EXTENSIONS
    quality: int = QUALITY  # 1..100 of JPEG, WebP and AVIF

    def __post_init__(self) -> None:
        if self.format not in EXTENSIONS or not 1 <= self.quality <= 100:
            raise ValueError(f"There is no {self.format} of quality {self.quality}.")


def write(
    pixels: RawFile, path: Path, target: Target, *, told: Metadata, statement: Statement, source_bits: int
) -> int:
    """Encode raw pixels of 3 bands; answers the bits of the file's samples: more than 8 only where `source_bits` are.

    The file appears under its name when it is whole. Raises ImageError when a side is too long for the format, OSError
    for the disk.
    """
    check_sides(pixels.width, pixels.height, target.format)
    bits = DEEP_FORMATS.get(target.format, 8) if source_bits > 8 else 8
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        image = _finished(pixels, bits=bits, profile=told.profile, folder=pixels.path.parent)
        _save(metadata.give(image, told, statement, file_format=target.format), part, target, bits=bits)
        metadata.finish(part, told, file_format=target.format)
        os.replace(part, path)
    except pyvips.Error as error:
        failed = OSError(f"The result {path.name} could not be written: {str(error).splitlines()[-1]}.")
        if os.strerror(errno.ENOSPC) in str(error):
            failed.errno = errno.ENOSPC
        raise failed from error
    finally:
        part.unlink(missing_ok=True)
    return bits


def reduced(pixels: RawFile, size: tuple[int, int]) -> Image.Image:
    """Mode L or RGB: means of whole blocks, about twice as large as `size`, or the picture itself where it is smaller.

    The rest of the way is Pillow's, on a picture that is small.
    """
    block = max(1, min(pixels.width // (2 * size[0]), pixels.height // (2 * size[1])))
    # Strip by strip: libvips takes four times as long, and more, to shrink strips that it joined.
    strips = [
        _eight_bits(strip.shrink(block, block))
        for strip in pixels.strips(STRIP_ROWS // block * block)
        if 2 * strip.height >= block  # libvips rounds, and cannot make an empty picture
    ]
    size, mode = (strips[0].width, sum(strip.height for strip in strips)), "L" if pixels.bands == 1 else "RGB"
    return Image.frombuffer(mode, size, b"".join(strip.write_to_memory() for strip in strips), "raw", mode, 0, 1)


def _eight_bits(image: pyvips.Image) -> pyvips.Image:
    if image.format == "uchar":
        return image
    return (image * (1 / 257)).rint().cast("uchar").copy(interpretation="b-w" if image.bands == 1 else "srgb")


def _finished(pixels: RawFile, *, bits: int, profile: bytes, folder: Path) -> pyvips.Image:
    """In the profile of the source, if it has one of its own, with the depth of the result."""
    image = pixels.image()
    if profile and profiles.is_another(profile):
        image = profiles.from_srgb(image, profile, folder, bits=16 if bits > 8 else 8)
    return _eight_bits(image) if bits == 8 else image


def _save(image: pyvips.Image, path: Path, target: Target, *, bits: int) -> None:
    match target.format:
        case "JPEG":
            full = target.quality >= FULL_COLOR_QUALITY
            image.jpegsave(str(path), Q=target.quality, subsample_mode="off" if full else "on")
        case "PNG":
            image.pngsave(str(path), compression=3, filter="sub")
        case "WEBP":
            image.webpsave(str(path), Q=target.quality, effort=2)
        case "TIFF":
            big = image.width * image.height * 3 * bits // 8 > BIG_TIFF_BYTES
            image.tiffsave(str(path), compression="deflate", predictor="horizontal", bigtiff=big)
        case "AVIF":
            image.heifsave(str(path), compression="av1", Q=target.quality, effort=2, bitdepth=bits)
