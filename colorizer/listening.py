"""Teaches a generator how far told colors reach: the embedding that `spreading` goes by, and nothing else of it.

Without hints it colors as before. Each photograph gives two lessons. The truth is revealed at random points, and the
whole of it is asked for (Zhang 2017): so what goes together is learned. And single things, segments of the true picture
(Felzenszwalb 2004), are told other colors than they have: what is of another color has to stay as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from .color import AB_MAX, rgb_to_lab
from .data import PhotoSet, train_crop
from .generator import Generator
from .inference import SHORT_SIDE
from .spreading import KINDS, coordinates, fill, means, weigh

CHANNELS = 12 * KINDS
STEPS = 300
PICTURES = 4  # in a step
STANDARDIZED = 8  # steps' pictures, whose features' mean and variance are taken
RATE = 4e-3  # of Adam at the start; it ends at 0
MOST_POINTS, POINTS_SHARE = 50, 0.1  # and the share of the geometric distribution of their number
REACH = 2  # places around a point that are told: a click covers some
RECOLORED, RECOLORED_SHARE = 6, 0.4  # segments at most, and of the geometric distribution
LARGEST = 0.6  # of the picture: a larger segment leaves too little to leave alone
WISHED = (15.0, 60.0)  # units of ab that a segment is recolored by
ALIKE = 10.0  # units of true ab within which another segment may be the same thing: what it becomes is not looked at
RECOLORING_WEIGHT = 25.0  # of the squared error beside that of the wish, against dB of what is revealed
SEGMENTS = {"scale": 100, "sigma": 0.8, "min_size": 60}  # in places; Lab in hundreds


@dataclass(frozen=True)
class _Photo:
    """Half as large as the network sees it: L (h, w), proposed and true ab (2, h, w), coordinates (KINDS, h w, c)."""

    light: Tensor
    proposed: Tensor
    truth: Tensor
    places: Tensor

    def answer(self, points: NDArray[np.int64], missing: Tensor) -> Tensor:
        """What is filled in (2, h, w) where so much (n, 2) is missing around points (n, 2), each x and y."""
        owners = torch.full(self.light.shape, -1)
        for number, (x, y) in enumerate(points.tolist()):
            owners[y : y + REACH, x : x + REACH] = number
        numbers, rest = torch.unique(owners, return_inverse=True)  # some may be covered
        told = means(self.places, rest.flatten() - 1, len(numbers) - 1)
        return fill(self.places, told, weigh(told, missing[numbers[1:]])).T.view_as(self.truth)


def teach(
    generator: Generator,
    sources: dict[str, PhotoSet],
    *,
    steps: int = STEPS,
    seed: int = 20261123,
    progress: Callable[[int, float], None] = lambda step, loss: None,
) -> Generator:
    """A copy that listens better, from color photographs of all sources alike; `progress` hears of each step's loss."""
    taught, embedding = _with_embedding(generator, seed)
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for _ in range(STANDARDIZED):
            _look(taught, _draw(sources, rng))
    embedding[0].eval()
    optimizer = torch.optim.Adam(embedding.parameters(), lr=RATE)
    course = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        photos = _look(taught, _draw(sources, rng))
        loss = torch.stack([_lesson(photo, rng) for photo in photos]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        course.step()
        progress(step + 1, float(loss.detach()))
    taught.alike = _folded(embedding)
    return taught.eval()


def _with_embedding(generator: Generator, seed: int) -> tuple[Generator, nn.Sequential]:
    """Standardized features, so that all have the same say, and what is learned of them."""
    torch.manual_seed(seed)
    taught = Generator(replace(generator.config, alike_channels=CHANNELS))
    untaught = {name: tensor for name, tensor in generator.state_dict().items() if not name.startswith("alike.")}
    taught.load_state_dict(untaught | {f"alike.{name}": tensor for name, tensor in taught.alike.state_dict().items()})
    taught.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    inputs = taught.alike.in_channels
    standardized = nn.BatchNorm2d(inputs, affine=False, momentum=None)  # by the mean of all that it is shown
    embedding = nn.Sequential(standardized, nn.Conv2d(inputs, CHANNELS, 1, bias=False))
    nn.init.normal_(embedding[1].weight, std=0.25 / inputs**0.5)
    taught.alike = embedding.train()
    return taught, embedding


def _folded(embedding: nn.Sequential) -> nn.Conv2d:
    """The same as one convolution."""
    norm, convolution = embedding
    scale = (norm.running_var + norm.eps).rsqrt()
    folded = nn.Conv2d(convolution.in_channels, CHANNELS, 1)
    with torch.no_grad():
        folded.weight.copy_(convolution.weight * scale[:, None, None])
        folded.bias.copy_(-folded.weight[..., 0, 0] @ norm.running_mean)
    return folded.requires_grad_(False)


def _draw(sources: dict[str, PhotoSet], rng: np.random.Generator) -> list[Tensor]:
    """PICTURES squares of uint8 RGB, each of any source."""
    drawn = [sources[name] for name in rng.choice(sorted(sources), PICTURES)]
    return [train_crop(photos.open(int(rng.integers(len(photos)))), SHORT_SIDE, rng) for photos in drawn]


def _look(generator: Generator, pictures: list[Tensor]) -> list[_Photo]:
    """Of uint8 RGB (3, H, W) each."""
    lab = rgb_to_lab(torch.stack(pictures).float() / 255)
    said = generator.predict(lab[:, :1].contiguous(memory_format=torch.channels_last))
    small = F.avg_pool2d(lab, 2)
    return [
        _Photo(light[0], ab, truth, coordinates(light[0], ab, embedding))
        for light, truth, ab, embedding in zip(small[:, :1], small[:, 1:], said.ab, said.alike, strict=True)
    ]


def _lesson(photo: _Photo, rng: np.random.Generator) -> Tensor:
    """What is to become small."""
    return _revealed(photo, rng) + RECOLORING_WEIGHT * _recolored(photo, rng)


def _revealed(photo: _Photo, rng: np.random.Generator) -> Tensor:
    """How far the picture stays from the truth, of which some points are told: the negative psnr of ab, in dB."""
    missing = photo.truth - photo.proposed
    points = _points(photo, min(MOST_POINTS, int(rng.geometric(POINTS_SHARE))), rng)
    told = torch.stack([missing[:, y : y + REACH, x : x + REACH].mean(dim=(1, 2)) for x, y in points])
    error = (missing - photo.answer(points, told)).square().mean()
    return 10 * torch.log10(error.clamp_min(1e-3) / AB_MAX**2)


def _recolored(photo: _Photo, rng: np.random.Generator) -> Tensor:
    """Mean squared error inside the recolored segments and outside, beside the mean square of what was wished."""
    segments = _segments(photo)
    target, told, points, wishes = torch.zeros_like(photo.truth), torch.zeros(photo.light.shape).bool(), [], []
    like_told = told.clone()
    for x, y in _points(photo, min(RECOLORED, int(rng.geometric(RECOLORED_SHARE))), rng):
        segment = segments == segments[y, x]
        if told[y, x] or segment.float().mean() > LARGEST:
            continue
        hue, chroma = rng.uniform(0, 2 * np.pi), rng.uniform(*WISHED)
        wish = torch.tensor((chroma * np.cos(hue), chroma * np.sin(hue)), dtype=torch.float32)
        target[:, segment] = wish[:, None]
        told |= segment
        like_told |= (photo.truth - photo.truth[:, segment].mean(dim=1)[:, None, None]).norm(dim=0) < ALIKE
        points.append((x, y))
        wishes.append(wish)
    if not points:
        return torch.zeros(())
    wished = torch.stack(wishes)
    errors = (photo.answer(np.array(points), wished) - target).square().sum(dim=0) / wished.square().sum(dim=1).mean()
    others = errors[~told & ~like_told]
    return errors[told].mean() + (others.mean() if len(others) else 0)


def _points(photo: _Photo, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Random x and y (n, 2) from which REACH places lie inside."""
    height, width = photo.light.shape
    return rng.integers(0, (width - REACH, height - REACH), (count, 2))


def _segments(photo: _Photo) -> Tensor:
    """The number of each place's (h, w)."""
    from skimage.segmentation import felzenszwalb

    lab = torch.cat((photo.light[None], photo.truth)).movedim(0, -1) / 100
    return torch.from_numpy(felzenszwalb(lab.numpy(), **SEGMENTS))
