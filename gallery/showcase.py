"""The examples of the front page and the sample photograph, all of them files under static/."""

import json
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

SAMPLE_PHOTO = Path("static/sample/sample.jpg")
SHOWCASE = Path("static/showcase/showcase.json")


@dataclass(frozen=True)
class Example:
    """`before` and `after` are paths for the {% static %} tag; both pictures have the same size."""

    title: str
    credit: str
    before: str
    after: str
    width: int
    height: int


def examples() -> list[Example]:
    """None before the pictures have been made."""
    described = settings.BASE_DIR / SHOWCASE
    if not described.is_file():
        return []
    return [Example(**entry) for entry in json.loads(described.read_text())]


def sample_path() -> Path | None:
    path = settings.BASE_DIR / SAMPLE_PHOTO
    return path if path.is_file() else None
