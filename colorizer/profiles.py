"""Color profiles (ICC): whether one is of use, and the ways from its numbers to sRGB and back.

A profile is known by what it does to colors, never by its name: "Linear sRGB" is not sRGB.
"""

from functools import lru_cache
from itertools import product
from pathlib import Path

import pyvips

LARGEST_PROFILE = 4 << 20
WAY = {"intent": "relative", "black_point_compensation": True}
LEVEL_16 = 257  # a level of 255, in 16 bits
_STEPS = (0, 8, 32, 64, 128, 192, 255)


def kind(image: pyvips.Image) -> str:
    """`RGB`, `GRAY` or `CMYK` when the picture has a profile that fits its bands, else empty."""
    profile = _embedded(image)
    if not 132 <= len(profile) <= LARGEST_PROFILE or profile[36:40] != b"acsp":
        return ""
    space = _space(profile)
    colors = image.bands - (1 if image.hasalpha() else 0)
    return space if {"RGB": 3, "GRAY": 1, "CMYK": 4}.get(space) == colors else ""


def has_another(image: pyvips.Image) -> bool:
    """Whether the picture is grey or RGB by a profile whose colors are not sRGB's."""
    return kind(image) in ("RGB", "GRAY") and is_another(_embedded(image))


@lru_cache(maxsize=4)
def is_another(profile: bytes) -> bool:
    """Whether a profile of grey or RGB can be read with, and leads to other colors than sRGB, by over one level."""
    colors = list(product(_STEPS, repeat=3)) if _space(profile) == "RGB" else [(step,) for step in _STEPS]
    plain = pyvips.Image.new_from_memory(bytes(sum(colors, ())), len(colors), 1, len(colors[0]), "uchar")
    plain = plain.copy(interpretation="srgb" if len(colors[0]) == 3 else "b-w")
    plain.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    try:
        return (to_srgb(plain) - plain * LEVEL_16).abs().max() > LEVEL_16
    except pyvips.Error:
        return False


def to_srgb(image: pyvips.Image) -> pyvips.Image:
    """By the embedded profile, into 16 bits. Raises pyvips.Error for a profile that is no use."""
    if image.bands == 1:
        # Straight to sRGB, grey goes through a table that is coarse in the shadows: 10 levels of 255 off.
        luminance = image.icc_import(pcs="xyz", embedded=True, **WAY)[1] / 100
        linear = luminance.bandjoin([luminance, luminance]).copy(interpretation="scrgb")
        return linear.colourspace("rgb16")[1].copy(interpretation="grey16")
    # libvips's own profile of four inks, where the file brings none.
    inks = {"input_profile": "cmyk"} if image.interpretation == "cmyk" else {}
    return image.icc_transform("srgb", depth=16, embedded=True, **WAY, **inks)


def from_srgb(image: pyvips.Image, profile: bytes, folder: Path, *, bits: int) -> pyvips.Image:
    """Into a profile of RGB, which is left in `folder` while the picture is used. Raises pyvips.Error."""
    own = folder / "result.icc"
    own.write_bytes(profile)
    return image.icc_transform(str(own), input_profile="srgb", depth=bits, **WAY)


def of_result(image: pyvips.Image, folder: Path) -> bytes:
    """The picture's own profile where that is one of RGB that can be written with too, else empty."""
    profile = _embedded(image)
    if kind(image) != "RGB":
        return b""
    try:
        from_srgb(pyvips.Image.black(1, 1, bands=3).copy(interpretation="srgb"), profile, folder, bits=16).avg()
    except pyvips.Error:
        return b""
    return profile


def _embedded(image: pyvips.Image) -> bytes:
    return bytes(image.get("icc-profile-data")) if image.get_typeof("icc-profile-data") else b""


def _space(profile: bytes) -> str:
    return profile[16:20].decode("ascii", "replace").strip()
