"""How far colored pictures lie from the true ones as a crowd, in a classifier's features (n, d) of the same n pictures.

Both distances answer a function of weights (r, n), how often each picture counts, as resampling needs them. They
depend on the network and on n: only figures of the same pictures compare. Nothing here knows the network.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def frechet_distance(colored: Tensor, true: Tensor) -> Callable[[Tensor], Tensor]:
    """|m1 - m2|² + Tr(C1 + C2 - 2 (C1 C2)^½) of the normal distributions nearest to each crowd (Heusel 2017).

    With centered features A and B the trace of the root is the nuclear norm of A Bᵀ, which is n x n: no root of
    d x d matrices is needed. It is biased upwards when n is small, and NaN for a single picture.
    """
    colored, true = colored.double(), true.double()

    def distance(weights: Tensor) -> Tensor:
        return torch.stack([_frechet(colored, true, row) for row in weights.double()])

    return distance


def _frechet(colored: Tensor, true: Tensor, weights: Tensor) -> Tensor:
    if weights.sum() < 2:
        return weights.new_tensor(torch.nan)
    seen = weights > 0
    share = (weights[seen] / weights.sum())[:, None]
    scale = (weights[seen] / (weights.sum() - 1)).sqrt()[:, None]
    means = (share * colored[seen]).sum(dim=0), (share * true[seen]).sum(dim=0)
    a, b = scale * (colored[seen] - means[0]), scale * (true[seen] - means[1])
    nuclear = torch.linalg.svdvals(a @ b.T).sum()
    distance = (means[0] - means[1]).square().sum() + a.square().sum() + b.square().sum() - 2 * nuclear
    return distance.round(decimals=6).clamp_min(0)  # equal crowds are at 0, whatever float32 features leave


def kernel_distance(colored: Tensor, true: Tensor) -> Callable[[Tensor], Tensor]:
    """Unbiased squared maximum mean discrepancy with the kernel (x·y / d + 1)³ (Bińkowski 2018, "KID").

    In the form for paired samples (Gretton 2012, equation 4): a picture is never compared with itself, neither
    within a crowd nor across the two, so that equal crowds are at 0 and the estimate stays unbiased.
    """
    colored, true = colored.double(), true.double()
    cross = _kernel(colored, true)
    pairs = _kernel(colored, colored) + _kernel(true, true) - cross - cross.T
    pairs.fill_diagonal_(0)

    def distance(weights: Tensor) -> Tensor:
        weights = weights.double()
        total = ((weights @ pairs) * weights).sum(dim=1)
        return total / (weights.sum(dim=1) ** 2 - weights.square().sum(dim=1))

    return distance


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3
