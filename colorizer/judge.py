"""A classifier looks at colored pictures: EfficientNet-Lite2 with its ImageNet weights, and a linear probe on it.

The probe (multinomial logistic regression) learns the classes of a set, which are its folders, from true-color
training pictures; how well it still reads a colored picture says how right the colors are (Zhang 2016).
The network runs in bfloat16, which takes half the time and moves the distances of `resemblance` by some 2 %.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor

from .checkpoint import read_tensors, write_atomically
from .data import PhotoSet, evaluation_crop, place_of
from .efficientnet import Classifier, load_imagenet
from .errors import ImageError

NETWORK = "efficientnet-lite2"
UNLABELLED = "unlabelled"  # the folder of pictures whose class is not known
BATCH = 16
STEPS = 100  # of L-BFGS, which needs fewer
DECAY = 0.05  # of the probe's weights on standardized features


class Judge:
    """The classifier, held in memory."""

    def __init__(self) -> None:
        """Raises WeightsError when the package with the ImageNet weights is not installed."""
        self._network = Classifier(NETWORK).eval().to(memory_format=torch.channels_last)
        load_imagenet(self._network, NETWORK)

    @torch.inference_mode()
    def features(self, rgb: Tensor) -> Tensor:
        """RGB (N, 3, H, W) in 0..1, H and W multiples of 32, to pooled features (N, 1280)."""
        with torch.autocast("cpu", torch.bfloat16):
            pooled, _ = self._network((rgb * 2 - 1).contiguous(memory_format=torch.channels_last))
        return pooled.float()


@dataclass(frozen=True)
class Probe:
    """A linear classifier on the judge's features, and what it learned from."""

    photos: str  # the name of the set
    pictures: int
    classes: tuple[str, ...]
    mean: Tensor  # of the features (1280,), as is the deviation
    deviation: Tensor
    weight: Tensor  # (1280, classes)
    bias: Tensor  # (classes,)

    def read(self, features: Tensor, names: list[str]) -> tuple[Tensor, Tensor]:
        """Of pictures (N, 1280), NaN for classes that it does not know.

        1 where one is read as the class that its name says, else 0; and the log likelihood of that class, in nats.
        """
        scores = (features - self.mean) / self.deviation @ self.weight + self.bias
        numbers = {name: number for number, name in enumerate(self.classes)}
        labels = torch.tensor([numbers.get(class_of(name), -1) for name in names])
        likelihood = torch.log_softmax(scores, dim=1).gather(1, labels.clamp_min(0)[:, None])[:, 0]
        right = (scores.argmax(dim=1) == labels).float()
        return tuple(torch.where(labels >= 0, figure, torch.nan) for figure in (right, likelihood))


def class_of(name: str) -> str:
    """The folder that a photograph lies in; `unlabelled` where there is none."""
    return PurePosixPath(name).parent.name or UNLABELLED


def learn_probe(
    judge: Judge,
    photos: PhotoSet,
    *,
    size: int,
    limit: int,
    cache: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Probe:
    """Learn from up to `limit` photographs spread evenly over the set, as evaluation sees them at `size` pixels.

    Their features are kept in the folder `cache`. Raises ImageError for a set with fewer than two classes.
    """
    known = [index for index, name in enumerate(photos.names) if class_of(name) != UNLABELLED]
    total = min(limit, len(known))
    chosen = [known[place_of(number, of=total, among=len(known))] for number in range(total)]
    classes = tuple(sorted({class_of(photos.names[index]) for index in chosen}))
    if len(classes) < 2:
        raise ImageError(f"{photos.path.name} has too few folders to learn classes from.")
    features = _features(judge, photos, chosen, size=size, cache=cache, progress=progress)
    labels = torch.tensor([classes.index(class_of(photos.names[index])) for index in chosen])
    mean, deviation = features.mean(dim=0), features.std(dim=0).clamp_min(1e-6)
    weight, bias = _fit((features - mean) / deviation, labels, classes=len(classes))
    return Probe(photos.path.name, total, classes, mean, deviation, weight, bias)


def _features(
    judge: Judge,
    photos: PhotoSet,
    chosen: list[int],
    *,
    size: int,
    cache: Path | None,
    progress: Callable[[int, int], None],
) -> Tensor:
    """(n, 1280) of the photographs at positions `chosen`."""
    what = [NETWORK, size, photos.path.name, photos.path.stat().st_size, [photos.names[index] for index in chosen]]
    kept = cache / f"{hashlib.sha256(json.dumps(what).encode()).hexdigest()}.safetensors" if cache else None
    if kept and kept.exists():
        return read_tensors(kept)["features"]
    parts = []
    for start in range(0, len(chosen), BATCH):
        batch = [evaluation_crop(photos.open(index), size) for index in chosen[start : start + BATCH]]
        parts.append(judge.features(torch.stack(batch).float() / 255))
        progress(min(start + BATCH, len(chosen)), len(chosen))
    features = torch.cat(parts)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, save({"features": features}))
    return features


def _fit(features: Tensor, labels: Tensor, *, classes: int) -> tuple[Tensor, Tensor]:
    """Weight (d, classes) and bias of least cross entropy plus DECAY / 2 times the squared weights."""
    weight = torch.zeros(features.shape[1], classes, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(features @ weight + bias, labels) + DECAY / 2 * weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return weight.detach(), bias.detach()
