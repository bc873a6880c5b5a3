"""Where the generator is unsure: how far its answers for one photograph lie apart when it is asked in several ways.

The same photograph at three sizes and mirrored. What depends on that is a guess.
"""

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from .inference import Colorizer, Settings
from .painting import Floats

WAYS = (
    (256, False),
    (192, True),
    (384, True),
    (512, False),
)  # the network's size, and whether it is shown mirrored
# Of ab. On validation photographs, where the spread is above it 61 % of colors are over 10 CIEDE2000 from the truth,
# elsewhere 24 %.
UNSURE = 5.0
STRONGEST = 12.0  # spread that is drawn as strongly as any; a thirtieth of all is above it
MOST_COVER = 200  # alpha 0..255 of the map where it is strongest: the photograph stays visible
MAP_COLOR = (214, 40, 120)  # magenta: few photographs have it, and it stands out of grey for every eye


def spread(colorizer: Colorizer, image: Image.Image, *, size: tuple[int, int]) -> Floats:
    """Standard deviation of ab over WAYS at half the size that the network usually sees: (h, w), 0 where all agree."""
    answers = [torch.from_numpy(_asked(colorizer, image, *way, size=size))[None] for way in WAYS]
    shape = answers[0].shape[-2:]
    same = torch.cat([F.interpolate(ab, shape, mode="bilinear", align_corners=False) for ab in answers])
    return same.var(dim=0, correction=0).sum(dim=0).sqrt().numpy()  # (N, 2, h, w) to (h, w)


def _asked(
    colorizer: Colorizer, image: Image.Image, network_size: int, is_mirrored: bool, *, size: tuple[int, int]
) -> Floats:
    """Chroma (2, h, w) of the photograph, whichever way round the network saw it."""
    seen = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if is_mirrored else image
    ab = colorizer.propose(seen, Settings(network_size=network_size), size=size).ab
    return ab[..., ::-1].copy() if is_mirrored else ab


def unsure_share(spread: Floats) -> float:
    """How much of the photograph, 0..1, is a guess."""
    return float((spread > UNSURE).mean())


def heat_map(spread: Floats) -> Image.Image:
    """Mode RGBA, to be laid over the photograph: clear where the generator is sure."""
    cover = np.clip((spread - UNSURE / 2) / (STRONGEST - UNSURE / 2), 0, 1) * MOST_COVER
    flat = np.broadcast_to(np.array(MAP_COLOR, np.uint8), (*spread.shape, 3))
    return Image.fromarray(np.dstack((flat, cover.astype(np.uint8))))
