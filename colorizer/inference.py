"""Colors a photograph of any size: the network at its own size, the photograph's own light at full size."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from .batching import Batcher
from .checkpoint import Card, load_generator
from .color import lab_to_rgb, rgb_to_lab, to_tensor
from .efficientnet import STRIDE
from .errors import ImageError, NoColorError, OutOfMemoryError, is_no_memory
from .generator import Generator
from .hints import Hints
from .merging import Chroma, adjust_chroma, merge
from .painting import Floats
from .speed import find_device, number_format, quickened

SHORT_SIDE = 256  # pixels that the network usually sees; of longer photographs so many squares of it, as a panorama
SQUARES, LONGEST = 2.5, 5.0  # at most, and so many times as long
SHORTEST_NETWORK, LONGEST_NETWORK = 64, 512  # short sides, as far as they are planned for
MIN_CHROMA = 2.0  # chroma in Lab below which nobody sees a color
SEEN_SHARE = 0.01  # of the picture that must have more


@dataclass(frozen=True)
class Settings:
    """How a photograph is to be colored; ranges are `merging.adjust_chroma`'s, hints lie on the upright photograph.

    `network_size` is the short side in pixels that the network sees: smaller sees the scene, larger its details.
    `flip_averaged` takes the mean of what it says of the photograph and of its mirror image.
    """

    vividness: float = 1.0
    warmth: float = 0.0
    hints: Hints = field(default_factory=Hints)
    network_size: int = SHORT_SIDE
    flip_averaged: bool = False

    def __post_init__(self) -> None:
        if not SHORTEST_NETWORK <= self.network_size <= LONGEST_NETWORK:
            raise ValueError(f"The network size {self.network_size} must be in {SHORTEST_NETWORK}..{LONGEST_NETWORK}.")


@dataclass(frozen=True)
class Distribution:
    """What the network finds likely, at a quarter of the size that it sees."""

    shares: Floats  # (Q, h, w), the sum over Q is 1
    centers: Floats  # (Q, 2): the chroma ab that each share is of
    light: Floats  # (h, w): L in 0..100


class Colorizer:
    """A generator held in memory, ready to color photographs."""

    def __init__(self, generator: Generator, card: Card, *, device: str = "cpu", at_once: int = 1) -> None:
        self.card = card
        self.device = find_device(device)
        self._generator = quickened(generator, self.device, number_format(self.device))
        self.batcher = Batcher(partial(say, self._generator), most=at_once)

    @classmethod
    def load(cls, path: Path | str, *, device: str = "cpu", at_once: int = 1) -> "Colorizer":
        """Load weights strictly and by digest; threads that are `batcher.coming` share batches of up to `at_once`.

        Raises WeightsError, and DeviceError for a device that is not there.
        """
        generator, card = load_generator(Path(path))
        return cls(generator, card, device=device, at_once=at_once)

    @property
    def digest(self) -> str:
        """sha256 of the weights file."""
        return self.card.digest

    def colorize(
        self, image: Image.Image, *, vividness: float = 1.0, warmth: float = 0.0, hints: Hints | None = None
    ) -> Image.Image:
        """Color a photograph of mode L or RGB (8 bit); the answer is mode RGB of the same size.

        The input's own colors are not looked at, only its luminance; `Settings` says what the others are.
        Raises NoColorError when the generator finds no color, OutOfMemoryError when the device is too small,
        ImageError for another mode, HintsError for a hint outside the photograph.
        """
        if image.mode not in ("L", "RGB"):
            raise ImageError(f"A photograph of mode {image.mode} must be converted to L or RGB first.")
        with in_words(image.size):
            chroma = self.predict(image, Settings(vividness, warmth, hints or Hints()), size=image.size)
            colored = np.empty((image.height, image.width, 3), np.uint8)
            merge(np.asarray(image), chroma, colored)
            return Image.fromarray(colored)

    def predict(self, image: Image.Image, settings: Settings, *, size: tuple[int, int]) -> Chroma:
        """The colors of a photograph of mode L or RGB (8 bit), at half the network's size.

        The photograph may have been reduced to `network_size`; `size` is its own (width, height), in which hints
        are given. They are kept to, whatever the network said: told colors are color enough.
        Raises what `settled` raises.
        """
        return settled(self.propose(image, settings, size=size), settings, size=size)

    def propose(self, image: Image.Image, settings: Settings, *, size: tuple[int, int]) -> Chroma:
        """What the network itself says, as `predict`: before vividness and warmth, and not yet held to the hints.

        It is not told them: where it hears one it sets the place apart from its own thing, and nothing spreads.
        """
        seen = network_size(size, settings.network_size)
        light = self._seen(image, seen)
        ab, alike = unpacked(self.batcher(light), light)
        if settings.flip_averaged:
            # After the other, not as one batch: the planner allows the network one photograph's memory.
            mirrored, _ = unpacked(self.batcher(light.flip(-1)), light)
            ab = (ab + mirrored.flip(-1)) / 2
        return Chroma(
            ab=ab[0].cpu().numpy(),
            light=F.avg_pool2d(light, 2, ceil_mode=True)[0, 0].cpu().numpy(),
            alike=alike[0].cpu().numpy() if alike.shape[1] else None,
        )

    @torch.inference_mode()
    def distribution(self, image: Image.Image, *, size: tuple[int, int]) -> Distribution | None:
        """How likely the network finds each color at each place; None for one that knows no bins."""
        light = self._seen(image, network_size(size))
        logits = self._generator.predict(padded(light)).logits
        if logits is None:
            return None
        shares = torch.softmax(logits[0], dim=0)
        places = (..., slice(math.ceil(light.shape[2] / 4)), slice(math.ceil(light.shape[3] / 4)))
        centers = self._generator.centers.float() * self._generator.config.chroma_gain
        return Distribution(
            shares=shares[places].cpu().numpy(),
            centers=centers.cpu().numpy(),
            light=F.avg_pool2d(light, 4, ceil_mode=True)[0, 0].cpu().numpy(),
        )

    def _seen(self, image: Image.Image, seen: tuple[int, int]) -> Tensor:
        """L (1, 1, H, W) of the photograph at the size that the network sees."""
        small = image.resize(seen, Image.Resampling.BOX if seen < image.size else Image.Resampling.BICUBIC)
        return _light(small)[None].to(self.device)


def settled(proposed: Chroma, settings: Settings, *, size: tuple[int, int]) -> Chroma:
    """What the network proposed, as vivid and as warm as asked for, and held to the hints.

    Raises NoColorError, and HintsError for a hint outside the photograph.
    """
    if not np.isfinite(proposed.ab).all():
        raise NoColorError("The generator's answer for this photograph is not a number.")
    if not settings.hints.colors:
        _check_colors(proposed, share=SEEN_SHARE)
    ab = adjust_chroma(proposed.ab, vividness=settings.vividness, warmth=settings.warmth)
    told = replace(proposed, ab=ab + settings.hints.correction(ab, proposed, size))
    if settings.hints.colors:
        _check_colors(told, share=0)  # a spot may be small
    return told


@contextmanager
def in_words(size: tuple[int, int]) -> Iterator[None]:
    """Memory that runs out while a photograph of that size is colored becomes OutOfMemoryError."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_no_memory(error):
            raise
        raise OutOfMemoryError(
            f"There is too little memory to color a photograph of {size[0]} x {size[1]} pixels."
        ) from error


