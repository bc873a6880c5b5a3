"""Types of command line arguments that several commands take."""

import argparse
from pathlib import Path

from .data import SUFFIXES


def positive(word: str) -> int:
    """A whole number above 0."""
    number = int(word) if word.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{word!r} is not a whole number above 0")
    return number


def picture(word: str) -> Path:
    """The name of a picture to be written."""
    if Path(word).suffix.lower() not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"{word!r} must end in one of {', '.join(SUFFIXES)}")
    return Path(word)


def row(word: str) -> tuple[str, Path]:
    """NAME=WEIGHTS, a named way to color."""
    name, _, path = word.partition("=")
    if not name or not path:
        raise argparse.ArgumentTypeError(f"{word!r} is not of the form NAME=WEIGHTS")
    return name, Path(path)
