"""Measures of what a generator makes.

Losses tell little about samples; these look at the samples themselves.
"""

import numpy as np

from .data import GaussianMixture


def mode_coverage(samples, mixture: GaussianMixture) -> tuple[int, float]:
    """(modes covered, share of high-quality samples) for a mixture of Gaussians.

    A sample x (N, d) is of high quality if it lies within 3 standard deviations of the
    nearest mean, and a mode is covered if one such sample is nearest to it. In two
    dimensions no generator can honestly pass 1 - exp(-9/2) = 98.89 %. Source: the
    protocol of VEEGAN (Srivastava et al. 2017) and PacGAN (Lin et al. 2018).
    """
    x = np.asarray(samples, np.float64)
    distance = np.linalg.norm(x[:, None] - mixture.means, axis=-1)  # (N, K)
    nearest = distance.argmin(axis=1)
    std = np.broadcast_to(mixture.std, len(mixture.means))
    good = distance.min(axis=1) <= 3 * std[nearest]
    return len(np.unique(nearest[good])), float(good.mean())
