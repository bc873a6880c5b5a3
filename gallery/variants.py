"""How a photograph is to be colored: the settings of a job, checked before they reach a worker.

What they do with colors is the colorizer's matter; this knows their names and limits.
"""

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass, fields
from typing import Any

from django.utils.translation import gettext as _

MOST_SPOTS = 500
FARTHEST = 1_000_000  # pixels: beyond any photograph
MOST_VIVID, WARMEST = 2.0, 1.0
USUAL_NETWORK_SIZE = 256
NETWORK_SIZES = (192, 256, 384, 512)  # short sides in pixels that the network sees


class SettingsRefused(Exception):
    """str() is one plain sentence: what is wrong with the settings."""


@dataclass(frozen=True)
class Spot:
    """A disc in pixels of the upright photograph at full size; color is #rrggbb, or empty for a region to stay grey."""

    x: float
    y: float
    radius: float
    color: str = ""

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value != ""}


@dataclass(frozen=True)
class VariantSettings:
    """What an owner may ask for. Vividness 0..2 with 1 as the network says it, warmth -1..1, cool to warm.

    `network_size` is one of NETWORK_SIZES; `flip_averaged` takes the mean of the photograph's colors and its mirror
    image's; `model_version` is the number of a version that was active once, None for the one in use.
    """

    hints: tuple[Spot, ...] = ()
    keep_grey: tuple[Spot, ...] = ()
    vividness: float = 1.0
    warmth: float = 0.0
    network_size: int = USUAL_NETWORK_SIZE
    flip_averaged: bool = False
    model_version: int | None = None

    @classmethod
    def parse(cls, value: Any) -> "VariantSettings":
        """From what `everything` gives, of which any part may be missing. Raises SettingsRefused."""
        if not isinstance(value, dict):
            raise SettingsRefused(_("The settings must be an object."))
        unknown = sorted(set(value) - {field.name for field in fields(cls)})
        if unknown:
            raise SettingsRefused(_("There is no setting called “%(name)s”.") % {"name": str(unknown[0])[:50]})
        hints, keep_grey = _spots(value, "hints", colored=True), _spots(value, "keep_grey", colored=False)
        if len(hints) + len(keep_grey) > MOST_SPOTS:
            raise SettingsRefused(_("At most %(count)d hints and grey regions are taken.") % {"count": MOST_SPOTS})
        usual = cls()
        network_size = value.get("network_size", usual.network_size)
        if network_size not in NETWORK_SIZES:
            sizes = ", ".join(map(str, NETWORK_SIZES))
            raise SettingsRefused(_("The network size must be one of %(sizes)s.") % {"sizes": sizes})
        flip_averaged = value.get("flip_averaged", usual.flip_averaged)
        if not isinstance(flip_averaged, bool):
            raise SettingsRefused(_("“flip_averaged” must be true or false."))
        return cls(
            hints=hints,
            keep_grey=keep_grey,
            vividness=_number(value, "vividness", usual.vividness, low=0, high=MOST_VIVID),
            warmth=_number(value, "warmth", usual.warmth, low=-WARMEST, high=WARMEST),
            network_size=int(network_size),
            flip_averaged=flip_averaged,
            model_version=_version(value.get("model_version")),
        )

    def everything(self) -> dict[str, Any]:
        """Each setting by its name, as JSON; what `parse` takes."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        return told | {name: [spot.as_json() for spot in told[name]] for name in ("hints", "keep_grey")}

    def as_json(self) -> dict[str, Any]:
        """What differs from the usual settings: empty for none, so that equal wishes are equal rows."""
        usual = VariantSettings().everything()
        return {name: value for name, value in self.everything().items() if value != usual[name]}

    def check_places(self, width: int, height: int) -> None:
        """Raises SettingsRefused for a spot beyond a photograph of that size."""
        for spot in self.hints + self.keep_grey:
            if math.hypot(max(spot.x - width, 0), max(spot.y - height, 0)) > spot.radius:
                text = _(
                    "The hint at (%(x)s, %(y)s) lies outside the photograph, which has %(width)s x %(height)s pixels."
                )
                told = {"x": f"{spot.x:g}", "y": f"{spot.y:g}", "width": width, "height": height}
                raise SettingsRefused(text % told)

    @property
    def digest(self) -> str:
        """Names these settings; empty for the usual ones."""
        told = self.as_json()
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest() if told else ""


def _spots(value: dict[str, Any], name: str, *, colored: bool) -> tuple[Spot, ...]:
    entries = value.get(name, [])
    if not isinstance(entries, list):
        raise SettingsRefused(_("“%(name)s” must be a list.") % {"name": name})
    return tuple(_spot(entry, colored=colored) for entry in entries[: MOST_SPOTS + 1])


def _spot(entry: Any, *, colored: bool) -> Spot:
    if not isinstance(entry, dict) or set(entry) - {"x", "y", "radius", "color"}:
        raise SettingsRefused(_("Each hint must be an object with x, y, radius and color."))
    numbers = [entry.get(name) for name in ("x", "y", "radius")]
    if not all(_is_number(number) and 0 <= number <= FARTHEST for number in numbers):
        text = _("Each hint needs x, y and radius in pixels of the photograph, from 0 to %(most)d.")
        raise SettingsRefused(text % {"most": FARTHEST})
    color = entry.get("color")
    if colored and not (isinstance(color, str) and re.fullmatch(r"#[0-9a-fA-F]{6}", color)):
        raise SettingsRefused(_("A hint's color must be written as #rrggbb."))
    x, y, radius = (round(float(number), 1) for number in numbers)
    return Spot(x, y, radius, color.lower() if colored else "")


def _number(value: dict[str, Any], name: str, usual: float, *, low: float, high: float) -> float:
    number = value.get(name, usual)
    if not (_is_number(number) and low <= number <= high):
        text = _("“%(name)s” must be a number from %(low)g to %(high)g.")
        raise SettingsRefused(text % {"name": name, "low": low, "high": high})
    return round(float(number), 2)


def _version(number: Any) -> int | None:
    if number is None:
        return None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 1 << 31:
        raise SettingsRefused(_("The model version must be a number."))
    return number


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
