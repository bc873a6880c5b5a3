"""Photographs for the tests, made of real pixels: skimage's own pictures in every format that people upload."""

import io
from functools import cache

import numpy as np
from PIL import Image
from skimage import data


@cache
def color(size: tuple[int, int] = (640, 480)) -> Image.Image:
    return Image.fromarray(data.astronaut()).resize(size)


def grey(size: tuple[int, int] = (640, 480)) -> Image.Image:
    return color(size).convert("L")


def encoded(image: Image.Image, file_format: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def jpeg(size: tuple[int, int] = (640, 480), *, mark: int = 0) -> bytes:
    """A grey photograph; another `mark` gives other bytes."""
    image = grey(size)
    image.putpixel((0, 0), mark)
    return encoded(image, quality=90, comment=f"mark {mark}".encode())


def sixteen_bit(size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A scan whose values fill the range of 16 bits."""
    return Image.fromarray(np.asarray(grey(size)).astype(np.uint16) * 257)


def turned_by_exif(size: tuple[int, int] = (640, 480)) -> bytes:
    """Stored lying on its side: upright it is as high as it is stored wide."""
    image = grey(size)
    exif = image.getexif()
    exif[0x0112] = 6
    return encoded(image, exif=exif)


def pixel_bomb(side: int = 20_000) -> bytes:
    return encoded(Image.new("1", (side, side)), "PNG")
