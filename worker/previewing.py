"""Answers previews: the small copy of a photograph in the colors that are asked for, likely colors at a place, doubt.

What previews of one photograph share is remembered for the next one: its pixels, and what the network said of them.
"""

import io
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from django.core.files.storage import default_storage
from PIL import Image

from gallery.decoding import encode_jpeg
from gallery.models import Preview
from gallery.services import PreviewAnswer, PreviewClaim
from gallery.variants import VariantSettings
from worker import colorizing, engine

if TYPE_CHECKING:
    from colorizer.inference import Settings
    from colorizer.merging import Chroma

PHOTOS_KEPT, PROPOSALS_KEPT, DOUBTS_KEPT = 4, 8, 8  # about 5, 1 and 0.05 MB each
QUALITY = 85


def answer(claim: PreviewClaim) -> PreviewAnswer:
    """Raises what `colorizing.in_words` can explain."""
    if claim.kind == Preview.Kind.PALETTE:
        return _palette(claim)
    if claim.kind == Preview.Kind.DOUBT:
        return _doubt(claim)
    return _picture(claim)


def _picture(claim: PreviewClaim) -> PreviewAnswer:
    from colorizer.hints import Hints
    from colorizer.inference import in_words, settled
    from colorizer.merging import merge

    asked = VariantSettings.parse(claim.asked)
    settings = colorizing.settings_of(asked)
    image = _photo(claim.picture_key)
    # Neither sliders nor hints change what the network says.
    seen_as = replace(settings, vividness=1.0, warmth=0.0, hints=Hints())
    with in_words(image.size):
        proposed = _proposed(
            engine.serving(asked.model_version).version.number, claim.picture_key, seen_as, size=claim.size
        )
        colored = np.empty((image.height, image.width, 3), np.uint8)
        merge(np.asarray(image), settled(proposed, settings, size=claim.size), colored)
    return PreviewAnswer(picture=encode_jpeg(Image.fromarray(colored), QUALITY))


def _palette(claim: PreviewClaim) -> PreviewAnswer:
    from colorizer.palette import likely_colors

    distribution = engine.current().colorizer.distribution(_photo(claim.picture_key), size=claim.size)
    place = (claim.asked["x"], claim.asked["y"])
    return PreviewAnswer(told={"colors": likely_colors(distribution, place) if distribution else []})


def _doubt(claim: PreviewClaim) -> PreviewAnswer:
    return _doubted(engine.current().version.number, claim.picture_key, size=claim.size)


@lru_cache(DOUBTS_KEPT)
def _doubted(version: int, key: str, *, size: tuple[int, int]) -> PreviewAnswer:
    """Remembered for those who lost their patience, and ask again when it is there."""
    from colorizer.doubt import heat_map, spread, unsure_share

    found = spread(engine.serving(version).colorizer, _photo(key), size=size)
    drawn = io.BytesIO()
    heat_map(found).save(drawn, "PNG")
    return PreviewAnswer(picture=drawn.getvalue(), told={"share": round(unsure_share(found), 3)})


@lru_cache(PHOTOS_KEPT)
def _photo(key: str) -> Image.Image:
    """Mode L or RGB. Our own copy, made at the upload: no stranger's bytes."""
    with default_storage.open(key, "rb") as stored, Image.open(stored) as picture:
        picture.load()
        return picture.copy()


@lru_cache(PROPOSALS_KEPT)
def _proposed(version: int, key: str, seen_as: "Settings", *, size: tuple[int, int]) -> "Chroma":
    """By the number of the version, which never stands for other weights."""
    return engine.serving(version).colorizer.propose(_photo(key), seen_as, size=size)
