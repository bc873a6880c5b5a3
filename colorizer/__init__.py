"""Colors black-and-white photographs with a GAN. Knows nothing of Django, queues, the environment or the network."""

from typing import TYPE_CHECKING

from .errors import (
    ColorizerError,
    DeviceError,
    DeviceFullError,
    HintsError,
    ImageError,
    NoColorError,
    OutOfMemoryError,
    TooLargeError,
    TrainingError,
    WeightsError,
)

if TYPE_CHECKING:
    from .inference import Colorizer

__all__ = [
    "Colorizer",
    "ColorizerError",
    "DeviceError",
    "DeviceFullError",
    "HintsError",
    "ImageError",
    "NoColorError",
    "OutOfMemoryError",
    "TooLargeError",
    "TrainingError",
    "WeightsError",
]


def __getattr__(name: str) -> type:
    """Colorizer, and torch with it, when it is asked for: a program that only reads files starts without (PEP 562)."""
    if name != "Colorizer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .inference import Colorizer

    return Colorizer
