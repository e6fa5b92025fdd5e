"""Measures of a generator's samples: how good, how varied, how like the data.

Losses tell little about samples. These measures look at the samples themselves, on the
host and in float64. None of them sees everything: read several, each beside its value
for two sets of real samples.
"""

from .cheap import cheap_measures
from .distances import (
    frechet,
    median_distance,
    mmd2,
    sliced_wasserstein,
    wasserstein_1d,
)
from .features import PCA, Flat, feature_space
from .likelihood import Parzen, parzen_log_likelihood
from .modes import kl_divergence, mode_coverage, reverse_kl, within
from .neighbours import nearest_neighbour_accuracy, precision_recall
from .ngrams import NgramModel, copied, distinct, memorised, ngram_divergence
from .patches import sliced_wasserstein_patches
from .sameness import distinct_samples
from .stacked import digit_judge, perfect_modes, stacked_modes

__all__ = [
    "PCA",
    "Flat",
    "NgramModel",
    "Parzen",
    "cheap_measures",
    "copied",
    "digit_judge",
    "distinct",
    "distinct_samples",
    "feature_space",
    "frechet",
    "kl_divergence",
    "median_distance",
    "memorised",
    "mmd2",
    "mode_coverage",
    "nearest_neighbour_accuracy",
    "ngram_divergence",
    "parzen_log_likelihood",
    "perfect_modes",
    "precision_recall",
    "reverse_kl",
    "sliced_wasserstein",
    "sliced_wasserstein_patches",
    "stacked_modes",
    "wasserstein_1d",
    "within",
]
