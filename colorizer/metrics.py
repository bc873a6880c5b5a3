"""Figures about single colored photographs. Inputs are RGB (N, 3, H, W) in 0..1 or Lab (N, 3, H, W); outputs (N,).

Each can be gamed alone: PSNR and CIEDE2000 by pale averages, colorfulness by random colors, the share of skin by
sepia. So they are read together, and beside the grey pictures.
"""

import numpy as np
import torch
from torch import Tensor

from .color import AB_MAX, rgb_to_lab

NO_COLOR = 5.0  # a picture less colorful than this (Hasler and Süsstrunk) looks grey
GAMUT_TOLERANCE = 1.0  # ab units of chroma that sRGB may take away unseen
EDGE_REACH = 3 / 256  # of the side: how far from a color edge its two sides are looked at
EDGE_CHROMA, EDGE_LIGHT = 15.0, 10.0  # least steps, in Lab units, that make a color edge that can be seen in L
LEAST_EDGE, LEAST_SKIN = 0.001, 0.01  # share of a picture's pixels below which its figure is not a number
SKIN_CB, SKIN_CR = (77, 127), (133, 173)  # Chai and Ngan 1999, in 8-bit YCbCr (BT.601, full range)
SKIN_HUE, SKIN_CHROMA = (20.0, 80.0), (8.0, 45.0)  # degrees and Lab units; see skin_share


def psnr_ab(predicted: Tensor, truth: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of ab (N, 2, H, W), the peak being AB_MAX, 110; 140.8 where nothing differs."""
    mse = ((predicted - truth) ** 2).mean(dim=(1, 2, 3)).clamp_min(1e-10)
    return 10 * torch.log10(AB_MAX**2 / mse)


def psnr_rgb(predicted: Tensor, truth: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of RGB (N, 3, H, W) in 0..1; 100 where nothing differs."""
    mse = ((predicted - truth) ** 2).mean(dim=(1, 2, 3)).clamp_min(1e-10)
    return -10 * torch.log10(mse)


def ciede2000(predicted: Tensor, truth: Tensor) -> Tensor:
    """Mean CIEDE2000 difference of Lab pictures (Sharma 2005, by scikit-image)."""
    from skimage.color import deltaE_ciede2000  # brings scipy: a second that coloring need not wait

    pairs = zip(predicted.movedim(1, -1).numpy(), truth.movedim(1, -1).numpy(), strict=True)
    return torch.tensor([float(np.mean(deltaE_ciede2000(a, b))) for a, b in pairs])


def colorfulness(rgb: Tensor, *, absolute: bool = False) -> Tensor:
    """Hasler and Süsstrunk 2003, of RGB in 0..1: 0 none, 15 slight, 45 average, 82 high.

    `absolute` takes the two differences without their signs, as the published figures of DDColor do (Kang 2023);
    the two kinds do not compare.
    """
    r, g, b = (rgb * 255).unbind(dim=1)
    rg, yb = r - g, (r + g) / 2 - b
    if absolute:
        rg, yb = rg.abs(), yb.abs()
    spread = torch.sqrt(rg.var(dim=(1, 2), correction=0) + yb.var(dim=(1, 2), correction=0))
    mean = torch.sqrt(rg.mean(dim=(1, 2)) ** 2 + yb.mean(dim=(1, 2)) ** 2)
    return spread + 0.3 * mean


def outside_gamut(predicted: Tensor, shown: Tensor) -> Tensor:
    """The share of pixels whose ab lies outside sRGB at their L: where what is shown had to give up chroma (Lab)."""
    lost = (shown[:, 1:] - predicted[:, 1:]).square().sum(dim=1).sqrt()
    return (lost > GAMUT_TOLERANCE).float().mean(dim=(1, 2))


def light_change(rgb: Tensor, light: Tensor) -> tuple[Tensor, Tensor]:
    """|L_out - L_in| of RGB rounded to 8 bit, against L (N, 1, H, W): its largest and its 99.9th percentile."""
    change = (rgb_to_lab((rgb * 255).round() / 255)[:, :1] - light).abs().flatten(1)
    rank = max(1, round(0.999 * change.shape[1]))
    return change.amax(dim=1), change.kthvalue(rank, dim=1).values


def edge_bleed(predicted: Tensor, truth: Tensor) -> Tensor:
    """The share of the chroma step across true color edges that is missing (Lab pictures): 0 none, 1 all.

    A color edge is where ab steps by EDGE_CHROMA and L by EDGE_LIGHT within twice EDGE_REACH, along a row or a
    column. There the predicted step is laid upon the true one (least squares); colors that flow over the edge
    make it smaller, and so does paleness, so that a grey picture has 1 and cannot win. NaN without such edges.
    """
    n = truth.shape[0]
    along, square, pixels = torch.zeros(n), torch.zeros(n), torch.zeros(n)
    for dim in (2, 3):
        true_step, step = _step(truth, dim), _step(predicted, dim)
        size = true_step[:, 1:].square().sum(dim=1)
        edge = (size >= EDGE_CHROMA**2) & (true_step[:, 0].abs() >= EDGE_LIGHT)
        along += ((true_step[:, 1:] * step[:, 1:]).sum(dim=1) * edge).sum(dim=(1, 2))
        square += (size * edge).sum(dim=(1, 2))
        pixels += edge.sum(dim=(1, 2))
    enough = pixels >= LEAST_EDGE * truth[0, 0].numel()
    return torch.where(enough, 1 - along / square.clamp_min(1e-6), torch.nan)


def _step(lab: Tensor, dim: int) -> Tensor:
    """The difference over twice EDGE_REACH along one dimension."""
    span = 2 * max(1, round(lab.shape[dim] * EDGE_REACH))
    return lab.narrow(dim, span, lab.shape[dim] - span) - lab.narrow(dim, 0, lab.shape[dim] - span)


def skin_share(predicted: Tensor, truth: Tensor, true_rgb: Tensor) -> Tensor:
    """The share of the true picture's skin whose predicted color is that of skin (Lab pictures). NaN without skin.

    True skin lies in Chai and Ngan's box in CbCr (IEEE Trans. CSVT 9(4), 1999) and in SKIN_HUE and SKIN_CHROMA;
    predicted skin in the latter. They are wide bounds of what the box holds in 300 training pictures of people,
    where the quartiles are 30 to 62 degrees and 12 to 22 units. The box holds wood and brick too: for people only.
    """
    r, g, b = (true_rgb * 255).unbind(dim=1)
    cb = 128 - 0.168736 * r - 0.331264 * g + 0.5 * b
    cr = 128 + 0.5 * r - 0.418688 * g - 0.081312 * b
    skin = _within(cb, SKIN_CB) & _within(cr, SKIN_CR) & _skin_colored(truth)
    kept = (skin & _skin_colored(predicted)).float().mean(dim=(1, 2))
    share = skin.float().mean(dim=(1, 2))
    return torch.where(share >= LEAST_SKIN, kept / share.clamp_min(1e-6), torch.nan)


def _skin_colored(lab: Tensor) -> Tensor:
    hue = torch.rad2deg(torch.atan2(lab[:, 2], lab[:, 1]))
    return _within(hue, SKIN_HUE) & _within(lab[:, 1:].square().sum(dim=1).sqrt(), SKIN_CHROMA)


def _within(values: Tensor, bounds: tuple[float, float]) -> Tensor:
    return (values >= bounds[0]) & (values <= bounds[1])
