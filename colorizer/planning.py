"""How much memory and temporary disk a photograph will take, known from its header before a pixel is decoded.

Sums in bytes, calibrated on real files: tests measure the peak resident memory of a fresh process and hold the plan
to it. What streams costs some hundred rows; what a format can only hold whole costs its area.
"""

from dataclasses import dataclass

from .errors import TooLargeError

MEMORY_LIMIT = 1_200_000_000  # of the whole process, the loaded generator and torch included
PROCESS = 640_000_000  # torch, the generator and its work at its own size
STREAMING = 40_000_000  # buffers of libvips, pages of mapped files before they are given back
ROWS = 600  # rows of a streaming picture that libvips keeps
MERGE_BYTES = 60_000_000
# Bytes for each pixel and band, for formats that are decoded or encoded in one piece.
PROGRESSIVE_JPEG = 2.1
INTERLACED_PNG = 1.0  # of each byte of a sample
WEBP_DECODE = 2.0
HEIF_DECODE = 4.0
WEBP_ENCODE = 4.0
AVIF_ENCODE = 10.0


@dataclass(frozen=True)
class Header:
    """What a file says of itself. Sizes are after orientation."""

    format: str  # JPEG, PNG, WEBP, TIFF, HEIF or AVIF
    width: int
    height: int
    bands: int  # of the file, transparency included
    bits: int  # of a sample: 8, 16 or 32
    progressive: bool = False  # or interlaced
    subsampled: bool = False  # JPEG with half the color rows and columns
    strip_bytes: int = 0  # TIFF: the largest piece that is decoded at once
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
    merge: int
    encode: int
    disk: int

    @property
    def peak(self) -> int:
        """Of a process that does it all, one step after another."""
        return PROCESS + max(self.decode, self.merge, self.encode)

    def check(self, limit: int) -> None:
        """Raises TooLargeError when the peak is over the limit, both in bytes."""
        if self.peak > limit:
            raise TooLargeError(
                f"This photograph needs about {self.peak / 1e9:.1f} GB of memory, {limit / 1e9:.1f} GB are allowed. "
                "Save it smaller, or as a plain TIFF or JPEG."
            )


def plan(header: Header, target_format: str) -> Plan:
    """`target_format` is one of writing.FORMATS."""
    row = header.width * header.working_bands * header.working_bits // 8
    colored_row = header.width * 3 * header.working_bits // 8
    raw, colored = row * header.height, colored_row * header.height
    return Plan(
        decode=_decode(header),
        merge=MERGE_BYTES + 64 * colored_row,
        encode=_encode(header, target_format),
        disk=raw * (2 if header.orientation > 1 else 1) + colored,
    )


def _decode(header: Header) -> int:
    sample = header.bits // 8
    rows = STREAMING + ROWS * max(header.width, header.height if header.orientation > 4 else 0) * header.bands * sample
    area = header.pixels * header.bands
    match header.format:
        case "JPEG" if header.progressive:
            return rows + round(area * PROGRESSIVE_JPEG * (0.5 if header.subsampled else 1))
        case "PNG" if header.progressive:
            return rows + round(area * sample * INTERLACED_PNG)
        case "WEBP":
            return rows + round(area * WEBP_DECODE)
        case "HEIF" | "AVIF":
            return rows + round(area * sample * HEIF_DECODE)
        case "TIFF":
            return rows + 2 * header.strip_bytes
    return rows


def _encode(header: Header, target_format: str) -> int:
    rows = STREAMING + ROWS * header.width * 3 * header.working_bits // 8
    match target_format:
        case "WEBP":
            return rows + round(header.pixels * 3 * WEBP_ENCODE)
        case "AVIF":
            return rows + round(header.pixels * 3 * AVIF_ENCODE)
    return rows
