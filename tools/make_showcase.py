"""Makes the front page's examples with the shipped weights: `python -m tools.make_showcase FOLDER`.

FOLDER holds image files named after the npm packages @stdlib/datasets-img-<name> (their data/image.jpg).
Run it again when the shipped weights change: what the front page shows are real results of theirs.
"""

import argparse
import json
from pathlib import Path

from PIL import Image

from colorizer import Colorizer
from colorizer.__main__ import SHIPPED

ROOT = Path(__file__).resolve().parent.parent
SHOWCASE = ROOT / "static" / "showcase"
LONG_SIDE = 1024
CREDIT = "digital image courtesy of Getty's Open Content Program"
EXAMPLES = {  # file name: title, maker and year; the first is the front page's large one
    "dust-bowl-home": ("Abandoned Dust Bowl home", "Dorothea Lange, 1940"),
    "nagasaki-boats": ("Boats in a river, Nagasaki", "Felice Beato, about 1865"),
    "french-alpine-landscape": ("Alpine landscape", "Adolphe Braun, about 1870"),
    "black-canyon": ("Black Canyon, Colorado River", "Timothy H. O'Sullivan, 1871"),
    "march-pastoral": ("A March pastoral", "Peter Henry Emerson, 1888"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    colorizer = Colorizer.load(SHIPPED)
    SHOWCASE.mkdir(exist_ok=True)
    entries = []
    for name, (title, maker) in EXAMPLES.items():
        before = Image.open(folder / f"{name}.jpg").convert("RGB")
        before.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
        after = colorizer.colorize(before)
        for kind, picture in (("before", before), ("after", after)):
            picture.save(SHOWCASE / f"{name}-{kind}.jpg", quality=84, progressive=True, optimize=True)
        entries.append(
            {
                "title": title,
                "credit": f"{maker}; {CREDIT}",
                "before": f"showcase/{name}-before.jpg",
                "after": f"showcase/{name}-after.jpg",
                "width": before.width,
                "height": before.height,
            }
        )
    (SHOWCASE / "showcase.json").write_text(json.dumps(entries, indent=2) + "\n")


if __name__ == "__main__":
    main()
