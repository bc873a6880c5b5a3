"""The only door between RGB and Lab: CIE 1976 L*a*b*, white point D65, sRGB transfer curve (IEC 61966-2-1).

Tensors are float32, channels first. RGB is 0..1, L is 0..100, a and b are about -110..110.
"""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

AB_MAX = 110.0  # a and b of any sRGB color lie within -108..99

RGB_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
WHITE = (0.95047, 1.0, 1.08883)
DELTA = 6 / 29  # below this, the cube of Lab is a straight line


def to_tensor(image: Image.Image) -> Tensor:
    """A mode RGB picture to uint8 (3, H, W)."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def srgb_to_linear(rgb: Tensor) -> Tensor:
    """sRGB in 0..1 to linear light in 0..1, of any shape."""
    return torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055).clamp_min(0) ** 2.4)


def linear_to_srgb(linear: Tensor) -> Tensor:
    """Linear light in 0..1 to sRGB in 0..1, of any shape."""
    return torch.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055)


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """RGB (..., 3, H, W) in 0..1 to Lab (..., 3, H, W)."""
    linear = srgb_to_linear(rgb)
    matrix = rgb.new_tensor(RGB_TO_XYZ) / rgb.new_tensor(WHITE)[:, None]
    xyz = torch.einsum("ij,...jhw->...ihw", matrix, linear)
    f = torch.where(xyz > DELTA**3, xyz.clamp_min(1e-8) ** (1 / 3), xyz / (3 * DELTA**2) + 4 / 29)
    fx, fy, fz = f.unbind(-3)
    return torch.stack((116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)), dim=-3)


def lab_to_rgb(lab: Tensor) -> Tensor:
    """Lab (..., 3, H, W) to RGB (..., 3, H, W) in 0..1.

    A color outside sRGB gives way in chroma, never in lightness: it is drawn towards the grey of its own
    luminance Y, in linear light, just until all three channels fit. Y, and so L, stays as it was.
    """
    light, a, b = lab.unbind(-3)
    fy = (light + 16) / 116
    f = torch.stack((fy + a / 500, fy, fy - b / 200), dim=-3)
    xyz = torch.where(f > DELTA, f**3, 3 * DELTA**2 * (f - 4 / 29))
    to_rgb = torch.linalg.inv(
        torch.tensor(RGB_TO_XYZ, dtype=torch.float64) / torch.tensor(WHITE, dtype=torch.float64)[:, None]
    ).to(lab)
    linear = torch.einsum("ij,...jhw->...ihw", to_rgb, xyz)
    y = xyz[..., 1:2, :, :].clamp(0, 1)
    offset = linear - y
    over = torch.where(offset > 1 - y, (1 - y) / offset.clamp_min(1e-8), 1.0)
    under = torch.where(-offset > y, y / (-offset).clamp_min(1e-8), 1.0)
    keep = torch.minimum(over, under).amin(dim=-3, keepdim=True)
    return linear_to_srgb((y + keep * offset).clamp(0, 1))


def in_gamut_bins(size: float) -> Tensor:
    """Centers (Q, 2) of the squares of a grid over ab, `size` wide, that some lightness brings into sRGB."""
    steps = int(AB_MAX // size)
    axis = torch.arange(-steps, steps + 1) * size
    a, b = torch.meshgrid(axis, axis, indexing="ij")
    light = torch.arange(1.0, 100.0)
    lab = torch.stack(torch.broadcast_tensors(light[:, None, None], a, b), dim=1)  # (99, 3, A, B)
    back = rgb_to_lab(lab_to_rgb(lab))  # a color outside sRGB comes back with less chroma
    inside = ((back[:, 1:] - lab[:, 1:]).abs() < 0.5).all(dim=1).any(dim=0)
    return torch.stack((a[inside], b[inside]), dim=1)
