"""Looks at an uploaded photograph from beginning to end: the program of a limited child process.

    python -m gallery.decoding FILE OUTPUT_FOLDER MAX_PIXELS

writes facts.json, preview.jpg and thumb.jpg. A refusal is exit status 3 and one plain sentence on standard output;
any other failure is damage. images.py starts it. No Django here, and numpy for 16-bit files only: it starts for every
upload.
"""

import io
import json
import resource
import struct
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageOps

REFUSED = 3
MAX_MEMORY_BYTES = 2 * 1024**3
MAX_CPU_S = 60
SHORTEST_SIDE = 16
PREVIEW_SIDE, PREVIEW_QUALITY = 1600, 85
THUMB_SIDE, THUMB_QUALITY = 480, 82
WHITE = (255, 255, 255)
# How far chroma strays within one level of luminance. Nine toned prints of the 19th and 20th century reach 1.84,
# split tones included; of 400 color photographs 98 % are above 2.
LUMINANCE_LEVELS = 12
CHROMA_BESIDE_TONE = 2.0
LEAST_TINT = 3.0  # of chroma on average: below it nobody would call a print toned

CUT_OFF = "This file is cut off: only part of the photograph is there. Try copying it again."
DAMAGED = "This file is damaged and cannot be read as a photograph. Try copying it again."
CAMERA_RAW = "Camera raw files are not supported. Export it as JPEG or TIFF and upload that."
TOO_MUCH_MEMORY = "Reading this photograph takes more memory than is allowed. Save it smaller, or with 8 bits."

TIFF_SUBFILE_TYPE, TIFF_PHOTOMETRIC, TIFF_DNG_VERSION = 254, 262, 50706
WHITE_IS_ZERO, REDUCED_IMAGE = 0, 1
EXIF_IFD, EXIF_TAKEN = 0x8769, 0x9003


class Refused(Exception):
    """The sentence that the owner reads."""


def answer(argv: list[str], look: Callable[[Image.Image, Path, dict], None]) -> int:
    """The way of every such program: `look` writes pictures into the folder and what it found into the dict."""
    source, folder, max_pixels = Path(argv[0]), Path(argv[1]), int(argv[2])
    limit_resources()
    try:
        image = open_checked(source, max_pixels)
        facts = {"format": "JPEG" if image.format == "MPO" else image.format}
        look(image, folder, facts)
    except Refused as refused:
        print(refused)
        return REFUSED
    except MemoryError:
        print(TOO_MUCH_MEMORY)
        return REFUSED
    (folder / "facts.json").write_text(json.dumps(facts))
    return 0


def limit_resources() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Soft below hard: the end by SIGXCPU tells slowness from SIGKILL, the system's answer to too little memory.
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S + 5))
    if sys.platform != "darwin":  # macOS accepts the call and ignores it, or refuses it
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


def open_checked(source: Path, max_pixels: int) -> Image.Image:
    """Reads the header only, and refuses by what it says before a pixel is decoded."""
    Image.MAX_IMAGE_PIXELS = None  # the product's own limit, checked below, is the stricter one
    formats = ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"]
    with source.open("rb") as file:
        head = file.read(64)
    if head[4:8] == b"ftyp" and b"avif" not in head:
        import pi_heif

        pi_heif.register_heif_opener(thumbnails=False)
        formats = ["HEIF"]
    try:
        image = Image.open(source, formats=formats)
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        print(repr(error), file=sys.stderr)
        raise Refused(DAMAGED) from error
    width, height = image.size
    if width * height > max_pixels:
        raise Refused(
            f"This photograph has {width * height / 1e6:.0f} megapixels ({width} x {height}); "
            f"at most {max_pixels / 1e6:g} are accepted."
        )
    if min(width, height) < SHORTEST_SIDE:
        raise Refused(f"This picture is only {width} x {height} pixels: too small to color.")
    if image.format == "TIFF" and is_camera_raw(image):
        raise Refused(CAMERA_RAW)
    return image


def is_camera_raw(image: Image.Image) -> bool:
    """Raw files are TIFF files whose first picture is a small preview; coloring that would be a trick."""
    tags = image.tag_v2
    return TIFF_DNG_VERSION in tags or bool(tags.get(TIFF_SUBFILE_TYPE, 0) & REDUCED_IMAGE)


def inspect(image: Image.Image, folder: Path, facts: dict) -> None:
    facts["taken"] = read_taken(image)
    preview = shrink(decode_at_least(image, PREVIEW_SIDE, facts), PREVIEW_SIDE)
    (folder / "preview.jpg").write_bytes(encode_jpeg(preview, PREVIEW_QUALITY))
    thumb = shrink(preview, THUMB_SIDE)
    (folder / "thumb.jpg").write_bytes(encode_jpeg(thumb, THUMB_QUALITY))
    facts["has_color"] = has_color(thumb)
    facts["is_toned"] = not facts["has_color"] and is_tinted(thumb)


