"""PyTorch as an independent opinion, in float64: fifty steps of a VAE up its bound.

Both libraries begin with the same weights and get the same data and eps. torch has q,
p(z) and p(x | z) from its own distributions, and it differentiates by autograd. The
steps of MADE, a PixelCNN and a GRU stand beside torch's in test_masked_torch.py and
test_reading.py.
"""

import inspect

import numpy as np
import pytest

import tinygan as tg
from tinygan.likelihood import Bernoulli, Gaussian, vae, vae_step

torch = pytest.importorskip("torch")
torch.set_num_threads(1)  # its threads would fight with those of NumPy's BLAS
distributions = torch.distributions

SHAPE, d = (2, 3, 1), 2  # of a sample, and numbers of z
STEPS, BATCH, RATE, BETAS = 50, 8, 0.01, (0.9, 0.999)
DEVIATION = 0.4  # of the Gaussian


def networks():
    """E and D, a hidden layer each, with biases that are not 0."""
    E = tg.Sequential(tg.Flatten(), tg.Dense(9), tg.Tanh(), tg.Dense(2 * d))
    D = tg.Sequential(tg.Dense(7), tg.Tanh(), tg.Dense(6), tg.Reshape(*SHAPE))
    nets = tg.Net(E, SHAPE, 1, "float64"), tg.Net(D, (d,), 2, "float64")
    rng = np.random.default_rng(3)
    for net in nets:
        net.theta += rng.normal(0, 0.2, net.theta.shape)
    return nets


def leaves(net):
    """The weights of a network, as tensors that can learn."""
    return [torch.tensor(p, requires_grad=True) for p in net.parameters().values()]


def perceptron(x, parameters):
    W, b, W_last, b_last = parameters
    return torch.tanh(x.flatten(1) @ W + b) @ W_last + b_last


def bernoulli(s, x):
    return distributions.Bernoulli(logits=s).log_prob((1 + x) / 2)


def gaussian(s, x):
    return distributions.Normal(s, DEVIATION).log_prob(x)


def torch_step(E, D, adam, log_p, x, eps, beta):
    """A step up mean log p(x | z) - beta KL. Returns both terms before it."""
    mu, log_var = perceptron(x, E).chunk(2, dim=1)
    q = distributions.Normal(mu, log_var.exp().sqrt())
    s = perceptron(q.loc + q.scale * eps, D)
    KL = distributions.kl_divergence(q, distributions.Normal(0.0, 1.0)).sum() / len(x)
    fits = log_p(s, x.flatten(1)).sum() / len(x)
    adam.zero_grad()
    (fits - beta * KL).backward()
    adam.step()
    return fits.item(), KL.item()


def relative(a, b) -> float:
    return np.linalg.norm(np.subtract(a, b)) / np.linalg.norm(b)


LIKELIHOODS = {
    "Bernoulli": (Bernoulli(), bernoulli),
    "Gaussian": (Gaussian(DEVIATION), gaussian),
}


def largest_error(name, beta, step=vae_step) -> float:
    """Of the two terms and of both theta, in any of the steps."""
    (likelihood, log_p), rng = LIKELIHOODS[name], np.random.default_rng(7)
    E, D = networks()
    start = [net.theta.copy() for net in (E, D)]
    players = (E, D, tg.Adam(RATE, *BETAS), tg.Adam(RATE, *BETAS))
    theirs, found = (leaves(E), leaves(D)), []
    both = [*theirs[0], *theirs[1]]
    adam = torch.optim.Adam(both, RATE, BETAS, maximize=True)
    for _ in range(STEPS):
        x = rng.choice([-1.0, 1.0], (BATCH, *SHAPE), p=(0.3, 0.7))
        if name == "Gaussian":
            x = x + 0.2 * rng.standard_normal(x.shape)
        eps = rng.standard_normal((BATCH, d))
        terms = step(players, likelihood, x, eps, beta)
        tensors = torch.tensor(x), torch.tensor(eps)
        found += map(relative, terms, torch_step(*theirs, adam, log_p, *tensors, beta))
        for net, parameters in zip((E, D), theirs, strict=True):
            theta = torch.cat([p.detach().ravel() for p in parameters])
            found.append(relative(net.theta, theta.numpy()))
    for net, before in zip((E, D), start, strict=True):
        assert relative(net.theta, before) > 0.05
    return float(np.max(found))  # NaN, if one is


@pytest.mark.parametrize("beta", [1.0, 0.6])
@pytest.mark.parametrize("name", LIKELIHOODS)
def test_fifty_steps_of_a_vae(name, beta):
    assert largest_error(name, beta) <= 1e-8


FAULTS = {
    "beta is left out of one half": ("- beta * dKL_log_var / N", "- dKL_log_var / N"),
    "the KL is added": ("dz - beta * dKL_mu / N", "dz + beta * dKL_mu / N"),
    "d sigma without its half": ("eps * sigma / 2", "eps * sigma"),
    "eps is left out": ("dz * eps * sigma", "dz * sigma"),
    "the variance for the deviation": ("exp(log_var / 2)", "exp(log_var)"),
    "log p is a sum and KL a mean": ("grad(x, s) / N", "grad(x, s)"),
}


@pytest.mark.parametrize("name", LIKELIHOODS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_far_outside(fault, name):
    source, (right, wrong) = inspect.getsource(vae_step), FAULTS[fault]
    assert source.count(right) == 1
    namespace = dict(vars(vae))
    exec(source.replace(right, wrong), namespace)
    assert largest_error(name, 0.6, namespace["vae_step"]) > 1e-2
