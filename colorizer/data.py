"""Color photographs for training and evaluation, read from folders or zip files, as L and ab tensors.

Train and evaluation transforms stand side by side. Degradations touch the input luminance only.
"""

import io
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from .color import rgb_to_lab, to_tensor
from .config import Stage
from .errors import ImageError

# What Pillow raises for files that are damaged in one way or another.
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")


class PhotoSet:
    """The photographs of a folder (with its subfolders) or of a zip file, by position, in the order of names."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip: zipfile.ZipFile | None = None  # opened at first use: a handle does not survive a fork
        if path.is_dir():
            found = (p.relative_to(path).as_posix() for p in path.rglob("*"))
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                found = iter(archive.namelist())
        else:
            raise ImageError(f"{path} is neither a folder nor a zip file.")
        self.names = sorted(n for n in found if PurePosixPath(n).suffix.lower() in SUFFIXES)
        if not self.names:
            raise ImageError(f"There are no photographs in {path}.")

    def __len__(self) -> int:
        return len(self.names)

    def open(self, index: int) -> Image.Image:
        """The photograph as mode RGB, 8 bit."""
        name = self.names[index]
        try:
            if self.path.is_dir():
                return Image.open(self.path / name).convert("RGB")
            if self._zip is None:
                self._zip = zipfile.ZipFile(self.path)
            return Image.open(io.BytesIO(self._zip.read(name))).convert("RGB")
        except (*UNREADABLE, zipfile.BadZipFile) as error:
            raise ImageError(f"{name} in {self.path.name} cannot be read as a photograph.") from error


def train_crop(image: Image.Image, size: int, rng: np.random.Generator) -> Tensor:
    """A random square of at least 60 % of the short side, perhaps mirrored: uint8 (3, size, size)."""
    short = min(image.size)
    side = round(short * rng.uniform(0.6, 1.0))
    left = int(rng.integers(0, image.width - side + 1))
    top = int(rng.integers(0, image.height - side + 1))
    box = (left, top, left + side, top + side)
    pixels = to_tensor(image.resize((size, size), Image.Resampling.BILINEAR, box=box))
    return pixels.flip(-1) if rng.random() < 0.5 else pixels


def evaluation_crop(image: Image.Image, size: int) -> Tensor:
    """The middle square resized to `size`: uint8 (3, size, size)."""
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    box = (left, top, left + short, top + short)
    return to_tensor(image.resize((size, size), Image.Resampling.BICUBIC, box=box))


def degrade(light: Tensor, generator: torch.Generator) -> Tensor:
    """What time does to a photograph, on L (N, 1, H, W) in 0..100: contrast, exposure, fading, blur, grain."""
    n = light.shape[0]

    def uniform(low: float, high: float) -> Tensor:
        return torch.empty(n, 1, 1, 1).uniform_(low, high, generator=generator)

    x = light / 100
    x = x.clamp(0, 1) ** torch.exp2(uniform(-0.5, 0.5))
    x = (x - 0.5) * uniform(0.75, 1.15) + 0.5 + uniform(-0.08, 0.08)
    blurred = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    x = torch.lerp(x, blurred, (uniform(-1.0, 1.0)).clamp_min(0))
    grain = torch.randn(x.shape, generator=generator) * uniform(-0.03, 0.05).clamp_min(0)
    return ((x + grain) * 100).clamp(0, 100)


@dataclass(frozen=True)
class Batch:
    """L as the network sees it and as it is (N, 1, H, W), and the true ab (N, 2, H, W)."""

    seen: Tensor
    light: Tensor
    ab: Tensor


class TrainingBatches(Dataset):
    """One whole batch of a stage by its step: the same step gives the same batch, so that a run can resume."""

    def __init__(self, sources: dict[str, PhotoSet], stage: Stage, *, seed: int, first_step: int) -> None:
        self.sources = sources
        self.stage = stage
        self.seed = seed
        self.first_step = first_step

    def __len__(self) -> int:
        return self.stage.steps - self.first_step

    def __getitem__(self, index: int) -> Tensor:
        """uint8 RGB (N, 3, crop, crop)."""
        rng = np.random.default_rng((self.seed, self.first_step + index))
        crops = []
        for source, count in self.stage.batch.items():
            photos = self.sources[source]
            for position in rng.integers(0, len(photos), count):
                crops.append(train_crop(photos.open(int(position)), self.stage.crop, rng))
        return torch.stack(crops)


def to_batch(rgb: Tensor, generator: torch.Generator) -> Batch:
    """uint8 RGB (N, 3, H, W) to what a training step needs."""
    lab = rgb_to_lab(rgb.float() / 255)
    light, ab = lab[:, :1], lab[:, 1:]
    return Batch(seen=degrade(light, generator), light=light, ab=ab)


def evaluation_batch(photos: PhotoSet, positions: range, *, of: int, size: int) -> Tensor:
    """Photographs number `positions` of `of` spread evenly over the set: uint8 RGB (N, 3, size, size)."""
    return torch.stack([evaluation_crop(photos.open(p * len(photos) // of), size) for p in positions])
