"""Colors black-and-white photographs with a GAN. Knows nothing of Django, queues, the environment or the network."""

from .errors import ColorizerError, ImageError, NoColorError, OutOfMemoryError, TrainingError, WeightsError
from .inference import Colorizer

__all__ = [
    "Colorizer",
    "ColorizerError",
    "ImageError",
    "NoColorError",
    "OutOfMemoryError",
    "TrainingError",
    "WeightsError",
]
