"""Opens photographs by their bytes and turns any mode into plain tones: the middle of scans.py.

libvips reads all formats but HEIC, whose HEVC its free build has no decoder for; there it is libheif by pi_heif.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import pyvips

from . import exif, profiles
from .errors import ImageError, TooLargeError
from .planning import Header
from .rawfile import RawFile, interpretation

logger = logging.getLogger(__name__)

PIXELS = "pixels.raw"
SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"II", b"MM")
LOADERS = {"jpegload": "JPEG", "pngload": "PNG", "webpload": "WEBP", "tiffload": "TIFF", "heifload": "AVIF"}
CUT_OFF = "This file is cut off: only part of the photograph is there. Try copying it again."
DAMAGED = "This file is damaged and cannot be read as a photograph. Try copying it again."
CAMERA_RAW = "Camera raw files are not supported. Export it as JPEG or TIFF and upload that."
UNKNOWN = "This is no photograph that can be read; JPEG, PNG, WebP, TIFF, HEIC and AVIF are."
TOO_MUCH_MEMORY = "Reading this photograph takes more memory than is allowed. Save it smaller, or with 8 bits."
DISK_FULL = "There is no room left on the disk for temporary files. Make some, and try again."
SIGNS_OF_NO_MEMORY = ("out of memory", "insufficient memory", "allocat", "error creating thread")
SIGNS_OF_A_FULL_DISK = ("no space left", "quota exceeded", "file too large")
SIGNS_OF_A_CUT = (
    "truncated",
    "premature end",
    "end of file",
    "end of stream",
    "not enough data",
    "read error",
    "known file format",
)
PLAIN = ("b-w", "srgb", "grey16", "rgb16", "multiband")
WHITE_8, WHITE_16 = 255, 65535
_MAXIMUM = 1  # column of libvips's statistics
UNCOMPRESSED = 1
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers of JPEG that tell the size and the sampling


@dataclass(frozen=True)
class Opened:
    """A file of which only the header was read; `image` begins to decode."""

    header: Header
    image: Callable[[], pyvips.Image]


def open_photo(source: Path) -> Opened:
    """Raises ImageError for what is no photograph, and for camera raw files."""
    with source.open("rb") as file:
        head = file.read(64)
        tags = exif.read(file).main
        needed = exif.pieces_end(file)
    if head[4:8] == b"ftyp" and b"avif" not in head and b"avis" not in head:
        return _open_heic(source)
    # Raw files are TIFF files whose first picture is a small preview; coloring that would be a trick.
    if exif.DNG_VERSION in tags or (exif.SUBFILE_TYPE in tags and tags[exif.SUBFILE_TYPE].number & 1):
        raise ImageError(CAMERA_RAW)
    try:
        image = _begin(source)
        file_format = LOADERS[image.get("vips-loader")]
    except pyvips.Error as error:
        raise (refusal(error) if head.startswith(SIGNATURES) else ImageError(UNKNOWN)) from error
    header = _header(image, file_format)
    if header.progressive and file_format == "JPEG":
        with source.open("rb") as file:
            header = replace(header, stored=_stored_samples(file))
    if file_format == "TIFF":
        if needed > source.stat().st_size:  # libvips would fill what is missing with black
            raise ImageError(CUT_OFF)
        header = replace(header, piece_bytes=_piece_pixels(image, tags) * image.bands * header.bits // 8)
    return Opened(header, lambda: image)


def _stored_samples(file: BinaryIO) -> float:
    """The share of a JPEG's samples that its frame header (ITU-T T.81, B.2.2) says are there.

    libvips says 4:2:0 of 4:2:2 too.
    """
    file.seek(2)
    while (head := file.read(4))[:1] == b"\xff" and len(head) == 4:
        body = file.read(max(0, int.from_bytes(head[2:], "big") - 2))
        if head[1] in FRAMES and len(body) > 7:
            sampling = [(factors >> 4, factors & 15) for factors in body[7::3]]
            whole = max(h for h, _ in sampling) * max(v for _, v in sampling) * len(sampling)
            return sum(h * v for h, v in sampling) / whole if whole else 1.0
    return 1.0


def _piece_pixels(image: pyvips.Image, tags: exif.Fields) -> int:
    """What libvips holds at once: two rows of tiles and a tile more in each, or one strip where strips are packed."""
    told = {tag: tags[tag].number for tag in exif.ABOUT_THE_FILE if tag in tags}
    if tile_width := told.get(exif.TILE_WIDTH, 0):
        return 2 * (1 + image.width // tile_width) * tile_width * told.get(exif.TILE_LENGTH, 0)
    if told.get(exif.COMPRESSION, UNCOMPRESSED) == UNCOMPRESSED:
        return 0
    return min(image.height, told.get(exif.ROWS_PER_STRIP) or image.height) * image.width


def write_upright(source: Path, image: pyvips.Image, folder: Path) -> RawFile:
    """Decode to the end into `folder`/PIXELS. Raises pyvips.Error for damage."""
    turn = orientation(image)
    image = _in_srgb(_on_white(_whole_numbers(source, image)))
    if image.interpretation not in PLAIN or image.bands not in (1, 3):
        image = image.colourspace("rgb16")
    bits = 16 if image.format == "ushort" else 8
    upright = RawFile(folder / PIXELS, image.width, image.height, image.bands, bits)
    lying = replace(upright, path=folder / "lying.raw") if turn > 1 else upright
    image.rawsave(str(lying.path), keep="none")
    if turn > 1:
        image = lying.image()
        image.set_type(pyvips.GValue.gint_type, "orientation", turn)
        image = image.autorot()
        image.rawsave(str(upright.path), keep="none")
        lying.path.unlink()
    return replace(upright, width=image.width, height=image.height)


def orientation(image: pyvips.Image) -> int:
    """Exif's, 1 to 8."""
    return image.get("orientation") if image.get_typeof("orientation") else 1


