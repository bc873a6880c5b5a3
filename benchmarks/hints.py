"""What hints are worth: `python -m benchmarks.hints DATA --json FILE --sheet FILE`.

Four questions, on `scenes-val.zip` and `objects-val.zip` in DATA and on photographs of scikit-image:
how much nearer to the truth does the network come with 0, 1, 5, 10 and 50 true colors revealed at random places
(as in Zhang 2017; the network alone, nothing is corrected behind it); how much nearer does the whole way come, which
keeps to what it is told and spreads it; how far from the wish is the color at the
place where any other color is wished, as far as its light allows; and how far does a hint spread (the sheet: the
photograph with its hints, colored without and with them, and the change).
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
import torch
from PIL import Image, ImageDraw
from skimage.color import deltaE_ciede2000
from torch import Tensor
from tqdm import tqdm

from colorizer import Colorizer, metrics
from colorizer.__main__ import SHIPPED
from colorizer.checkpoint import load_generator, write_atomically
from colorizer.color import lab_to_rgb, rgb_to_lab, to_tensor
from colorizer.data import PhotoSet, evaluation_batch
from colorizer.generator import Generator
from colorizer.hints import Hints, Spot, reveal_points
from colorizer.inference import predict_ab

SETS = ("scenes", "objects")
POINTS = (0, 1, 5, 10, 50)
SIZE, BATCH, SEED = 256, 16, 20261123
CLICK = 4  # radius in pixels
WISHES = 5  # at random places of each picture, of random hues
GALLERY: dict[str, list[tuple[int, int, int, str]]] = {  # x, y, radius, color
    "astronaut": [(150, 440, 8, "#2f5f9a")],
    "coffee": [(330, 180, 10, "#2f5fa8"), (120, 220, 8, "#7a2f2f")],
    "chelsea": [(330, 60, 8, "#5a86b5")],
    "camera": [(200, 250, 8, "#7a2f2f"), (420, 420, 8, "#5f8a3a"), (60, 60, 8, "#7fa8d8")],
}


@torch.inference_mode()
def against_points(generator: Generator, photos: PhotoSet, *, limit: int) -> dict[str, dict[str, float]]:
    """Mean psnr of ab (peak 110) and CIEDE2000 by the number of revealed points."""
    total = min(limit, len(photos))
    found: dict[int, list[Tensor]] = {points: [] for points in POINTS}
    for start in tqdm(range(0, total, BATCH), desc=photos.path.stem):
        positions = range(start, min(start + BATCH, total))
        truth = rgb_to_lab(evaluation_batch(photos, positions, of=total, size=SIZE).float() / 255)
        for points, columns in found.items():
            planes = torch.zeros(len(positions), 3, SIZE, SIZE)
            for number, position in enumerate(positions):
                drawn = torch.Generator().manual_seed(SEED + position)
                reveal_points(truth[number, 1:], planes[number], points, drawn)
            ab = predict_ab(generator, truth[:, :1], planes)
            columns.append(_errors(torch.cat((truth[:, :1], ab), dim=1), truth))
    return _means(found)


def the_whole_way(colorizer: Colorizer, photos: PhotoSet, *, limit: int) -> dict[str, dict[str, float]]:
    """The same by the number of true colors told at random places, as an editor's clicks tell them."""
    found: dict[int, list[Tensor]] = {points: [] for points in POINTS}
    for position in tqdm(range(limit), desc=f"{photos.path.stem}, whole"):
        pixels = evaluation_batch(photos, range(position, position + 1), of=limit, size=SIZE)[0]
        truth = rgb_to_lab(pixels.float() / 255)
        photo = Image.fromarray(pixels.permute(1, 2, 0).numpy()).convert("L")
        rng = np.random.default_rng(SEED + position)
        places = rng.integers(CLICK, SIZE - CLICK, (max(POINTS), 2)).tolist()
        spots = []
        for x, y in places:
            around = truth[1:, y - CLICK : y + CLICK + 1, x - CLICK : x + CLICK + 1].mean(dim=(1, 2))
            spots.append(Spot(x + 0.5, y + 0.5, CLICK, tuple(around.tolist())))
        for points, columns in found.items():
            told = to_tensor(colorizer.colorize(photo, hints=Hints(tuple(spots[:points])))).float() / 255
            columns.append(_errors(rgb_to_lab(told)[None], truth[None]))
    return _means(found)


