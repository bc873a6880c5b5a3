"""A sheet of samples: each photograph in a row, colored in each way side by side, with the ways' names above."""

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from .data import place_of

SHOWN = 8  # photographs on a sheet
GAP = 4  # white pixels around each row
HEADER = 20  # pixels of the line of names
FONT_SIZE = 13


class Sheet:
    """Takes the photographs whose places are fixed: SHOWN of them, evenly spread over `total`."""

    def __init__(self, total: int) -> None:
        self._shown = {place_of(number, of=SHOWN, among=total) for number in range(SHOWN)}
        self._strips: list[Tensor] = []
        self._names: list[str] = []

    def add(self, pictures: dict[str, Tensor], positions: range) -> None:
        """RGB (N, 3, H, W) in 0..1 of each way, of the photographs at `positions`."""
        self._names = list(pictures)
        for index, position in enumerate(positions):
            if position in self._shown:
                self._strips.append(torch.cat([rgb[index] for rgb in pictures.values()], dim=-1))

    def image(self) -> Image.Image:
        """Mode RGB."""
        from torchvision.transforms.functional import to_pil_image  # a second that coloring need not wait
        from torchvision.utils import make_grid

        grid = to_pil_image(make_grid(self._strips, nrow=1, padding=GAP, pad_value=1.0).clamp(0, 1))
        sheet = Image.new("RGB", (grid.width, grid.height + HEADER), "white")
        sheet.paste(grid, (0, HEADER))
        width = (grid.width - 2 * GAP) // len(self._names)
        font = ImageFont.load_default(FONT_SIZE)
        for column, name in enumerate(self._names):
            label = Image.new("RGB", (width, HEADER), "white")  # too long a name is cut off at its picture's edge
            ImageDraw.Draw(label).text((2, 2), name, fill="black", font=font)
            sheet.paste(label, (GAP + column * width, 2))
        return sheet