def refusal(error: Exception) -> ImageError:
    """What a decoder said, in plain words."""
    said = str(error).lower()
    if isinstance(error, MemoryError) or any(sign in said for sign in SIGNS_OF_NO_MEMORY):
        return TooLargeError(TOO_MUCH_MEMORY)
    if any(sign in said for sign in SIGNS_OF_A_FULL_DISK):
        return TooLargeError(DISK_FULL)
    return ImageError(CUT_OFF if any(sign in said for sign in SIGNS_OF_A_CUT) else DAMAGED)


def _begin(source: Path) -> pyvips.Image:
    with source.open("rb") as file:
        is_tiff = file.read(2) in (b"II", b"MM")
    # A TIFF may be one strip of any size, which the plan counts; libvips's own limit is 50 MB.
    options = {"unlimited": True} if is_tiff else {}
    return pyvips.Image.new_from_file(str(source), access="sequential", fail_on="truncated", **options)


def _header(image: pyvips.Image, file_format: str) -> Header:
    turn = orientation(image)
    width, height = (image.height, image.width) if turn >= 5 else (image.width, image.height)
    return Header(
        format=file_format,
        width=width,
        height=height,
        bands=image.bands,
        bits={"uchar": 8, "ushort": 16}.get(image.format, 32),
        progressive=any(image.get_typeof(word) and image.get(word) for word in ("jpeg-multiscan", "interlaced")),
        orientation=turn,
        converted=image.interpretation not in PLAIN or profiles.has_another(image),
    )


def _open_heic(source: Path) -> Opened:
    import pi_heif

    try:
        file = pi_heif.open_heif(source, convert_hdr_to_8bit=False)
        photo = file[file.primary_index]
    except (OSError, ValueError, RuntimeError, EOFError, SyntaxError, MemoryError) as error:
        raise refusal(error) from error
    deep = ";16" in photo.mode
    bands = len(photo.mode.split(";")[0])
    width, height = photo.size

    def decode() -> pyvips.Image:
        try:
            data = photo.data
        except (OSError, ValueError, RuntimeError, EOFError, MemoryError) as error:
            raise refusal(error) from error
        image = pyvips.Image.new_from_memory(data, *photo.size, bands, "ushort" if deep else "uchar")
        image = image.copy(interpretation=interpretation(3 if bands >= 3 else 1, 16 if deep else 8))
        # libheif has turned it upright already, whatever its Exif says.
        told = {"exif-data": "exif", "xmp-data": "xmp", "icc-profile-data": "icc_profile"}
        for name, word in told.items():
            if photo.info.get(word):
                image.set_type(pyvips.GValue.blob_type, name, photo.info[word])
        return image

    converted = "icc_profile" in photo.info
    return Opened(Header("HEIF", width, height, bands, 16 if deep else 8, converted=converted), decode)


def _whole_numbers(source: Path, image: pyvips.Image) -> pyvips.Image:
    """Floats and long integers say nowhere what white is: 1, 255, 65535, or the largest value that there is."""
    if image.format in ("uchar", "ushort") or image.interpretation not in (*PLAIN, "scrgb"):
        return image
    colors = 3 if image.bands >= 3 else 1
    peaks = [row[_MAXIMUM] for row in _begin(source).stats().tolist()[1:]]  # behind the one of all bands
    bands, scales = image.bandsplit()[:colors], [WHITE_16 / _white(max(peaks[:colors]))] * colors
    if image.hasalpha():
        bands.append(image[image.bands - 1])
        scales.append(WHITE_16 / _white(peaks[-1]))
    return (bands[0].bandjoin(bands[1:]) * scales).rint().cast("ushort").copy(interpretation=interpretation(colors, 16))


def _white(peak: float) -> float:
    return 1.0 if peak <= 1 else 255.0 if peak <= WHITE_8 else max(peak, WHITE_16)


def _on_white(image: pyvips.Image) -> pyvips.Image:
    if not image.hasalpha():
        return image
    largest = WHITE_16 if image.format == "ushort" else WHITE_8
    paper = 0 if image.interpretation == "cmyk" else largest  # no ink is white
    return image.flatten(background=paper, max_alpha=largest)


def _in_srgb(image: pyvips.Image) -> pyvips.Image:
    """A profile that is no use is passed over: the plain reading of the numbers is what remains."""
    if image.interpretation != "cmyk" and not profiles.has_another(image):
        return image
    try:
        return profiles.to_srgb(image)
    except pyvips.Error as error:
        logger.info("Color profile passed over: %s", error)
        return image