def _errors(lab: Tensor, truth: Tensor) -> Tensor:
    """Of pictures (N, 3, H, W): (2, N)."""
    return torch.stack((metrics.psnr_ab(lab[:, 1:], truth[:, 1:]), metrics.ciede2000(lab, truth)))


def _means(found: dict[int, list[Tensor]]) -> dict[str, dict[str, float]]:
    means = {points: torch.cat(columns, dim=1).mean(dim=1).tolist() for points, columns in found.items()}
    return {str(points): {"psnr_ab": round(a, 3), "ciede2000": round(b, 3)} for points, (a, b) in means.items()}


def at_the_point(colorizer: Colorizer, photos: PhotoSet, *, limit: int) -> dict[str, float]:
    """CIEDE2000 between the color at a hint's center and the wish at the photograph's light, within sRGB."""
    rng = np.random.default_rng(SEED)
    errors = []
    for position in tqdm(range(limit), desc="wishes"):
        pixels = evaluation_batch(photos, range(position, position + 1), of=limit, size=SIZE)[0]
        photo = Image.fromarray(pixels.permute(1, 2, 0).numpy()).convert("L")
        places = rng.integers(16, SIZE - 16, (WISHES, 2))
        angles, chroma = rng.uniform(0, 2 * np.pi, WISHES), rng.uniform(10, 60, WISHES)
        wishes = np.stack((chroma * np.cos(angles), chroma * np.sin(angles)), axis=1)
        spots = tuple(Spot(x + 0.5, y + 0.5, 4, tuple(ab)) for (x, y), ab in zip(places.tolist(), wishes, strict=True))
        # Later hints lie over earlier ones: only the last is sure to be uncovered.
        result = to_tensor(colorizer.colorize(photo, hints=Hints(spots))).float() / 255
        x, y = places[-1]
        light = rgb_to_lab(to_tensor(photo.convert("RGB")).float() / 255)[:1, y : y + 1, x : x + 1]
        wish = torch.cat((light, torch.tensor(wishes[-1], dtype=torch.float32).view(2, 1, 1)))
        reached = rgb_to_lab(lab_to_rgb(wish)).flatten().numpy()
        errors.append(float(deltaE_ciede2000(rgb_to_lab(result)[:, y, x].numpy(), reached)))
    return {name: round(float(np.quantile(errors, q)), 3) for name, q in (("median", 0.5), ("p95", 0.95), ("max", 1))}


def sheet(colorizer: Colorizer) -> Image.Image:
    """One photograph a row: grey with its hints, colored without, with them, and how far ab changed."""
    rows = []
    for name, told in GALLERY.items():
        photo = Image.fromarray(getattr(skimage.data, name)()).convert("L")
        hints = Hints.parse({"hints": [{"x": x, "y": y, "radius": r, "color": c} for x, y, r, c in told]})
        plain, hinted = colorizer.colorize(photo), colorizer.colorize(photo, hints=hints)
        marked = photo.convert("RGB")
        for x, y, radius, color in told:
            ImageDraw.Draw(marked).ellipse((x - radius, y - radius, x + radius, y + radius), color, "white", 3)
        labs = [rgb_to_lab(to_tensor(picture).float() / 255)[1:] for picture in (plain, hinted)]
        change = ((labs[1] - labs[0]).norm(dim=0) * 4).clamp(0, 255).byte().numpy()
        parts = (marked, plain, hinted, Image.fromarray(change).convert("RGB"))
        rows.append(np.concatenate([np.asarray(part.resize((320, 240))) for part in parts], axis=1))
    return Image.fromarray(np.concatenate(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with the validation sets")
    parser.add_argument("--weights", type=Path, default=SHIPPED)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--sheet", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=256, help="pictures of each set")
    options = parser.parse_args()
    generator, card = load_generator(options.weights)
    colorizer = Colorizer.load(options.weights)
    sets = {name: PhotoSet(options.data / f"{name}-val.zip") for name in SETS}
    report: dict[str, Any] = {"model": card.name, "digest": card.digest, "size": SIZE, "seed": SEED}
    report["points"] = {name: against_points(generator, photos, limit=options.limit) for name, photos in sets.items()}
    report["whole_way"] = {name: the_whole_way(colorizer, photos, limit=options.limit) for name, photos in sets.items()}
    report["error_at_the_point"] = at_the_point(colorizer, sets["objects"], limit=min(100, options.limit))
    write_atomically(options.json, json.dumps(report, indent=2).encode() + b"\n")
    sheet(colorizer).save(options.sheet, quality=90)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
