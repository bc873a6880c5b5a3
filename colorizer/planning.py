"""How much memory and temporary disk a photograph will take, known from its header before a pixel is decoded.

Sums in bytes, calibrated on real files: tests measure the peak resident memory of a fresh process and hold the plan
to it. What streams costs some hundred rows; what a format can only hold whole costs its area.
"""

from dataclasses import dataclass

from .errors import ImageError, TooLargeError

MEMORY_LIMIT = 1_200_000_000  # of the whole process, the loaded generator and torch included
READER_PROCESS = 60_000_000  # one that only reads files
PROCESS = 760_000_000  # torch, the generator and its work at its usual size
STREAMING = 40_000_000  # buffers of libvips, pages of mapped files before they are given back
ROWS = 600  # rows of a streaming picture that libvips keeps
TURNING = 100_000_000  # a second pass, from raw pixels to raw pixels, that goes against their grain
COLORING = 270_000_000  # the network where it sees most, 512 x 1280 pixels, and numba where it compiles the merge
# Bytes for each pixel and band, for formats that are decoded or encoded in one piece.
PROGRESSIVE_JPEG = 2.1
INTERLACED_PNG = 1.0  # of each byte of a sample
WEBP_DECODE = 3.0
HEIF_DECODE = 2.5  # of each byte of a sample
AVIF_DECODE, AVIF_DECODE_DEEP = 5.5, 7.0
WEBP_ENCODE = 2.2
AVIF_ENCODE, AVIF_ENCODE_DEEP = 13.0, 17.0
LOSSLESS = ("PNG", "TIFF")
ENCODED = 0.5  # bytes of a sample of any other result, at most
LONGEST_SIDES = {"JPEG": 65_500, "WEBP": 16_383, "AVIF": 16_384}  # of a result


@dataclass(frozen=True)
class Header:
    """What a file says of itself. Sizes are after orientation."""

    format: str  # JPEG, PNG, WEBP, TIFF, HEIF or AVIF
    width: int
    height: int
    bands: int  # of the file, transparency included
    bits: int  # of a sample: 8, 16 or 32
    progressive: bool = False  # or interlaced
    stored: float = 1.0  # JPEG: share of the samples that is in the file, the others being subsampled
    piece_bytes: int = 0  # TIFF: of what is decoded at once, tiles or a packed strip
    orientation: int = 1  # Exif's
    converted: bool = False  # by a profile, so that it is worked on in 16 bits

    @property
    def pixels(self) -> int:
        return self.width * self.height

    @property
    def working_bits(self) -> int:
        """Of the raw pixels: 8 or 16."""
        return 16 if self.bits > 8 or self.converted else 8

    @property
    def working_bands(self) -> int:
        return 1 if self.bands <= 2 else 3


@dataclass(frozen=True)
class Plan:
    """Peaks in bytes beyond PROCESS, and temporary disk in bytes."""

    decode: int
    color: int
    encode: int
    disk: int

    def peak(self, *, apart: bool) -> int:
        """Of a process that does it all, one step after another, or of the larger one where another decodes."""
        if apart:
            return max(READER_PROCESS + self.decode, PROCESS + max(self.color, self.encode))
        return PROCESS + max(self.decode, self.color, self.encode)

    def check(self, limit: int, *, apart: bool) -> None:
        """Raises TooLargeError when the peak is over the limit, in bytes."""
        peak = self.peak(apart=apart)
        if peak > limit:
            raise TooLargeError(
                f"This photograph needs about {peak / 1e9:.1f} GB of memory, {limit / 1e9:.1f} GB are allowed. "
                "Save it smaller, or as an ordinary JPEG or TIFF."
            )


def answer_format(header: Header, limit: int, *, apart: bool) -> str:
    """The source's own, but JPEG for HEIC and for what would not fit into `limit` bytes otherwise."""
    own = "JPEG" if header.format == "HEIF" else header.format
    if own not in ("WEBP", "AVIF"):
        return own
    too_long = max(header.width, header.height) > LONGEST_SIDES[own]
    return "JPEG" if too_long or plan(header, own).peak(apart=apart) > limit else own


def check_sides(width: int, height: int, target_format: str) -> None:
    """Raises ImageError when a side is too long for a format."""
    longest = LONGEST_SIDES.get(target_format, max(width, height))
    if max(width, height) > longest:
        raise ImageError(f"A {target_format} picture has at most {longest} pixels on a side: choose PNG or TIFF.")


def plan(header: Header, target_format: str) -> Plan:
    """What coloring a photograph into one of `writing.EXTENSIONS` takes."""
    raw = header.pixels * header.working_bands * header.working_bits // 8
    colored = header.pixels * 3 * header.working_bits // 8
    encoded = colored if target_format in LOSSLESS else round(header.pixels * 3 * ENCODED)
    return Plan(
        decode=_decode(header),
        color=COLORING,
        encode=_encode(header, target_format),
        disk=raw * (2 if header.orientation > 1 else 1) + colored + encoded,
    )


def _decode(header: Header) -> int:
    sample = header.bits // 8
    width, height = (header.height, header.width) if header.orientation >= 5 else (header.width, header.height)
    rows = STREAMING + min(ROWS, height) * width * header.bands * sample
    rows += TURNING if header.orientation > 1 else 0
    area = header.pixels * header.bands
    match header.format:
        case "JPEG" if header.progressive:
            return rows + round(area * PROGRESSIVE_JPEG * header.stored)
        case "PNG" if header.progressive:
            return rows + round(area * sample * INTERLACED_PNG)
        case "WEBP":
            return rows + round(area * WEBP_DECODE)
        case "HEIF":
            return rows + round(area * sample * HEIF_DECODE)
        case "AVIF":
            return rows + round(area * (AVIF_DECODE if sample == 1 else AVIF_DECODE_DEEP))
        case "TIFF":
            return rows + header.piece_bytes
    return rows


def _encode(header: Header, target_format: str) -> int:
    rows = STREAMING + min(ROWS, header.height) * header.width * 3 * header.working_bits // 8
    match target_format:
        case "WEBP":
            return rows + round(header.pixels * 3 * WEBP_ENCODE)
        case "AVIF":
            return rows + round(header.pixels * 3 * (AVIF_ENCODE_DEEP if header.bits > 8 else AVIF_ENCODE))
    return rows
