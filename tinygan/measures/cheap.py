"""The measures that a training log can carry: a few milliseconds each."""

from ..data import GaussianMixture
from .distances import sliced_wasserstein
from .modes import mode_coverage, reverse_kl


def cheap_measures(samples, real, data, directions: int = 16) -> dict[str, float]:
    """{"sliced_wasserstein": ...} of samples (n, ...) against real ones (m, ...).

    If `data` is a GaussianMixture also "modes", "high_quality" and "reverse_kl". Images
    are compared by their pixels, all of them at once. The directions are the same each
    time, so the numbers of a run make a curve; every value is finite.

    Raises ValueError for no samples, of different shape, or not finite.
    """
    found = {}
    if isinstance(data, GaussianMixture):
        modes, quality = mode_coverage(samples, data)
        found["modes"], found["high_quality"] = float(modes), quality
        found["reverse_kl"] = reverse_kl(samples, data)
    found["sliced_wasserstein"] = sliced_wasserstein(samples, real, directions)
    return found
