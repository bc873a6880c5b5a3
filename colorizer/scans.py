"""Reads a photograph of any format and depth into plain pixels: upright, on white, sRGB or grey, nothing lost.

    python -m colorizer.scans SOURCE FOLDER MAX_PIXELS

is the program of a limited child process, for the bytes of strangers. It leaves in FOLDER what `load` reads. A refusal
is exit status 3 and one plain sentence on standard output; any other failure is damage. No numpy here and no torch: it
starts for every photograph.
"""

import hashlib
import json
import os
import resource
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyvips

from . import metadata
from .decoding import PIXELS, TOO_MUCH_MEMORY, open_photo, refusal, write_upright
from .errors import ImageError, TooLargeError
from .metadata import Metadata
from .planning import MEMORY_LIMIT, Header, answer_format, check_sides, plan
from .rawfile import RawFile

REFUSED = 3
SHORTEST_SIDE, LONGEST_SIDE = 16, 65_500
ADDRESS_SPACE_BYTES = 2 << 30
MAX_CPU_S = 90
FACTS = "facts.json"
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".heic", ".heif", ".avif")


@dataclass(frozen=True)
class Scan:
    """A photograph that was read to its end."""

    pixels: RawFile  # 1 or 3 bands; 16 bits when the source has more than 8 or a profile other than sRGB
    header: Header
    metadata: Metadata
    digest: str  # sha256 of the source file
    target_format: str  # that memory was planned for
    planned_peak: int  # bytes
    decode_s: float


def main(argv: list[str]) -> int:
    source, folder, max_pixels = Path(argv[0]), Path(argv[1]), int(argv[2])
    limit_resources()
    try:
        scan = read(source, folder, max_pixels=max_pixels, apart=True)
    except ImageError as refused:
        print(refused)
        print(repr(refused.__cause__), file=sys.stderr)  # what the decoder said
        return REFUSED
    except MemoryError:
        print(TOO_MUCH_MEMORY)
        return REFUSED
    save(scan, folder)
    return 0


def limit_resources() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Soft below hard: the end by SIGXCPU tells slowness from SIGKILL, the system's answer to too little memory.
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_S, MAX_CPU_S + 5))
    if sys.platform != "darwin":  # macOS accepts the call and ignores it, or refuses it
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))


def read(
    source: Path,
    folder: Path,
    *,
    target_format: str | None = None,
    max_pixels: int | None = None,
    memory_limit: int = MEMORY_LIMIT,
    apart: bool = False,
) -> Scan:
    """Decode `source` into raw pixels in `folder`; refuses by what the header says before a pixel is decoded.

    `apart` says that another process will color it. Raises ImageError for what is damaged, cut off, too small, of
    too many pixels or too long for `target_format` (by default, what `planning.answer_format` says), and
    TooLargeError, one of them, when coloring it would take a process more memory than `memory_limit` bytes.
    """
    began = time.perf_counter()
    opened = open_photo(source)
    _check(opened.header, max_pixels)
    target_format = target_format or answer_format(opened.header, memory_limit, apart=apart)
    check_sides(opened.header.width, opened.header.height, target_format)
    planned = plan(opened.header, target_format)
    planned.check(memory_limit, apart=apart)
    _check_disk(planned.disk, folder)
    try:
        image = opened.image()
        told = metadata.take(image, source, folder, file_format=opened.header.format)
        pixels = write_upright(source, image, folder)
    except pyvips.Error as error:
        raise refusal(error) from error
    if opened.header.orientation >= 5:
        told = replace(told, dpi=told.dpi[::-1])
    return Scan(
        pixels,
        opened.header,
        told,
        digest=_digest(source),
        target_format=target_format,
        planned_peak=planned.peak(apart=apart),
        decode_s=time.perf_counter() - began,
    )


def save(scan: Scan, folder: Path) -> None:
    """Leave everything but the pixels, which are there, for `load` in another process."""
    scan.metadata.save(folder)
    facts = {
        "header": asdict(scan.header),
        "target_format": scan.target_format,
        "planned_peak": scan.planned_peak,
        "size": (scan.pixels.width, scan.pixels.height),
        "bands": scan.pixels.bands,
        "bits": scan.pixels.bits,
        "dpi": scan.metadata.dpi,
        "digest": scan.digest,
        "decode_s": scan.decode_s,
    }
    (folder / FACTS).write_text(json.dumps(facts))


def load(folder: Path) -> Scan:
    """What `save` left."""
    facts = json.loads((folder / FACTS).read_text())
    return Scan(
        pixels=RawFile(folder / PIXELS, *facts["size"], facts["bands"], facts["bits"]),
        header=Header(**facts["header"]),
        metadata=Metadata.load(folder, dpi=tuple(facts["dpi"])),
        digest=facts["digest"],
        target_format=facts["target_format"],
        planned_peak=facts["planned_peak"],
        decode_s=facts["decode_s"],
    )


def _digest(source: Path) -> str:
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(header: Header, max_pixels: int | None) -> None:
    width, height = header.width, header.height
    if max_pixels is not None and width * height > max_pixels:
        raise ImageError(
            f"This photograph has {width * height / 1e6:.0f} megapixels ({width} x {height}); "
            f"at most {max_pixels / 1e6:g} are accepted."
        )
    if min(width, height) < SHORTEST_SIDE:
        raise ImageError(f"This picture is only {width} x {height} pixels: too small to color.")
    if max(width, height) > LONGEST_SIDE:
        raise ImageError(f"This picture is {width} x {height} pixels; no side may be over {LONGEST_SIDE}.")


def _check_disk(needed: int, folder: Path) -> None:
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    if needed > free:
        raise TooLargeError(
            f"This photograph needs about {needed / 1e9:.1f} GB of temporary disk, {free / 1e9:.1f} GB are free."
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
