"""`colorize`: what it takes, and the photographs that it goes through, one clear line for each mistake."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import pyvips
from tqdm import tqdm

from .errors import ColorizerError, ImageError
from .file_to_file import colorize_file
from .hints import Hints
from .inference import Colorizer, Settings
from .planning import MEMORY_LIMIT
from .rawfile import THREADS
from .scans import SUFFIXES
from .writing import EXTENSIONS, QUALITY

FORMATS = {extension: name for name, extension in EXTENSIONS.items()}
# A result is of its source's kind, and has the suffix that is usual for it.
ANSWERS = {".jpeg": "jpg", ".tiff": "tif", ".heic": "jpg", ".heif": "jpg"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """All but `--weights` and `--threads`, which other commands take too."""
    parser.add_argument("inputs", nargs="+", type=Path, metavar="IN", help="photographs or folders of them")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the results go")
    parser.add_argument("--format", choices=FORMATS, help="of the results (default: the photograph's, or jpg)")
    parser.add_argument(
        "--quality", type=_within(1, 100), default=QUALITY, help=f"of jpg, webp and avif, 1 to 100 (default: {QUALITY})"
    )
    parser.add_argument("--vividness", type=_within(0, 2), default=1.0, help="strength of color, 0 to 2 (default: 1)")
    parser.add_argument("--warmth", type=_within(-1, 1), default=0.0, help="cool to warm, -1 to 1 (default: 0)")
    parser.add_argument(
        "--hints",
        type=Path,
        metavar="FILE",
        help='colors that are told, as JSON: {"hints": [{"x", "y", "radius", "color": "#rrggbb"}], '
        '"keep_grey": [{"x", "y", "radius"}]}, in pixels of the upright photograph',
    )
    parser.add_argument(
        "--memory-limit",
        type=_within(0.1, 1000),
        default=MEMORY_LIMIT / 1e9,
        metavar="GB",
        help="photographs that need more are refused (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Color all photographs; 1 when one of them failed. Raises ImageError and WeightsError before any work."""
    pyvips.concurrency_set(min(THREADS, options.threads or THREADS))
    jobs = _jobs(options.inputs, options.out, options.format)
    colorizer = Colorizer.load(options.weights, device=options.device)
    settings = Settings(options.vividness, options.warmth, Hints.read(options.hints) if options.hints else Hints())
    failed = 0
    bar = tqdm(jobs, unit="photo", disable=not sys.stderr.isatty())
    for source, target in bar:
        bar.set_description(source.name)
        try:
            report = colorize_file(
                colorizer,
                source,
                target,
                settings=settings,
                file_format=options.format and FORMATS[options.format],
                quality=round(options.quality),
                memory_limit=round(options.memory_limit * 1e9),
            )
            if FORMATS[target.suffix[1:]] != report.format:  # the photograph is of another kind than its name says
                target.rename(target.with_name(f"{target.name}.{EXTENSIONS[report.format]}"))
        except (ColorizerError, OSError) as error:
            failed += 1
            bar.write(f"colorizer: {source}: {error}", file=sys.stderr)
    bar.write(f"{len(jobs) - failed} colored, {failed} failed, in {options.out}", file=sys.stdout)
    return 1 if failed else 0


def _within(low: float, high: float) -> Callable[[str], float]:
    def number(word: str) -> float:
        try:
            value = float(word)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{word!r} is not a number from {low} to {high}")
        return value

    return number


def _jobs(inputs: list[Path], out: Path, extension: str | None) -> list[tuple[Path, Path]]:
    """Pairs of source and target; a folder's photographs keep their relative names. Raises ImageError."""
    jobs: dict[Path, Path] = {}
    for path in inputs:
        if not path.exists():
            raise ImageError(f"{path} does not exist.")
        found = _photographs(path, out) if path.is_dir() else [path]
        if not found:
            raise ImageError(f"There are no photographs in {path}.")
        for source in found:
            name = source.relative_to(path) if path.is_dir() else Path(source.name)
            suffix = source.suffix.lower()
            own = ANSWERS.get(suffix, suffix[1:] if suffix in SUFFIXES else "jpg")
            target = out / name.with_name(f"{name.stem}.{extension or own}")
            if target in jobs:
                raise ImageError(f"{jobs[target]} and {source} would both become {target}.")
            jobs[target] = source
    _check_originals(jobs)
    return [(source, target) for target, source in jobs.items()]


def _photographs(folder: Path, out: Path) -> list[Path]:
    """All below the folder, without earlier results where those lie in it."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if out.resolve() in folder.resolve().parents or out.resolve() == folder.resolve():
        return found
    return [path for path in found if not path.resolve().is_relative_to(out.resolve())]


def _check_originals(jobs: dict[Path, Path]) -> None:
    """Raises ImageError where a target is a source, or a file beside one, which may be an original too."""
    folders = {source.resolve().parent for source in jobs.values()}
    for target in jobs:
        if target.exists() and target.resolve().parent in folders:
            raise ImageError(f"{target} would be written over: name another folder for the results.")