def network_size(size: tuple[int, int], short_side: int = SHORT_SIDE) -> tuple[int, int]:
    """Width and height that the network sees: bounded by its short side, its area and its long side, aspect kept."""
    by_area = math.sqrt(SQUARES * short_side**2 / (size[0] * size[1]))
    scale = min(short_side / min(size), by_area, LONGEST * short_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


@torch.inference_mode()
def predict_ab(generator: Generator, light: Tensor, hints: Tensor | None = None) -> Tensor:
    """L (N, 1, H, W) of any size and hints (N, 3, H, W) to ab at the same size.

    Sides are padded by replication to the network's stride, never squashed.
    """
    ab = generator(padded(light), hints if hints is None else F.pad(hints, _padding(hints)))
    return F.interpolate(_unpadded(ab, light, 2), size=light.shape[-2:], mode="bilinear", align_corners=False)


@torch.inference_mode()
def say(generator: Generator, light: Tensor) -> Tensor:
    """L (N, 1, H, W) to what `unpacked` takes: ab and the embedding, where there is one, as planes of one size."""
    said = generator.predict(padded(light))
    ab = F.pixel_unshuffle(said.ab, 2)  # four places of stride 2 to one of stride 4
    return ab if said.alike is None else torch.cat((ab, said.alike), dim=1)


def unpacked(said: Tensor, light: Tensor) -> tuple[Tensor, Tensor]:
    """Of L (N, 1, H, W): ab (N, 2, H/2, W/2) and the embedding (N, C, H/4, W/4), rounded up; C may be 0."""
    ab, alike = said.tensor_split((8,), dim=1)
    return _unpadded(F.pixel_shuffle(ab, 2), light, 2), _unpadded(alike, light, 4)


def _unpadded(planes: Tensor, light: Tensor, stride: int) -> Tensor:
    """Planes of padded light, without what was padded."""
    return planes[..., : math.ceil(light.shape[-2] / stride), : math.ceil(light.shape[-1] / stride)]


def padded(light: Tensor) -> Tensor:
    """L (N, 1, H, W) with its sides repeated to the network's stride."""
    return F.pad(light, _padding(light), mode="replicate").contiguous(memory_format=torch.channels_last)


def _padding(planes: Tensor) -> tuple[int, int, int, int]:
    height, width = planes.shape[-2:]
    return 0, -width % STRIDE, 0, -height % STRIDE


def _light(image: Image.Image) -> Tensor:
    """L (1, H, W) in 0..100 of a picture of mode L or RGB."""
    if image.mode == "L":
        table = torch.linspace(0, 1, 256).expand(3, 1, 256)
        lightness = rgb_to_lab(table)[0, 0]  # L of each of the 256 greys
        return lightness[torch.from_numpy(np.array(image)).long()][None]
    return rgb_to_lab(to_tensor(image).float() / 255)[:1]


def _check_colors(chroma: Chroma, *, share: float) -> None:
    """Raises NoColorError for chroma that nobody would see in the finished picture, or in less than a share of it."""
    rgb = lab_to_rgb(torch.from_numpy(np.concatenate((chroma.light[None], chroma.ab))))
    # Seen from afar; black and white have no room for color.
    seen = rgb_to_lab(F.adaptive_avg_pool2d(rgb, (min(64, rgb.shape[1]), min(64, rgb.shape[2]))))
    strong = seen[1:].square().sum(dim=0).sqrt().quantile(1 - share)
    if float(strong) < MIN_CHROMA:
        raise NoColorError("No color could be found for this photograph: it may be blank, or too dark.")
