"""Models that ascend a likelihood: variational autoencoders, autoregressive models.

vae.py               vae_step: both networks up the ELBO. START HERE
autoregressive.py    likelihood_step: a network up log p(x); ancestral samples
distributions.py     p(x | s): its value, and its gradient in s
"""

from .autoregressive import ancestral, likelihood_step, log_likelihood
from .distributions import Bernoulli, Categorical, Gaussian, Likelihood
from .vae import elbo, importance_bound, vae_step

__all__ = [
    "Bernoulli",
    "Categorical",
    "Gaussian",
    "Likelihood",
    "ancestral",
    "elbo",
    "importance_bound",
    "likelihood_step",
    "log_likelihood",
    "vae_step",
]