def read_taken(image: Image.Image) -> str:
    """When the photograph was taken, as Exif writes it; empty where it says nothing that can be read."""
    try:
        return str(image.getexif().get_ifd(EXIF_IFD).get(EXIF_TAKEN, ""))
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, TypeError, struct.error) as error:
        print(f"Exif passed over: {error!r}", file=sys.stderr)
        return ""


def decode_at_least(image: Image.Image, side: int, facts: dict) -> Image.Image:
    """Upright; its sides are `side` pixels or more where the file has them. The full size goes into `facts`."""
    width, height = image.size
    if image.format in ("JPEG", "MPO"):
        image.draft(None, (side, side))  # a scaled decode still reads the file to its end
    stored_size = image.size
    upright = decode(image)
    turned = (upright.width > upright.height) != (stored_size[0] > stored_size[1])
    facts.update(width=height if turned else width, height=width if turned else height)
    return upright


def decode(image: Image.Image) -> Image.Image:
    """All pixels, upright, 8 bits, in mode L or RGB (sRGB)."""
    try:
        image.load()
        if image.format == "PNG":  # Pillow shows what it can of broken data, and the worker would refuse it
            with Image.open(image.filename, formats=["PNG"]) as unread:
                unread.verify()
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        print(repr(error), file=sys.stderr)
        raise Refused(CUT_OFF if "truncated" in str(error).lower() else DAMAGED) from error
    ImageOps.exif_transpose(image, in_place=True)
    profile = image.info.get("icc_profile")
    if image.mode.startswith(("I", "F")):
        return scale_to_8_bits(image)
    if image.has_transparency_data or image.mode in ("LA", "PA", "La", "RGBa"):
        image = flatten_on_white(image)
    if image.mode in ("1", "P"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    if profile and image.mode in ("L", "RGB", "CMYK"):
        image = to_srgb(image, profile)
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def flatten_on_white(image: Image.Image) -> Image.Image:
    solid = image.convert("RGBA")
    paper = Image.new("RGB", solid.size, WHITE)
    paper.paste(solid, mask=solid.getchannel("A"))
    return paper


def scale_to_8_bits(image: Image.Image) -> Image.Image:
    """I;16, I and F hold one channel of more than 8 bits; Pillow's own convert() clips them to white."""
    import numpy as np

    values = np.asarray(image)
    peak = float(values.max())
    if image.mode.startswith("I;16") or 255 < peak <= 65535:
        full_scale = 65535.0
    else:
        full_scale = 1.0 if 0 < peak <= 1 else max(peak, 255.0)
    eight = np.empty(values.shape, dtype=np.uint8)
    for top in range(0, len(values), 512):  # in strips: the copy in floats is four times the picture
        strip = np.nan_to_num(values[top : top + 512].astype(np.float32)) * (255.0 / full_scale)
        eight[top : top + 512] = np.clip(np.rint(strip), 0, 255)
    if getattr(image, "tag_v2", {}).get(TIFF_PHOTOMETRIC) == WHITE_IS_ZERO:
        eight = 255 - eight
    return Image.fromarray(eight)


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """A profile that is no use is passed over: the plain reading of the numbers is what remains."""
    from PIL import ImageCms

    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode != "CMYK" and "srgb" in ImageCms.getProfileDescription(own).lower():
            return image
        converted = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError) as error:
        print(f"color profile passed over: {error!r}", file=sys.stderr)
        return image
    return converted.convert("L") if image.mode == "L" else converted


def bounded(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    """Never larger than it was; no side below one pixel."""
    scale = min(1.0, long_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def shrink(image: Image.Image, long_side: int) -> Image.Image:
    size = bounded(image.size, long_side)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def encode_jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    # An empty comment, since Pillow would take over the one that it has read, and previews tell nothing.
    image.save(buffer, "JPEG", quality=quality, optimize=True, comment=b"")
    return buffer.getvalue()


def has_color(image: Image.Image) -> bool:
    """False for grey and for toned pictures: there, chroma follows from luminance alone."""
    small = image.convert("YCbCr").resize((48, 48), Image.Resampling.BOX)
    by_luminance = sorted(small.get_flattened_data())
    size = len(by_luminance) // LUMINANCE_LEVELS
    squares = 0.0
    for start in range(0, size * LUMINANCE_LEVELS, size):
        level = by_luminance[start : start + size]
        mean_cb = sum(cb for _, cb, _ in level) / size
        mean_cr = sum(cr for _, _, cr in level) / size
        squares += sum((cb - mean_cb) ** 2 + (cr - mean_cr) ** 2 for _, cb, cr in level) / size
    return (squares / LUMINANCE_LEVELS) ** 0.5 > CHROMA_BESIDE_TONE


def is_tinted(image: Image.Image) -> bool:
    """Of a picture without colors of its own: whether its one tone is to be seen, such as sepia or a blue print."""
    small = image.convert("YCbCr").resize((48, 48), Image.Resampling.BOX)
    chroma = [((cb - 128) ** 2 + (cr - 128) ** 2) ** 0.5 for _, cb, cr in small.get_flattened_data()]
    return sum(chroma) / len(chroma) > LEAST_TINT


if __name__ == "__main__":
    sys.exit(answer(sys.argv[1:], inspect))
