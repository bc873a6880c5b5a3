"""Pictures and data folders that the colorizer's tests draw for themselves."""

import io
import tempfile
import unittest
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def landscape(width: int, height: int, *, seed: int = 0) -> Image.Image:
    """A blue sky that fades over green hills, with grain: mode RGB."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    sky = np.stack((120 + 100 * y, 160 + 70 * y, 235 - 30 * y), axis=-1)
    hills = np.stack((70 + 60 * x, 120 + 30 * np.sin(9 * x), 50 + 20 * y), axis=-1)
    ground = (y > 0.5 * height / max(width, height) + 0.06 * np.sin(7 * x + seed))[..., None]
    picture = np.where(ground, hills, sky) + rng.normal(0, 4, (height, width, 1))
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def write_zip(path: Path, *, count: int, size: tuple[int, int] = (96, 80)) -> None:
    """A zip of `count` landscapes, as the training data comes."""
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(count):
            blob = io.BytesIO()
            landscape(*size, seed=index).save(blob, "PNG")
            archive.writestr(f"hills/{index:03}.png", blob.getvalue())


def write_data(folder: Path) -> None:
    """A data folder with the sources of the recipe `smoke`."""
    for source in ("scenes", "objects"):
        write_zip(folder / f"{source}-train.zip", count=6)
        write_zip(folder / f"{source}-val.zip", count=3)


def data_folder(case: type[unittest.TestCase]) -> Path:
    """A folder with `write_data`'s files, which goes with the test class."""
    folder = tempfile.TemporaryDirectory()
    case.addClassCleanup(folder.cleanup)
    write_data(Path(folder.name))
    return Path(folder.name)
