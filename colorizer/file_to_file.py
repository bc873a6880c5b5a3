"""From a photograph's file to its colored file: reading, network, merge and writing, none of which holds it whole."""

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from .inference import Colorizer, Settings, in_words, network_size
from .merging import merge
from .planning import MEMORY_LIMIT
from .rawfile import RawFile
from .scans import Scan, read
from .writing import QUALITY, Target, reduced, write
from .xmp import Statement


@dataclass(frozen=True)
class Colored:
    """A scan and its colors, in raw pixels of the same size and depth, 3 bands, sRGB."""

    scan: Scan
    pixels: RawFile
    statement: Statement
    gave_way: float
    network_s: float
    merge_s: float


@dataclass(frozen=True)
class Report:
    """What became of a photograph, and how long each step took in seconds."""

    format: str
    width: int
    height: int
    bits: int  # of a sample of the result
    byte_size: int
    gave_way: float  # share 0..1 of pixels whose color sRGB does not have
    planned_peak: int  # bytes of memory
    original_digest: str  # sha256
    decode_s: float
    network_s: float
    merge_s: float
    encode_s: float


def colorize_file(
    colorizer: Colorizer,
    source: Path,
    target: Path,
    *,
    settings: Settings,
    file_format: str | None = None,
    quality: int = QUALITY,
    memory_limit: int = MEMORY_LIMIT,
) -> Report:
    """Color the photograph `source`, read in this process, into the file `target`.

    The format is one of `writing.EXTENSIONS`, by default what `planning.answer_format` says.

    Raises ImageError for what cannot be read, TooLargeError (one of them) before anything is decoded, NoColorError,
    HintsError for a hint outside it, OutOfMemoryError and OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the result, since the system's folder for temporary files may be memory.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".photolab-") as name:
        scan = read(source, Path(name), target_format=file_format, memory_limit=memory_limit)
        colored = color_scan(colorizer, scan, settings=settings)
        return write_colored(colored, target, kind=Target(scan.target_format, quality))


def color_scan(colorizer: Colorizer, scan: Scan, *, settings: Settings) -> Colored:
    """Lay the generator's chroma over the scan's light, into raw pixels beside the scan's own.

    Raises NoColorError, HintsError, OutOfMemoryError and OSError.
    """
    began = time.perf_counter()
    size = (scan.pixels.width, scan.pixels.height)
    with in_words(size):
        picture = reduced(scan.pixels, network_size(size, settings.network_size))
        seen_at = time.perf_counter()
        chroma = colorizer.predict(picture, settings, size=size)
        predicted = time.perf_counter()
        pixels = replace(scan.pixels, path=scan.pixels.path.with_name("colored.raw"), bands=3)
        with scan.pixels.mapped() as grey, pixels.mapped() as colored:
            merged = merge(grey, chroma, colored)
    statement = Statement(
        model=colorizer.card.name,
        model_digest=colorizer.digest,
        original_digest=scan.digest,
        vividness=settings.vividness,
        warmth=settings.warmth,
        hints=len(settings.hints.spots),
        network_size=settings.network_size,
        flip_averaged=settings.flip_averaged,
    )
    network_s = predicted - seen_at
    merge_s = time.perf_counter() - began - network_s  # and reducing it for the network
    return Colored(scan, pixels, statement, merged.gave_way, network_s, merge_s)


def write_colored(colored: Colored, target: Path, *, kind: Target) -> Report:
    """Encode into the file `target`. Raises ColorizerError when the format has no room for it, and OSError."""
    began = time.perf_counter()
    scan = colored.scan
    bits = write(
        colored.pixels,
        target,
        kind,
        told=scan.metadata,
        statement=colored.statement,
        source_bits=scan.header.bits,
    )
    return Report(
        format=kind.format,
        width=colored.pixels.width,
        height=colored.pixels.height,
        bits=bits,
        byte_size=target.stat().st_size,
        gave_way=colored.gave_way,
        planned_peak=scan.planned_peak,
        original_digest=scan.digest,
        decode_s=scan.decode_s,
        network_s=colored.network_s,
        merge_s=colored.merge_s,
        encode_s=time.perf_counter() - began,
    )
