"""Color photographs for training and evaluation, read from folders or zip files, as L and ab tensors.

Train and evaluation transforms stand side by side. What damages the input is degradation.py's matter.
"""

import hashlib
import io
import os
import struct
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from .color import rgb_to_lab, to_tensor
from .config import Recipe, Stage
from .degradation import Degradation
from .errors import ImageError
from .hints import reveal

# What Pillow raises for files that are damaged in one way or another.
UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, struct.error, Image.DecompressionBombError)
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")
HOLDOUT_ONE_IN = 50  # of a set that has no validation set of its own


class PhotoSet:
    """The photographs of a folder (with its subfolders) or of a zip file, by position, in the order of names.

    `part` is "all", or one of "train" and "holdout": a photograph is held out by the digest of its bytes, so that
    it never changes sides, whatever else comes to the set; all are read for it, which may take half a minute, and
    `heed` is called before each and may raise. With `names` only those are taken.
    Raises ImageError where there are none, or one of `names` is not there.
    """

    def __init__(
        self,
        path: Path,
        *,
        part: str = "all",
        names: Iterable[str] | None = None,
        heed: Callable[[], None] = lambda: None,
    ) -> None:
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        self._opened_in = 0  # process
        if path.is_dir():
            found = (p.relative_to(path).as_posix() for p in path.rglob("*"))
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                found = iter(archive.namelist())
        else:
            raise ImageError(f"{path} is neither a folder nor a zip file.")
        self.names = sorted(n for n in found if PurePosixPath(n).suffix.lower() in SUFFIXES)
        if names is not None:
            self.names = _chosen(names, self.names, path)
        if part != "all":
            self.names = [n for n in self.names if self._is_held_out(n, heed) == (part == "holdout")]
        if not self.names:
            raise ImageError(f"There are no photographs in {path}.")

    def __len__(self) -> int:
        return len(self.names)

    def open(self, index: int) -> Image.Image:
        """The photograph as mode RGB, 8 bit."""
        name = self.names[index]
        try:
            return Image.open(io.BytesIO(self._read(name))).convert("RGB")
        except (*UNREADABLE, zipfile.BadZipFile) as error:
            raise ImageError(f"{name} in {self.path.name} cannot be read as a photograph.") from error

    def _is_held_out(self, name: str, heed: Callable[[], None]) -> bool:
        heed()
        return int.from_bytes(hashlib.sha256(self._read(name)).digest()[:8]) % HOLDOUT_ONE_IN == 0

    def _read(self, name: str) -> bytes:
        if self.path.is_dir():
            return (self.path / name).read_bytes()
        if self._zip is None or self._opened_in != os.getpid():  # a handle does not survive a fork
            self._zip, self._opened_in = zipfile.ZipFile(self.path), os.getpid()
        return self._zip.read(name)


def open_sources(data: Path, name: str) -> tuple[PhotoSet, PhotoSet]:
    """`<name>-train.zip` and `<name>-val.zip` of a folder; without the second, the first is split by digest."""
    train = data / f"{name}-train.zip"
    if validation := validation_beside(train):
        return PhotoSet(train), PhotoSet(validation)
    return PhotoSet(train, part="train"), PhotoSet(train, part="holdout")


def validation_beside(train: Path) -> Path | None:
    """`<name>-val.zip` for `<name>-train.zip`; None: there is none, and the set is split by digest."""
    validation = train.with_name(train.name.replace("-train.zip", "-val.zip"))
    return validation if validation != train and validation.exists() else None


def open_data(data: Path, recipe: Recipe) -> tuple[dict[str, PhotoSet], dict[str, PhotoSet]]:
    """The sets that a recipe trains on, and those that it is validated on, by the names of their sources."""
    opened = {name: open_sources(data, name) for name in sorted({n for stage in recipe.stages for n in stage.batch})}
    return {name: train for name, (train, _) in opened.items()}, {name: opened[name][1] for name in recipe.validation}


def _chosen(wanted: Iterable[str], found: list[str], path: Path) -> list[str]:
    chosen = sorted(set(wanted))
    missing = set(chosen) - set(found)
    if missing:
        raise ImageError(f"{min(missing)} is not among the photographs of {path.name}.")
    return chosen


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


Recolor = Callable[[Tensor, Tensor], Tensor]  # L (N, 1, H, W) and ab (N, 2, H, W) to other ab


@dataclass(frozen=True)
class Batch:
    """L as the network sees it and as it is (N, 1, H, W), true ab (N, 2, H, W), and hints (N, 3, H, W)."""

    seen: Tensor
    light: Tensor
    ab: Tensor
    hints: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(*(tensor.to(device) for tensor in (self.seen, self.light, self.ab, self.hints)))


class TrainingBatches(Dataset):
    """A batch of a stage by its step: the same step gives the same pictures, so that a run can resume.

    Each picture is drawn from a random generator of its own. So one process of several makes only its `share`
    (rank, size) of a batch, every `size`-th picture, and all shares together are the batch that one would have made.
    """

    def __init__(
        self,
        sources: dict[str, PhotoSet],
        stage: Stage,
        *,
        seed: int,
        first_step: int,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self.sources = sources
        self.rank, self.size = share
        self.stage = stage
        self.seed = seed
        self.first_step = first_step

    def __len__(self) -> int:
        return self.stage.steps - self.first_step

    def __getitem__(self, index: int) -> Tensor:
        """uint8 RGB (N, 3, crop, crop)."""
        names = self.stage.places
        crops = []
        for number in range(self.rank, len(names), self.size):
            rng = np.random.default_rng((self.seed, self.first_step + index, number))
            photos = self.sources[names[number]]
            crops.append(train_crop(photos.open(int(rng.integers(len(photos)))), self.stage.crop, rng))
        return torch.stack(crops)


def to_batch(rgb: Tensor, generator: torch.Generator, *, recolor: Recolor | None = None) -> Batch:
    """uint8 RGB (N, 3, H, W) to what a training step needs; `recolor` may put others in place of the true colors."""
    colors = rgb.float() / 255
    lab = rgb_to_lab(colors)
    light, ab = lab[:, :1], lab[:, 1:]
    if recolor is not None:
        ab = recolor(light, ab)
    seen = Degradation(generator)(colors, light)
    return Batch(seen=seen, light=light, ab=ab, hints=reveal(ab, generator))


def evaluation_batch(photos: PhotoSet, positions: range, *, of: int, size: int) -> Tensor:
    """Photographs number `positions` of `of` spread evenly over the set: uint8 RGB (N, 3, size, size)."""
    return torch.stack([evaluation_crop(photos.open(place_of(p, of=of, among=len(photos))), size) for p in positions])


def place_of(number: int, *, of: int, among: int) -> int:
    """Where the photograph `number` of `of` lies, when they are spread evenly over `among`."""
    return number * among // of
