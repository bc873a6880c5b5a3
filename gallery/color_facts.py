"""Looks at a color picture that training may learn from: the program of a limited child process.

    python -m gallery.color_facts FILE OUTPUT_FOLDER MAX_PIXELS

writes facts.json, picture.jpg (the copy for training) and thumb.jpg, and answers as decoding.py does. admission.py
starts it. No Django here.
"""

import sys
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image

from gallery.decoding import THUMB_QUALITY, THUMB_SIDE, answer, decode_at_least, encode_jpeg, has_color, shrink

# The network sees 256 pixels of the short side; twice that leaves room for crops. JPEG keeps full chroma.
TRAINING_SIDE, LONGEST_SIDE, TRAINING_QUALITY = 512, 4096, 95


def look(image: Image.Image, folder: Path, facts: dict) -> None:
    upright = decode_at_least(image, TRAINING_SIDE, facts).convert("RGB")
    long_side = round(max(upright.size) * TRAINING_SIDE / min(upright.size))
    picture = shrink(upright, min(long_side, LONGEST_SIDE))
    picture.save(folder / "picture.jpg", "JPEG", quality=TRAINING_QUALITY, subsampling=0)
    thumb = shrink(picture, THUMB_SIDE)
    (folder / "thumb.jpg").write_bytes(encode_jpeg(thumb, THUMB_QUALITY))
    facts.update(
        has_color=has_color(thumb), colorfulness=measure_colorfulness(picture), phash=str(imagehash.phash(picture))
    )


def measure_colorfulness(image: Image.Image) -> float:
    """Of a picture in mode RGB. D. Hasler and S. Süsstrunk, "Measuring colorfulness in natural images", 2003."""
    red, green, blue = np.moveaxis(np.asarray(image, dtype=np.float32), -1, 0)
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    return float(spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean()))


if __name__ == "__main__":
    sys.exit(answer(sys.argv[1:], look))
