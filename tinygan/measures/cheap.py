"""The measures in a training log: they cost a few milliseconds each."""

from ..data import GaussianMixture
from .distances import sliced_wasserstein
from .modes import mode_coverage, reverse_kl
from .sameness import distinct_samples


def cheap_measures(samples, real, data, directions: int = 16) -> dict[str, float]:
    """{"sliced_wasserstein": ...} of samples (n, ...) against real ones (m, ...).

    "distinct" is the effective number of distinct samples among 256, and
    "distinct_real" that of real samples. If `data` is a GaussianMixture there are also
    "modes", "high_quality" and "reverse_kl". Images are compared by all their pixels at
    once. The directions are the same at every call, so a run's numbers make a curve.
    Every value is finite.

    Raises InputError for fewer than 2 samples, or if they are not finite or differ in
    shape.
    """
    found = {}
    if isinstance(data, GaussianMixture):
        modes, quality = mode_coverage(samples, data)
        found["modes"], found["high_quality"] = float(modes), quality
        found["reverse_kl"] = reverse_kl(samples, data)
    found["sliced_wasserstein"] = sliced_wasserstein(samples, real, directions)
    found["distinct"], found["distinct_real"] = distinct_samples(samples, real)
    return found
