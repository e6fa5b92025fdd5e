"""The error of a numerical derivative against its step h: three differences and the
complex step, on one small network.
"""

import numpy as np

from tinygan import Dense, Net, Sequential, Tanh
from tinygan.check import complex_step
from tinygan.check.oracles import STEP
from tinygan.theory.canvas import BLACK, BLUE, GREEN, GREY, ORANGE, PINK, RED, subplots


def figure():
    rng = np.random.default_rng(1)
    tree = Sequential(Dense(8), Tanh(), Dense(8), Tanh(), Dense(3))
    net = Net(tree, (5,), seed=1, dtype="float64")
    nets = {d: net.clone(d) for d in ("float32", "float64", "complex128")}
    x, v = rng.standard_normal((2, 4, 5))
    dy = rng.standard_normal((4, 3))

    def L(x):
        dtype = str(x.dtype)
        return (dy.astype(dtype) * nets[dtype].forward(x)[0]).sum()

    def forward(L, x, v, h):
        return (L(x + h * v) - L(x)) / h  # eq: forward-difference

    def central(L, x, v, h):
        return (L(x + h * v) - L(x - h * v)) / (2 * h)

    def richardson(L, x, v, h):
        return (4 * central(L, x, v, h) - central(L, x, v, 2 * h)) / 3

    def complex_steps(L, x, v, h):
        return L(x + 1j * h * v).imag / h

    def single(L, x, v, h):
        x, v = x.astype("float32"), v.astype("float32")
        return central(L, x, v, np.float32(h))

    _, cache = net.forward(x)
    exact = (net.backward(dy, cache) * v).sum()
    hs = np.logspace(0, -16, 97)
    drawn, axes = subplots(1, 1, 8, 4.8)
    axis = axes[0, 0]
    for rule, colour, width, label in (
        (complex_steps, BLACK, 3.5, "complex step"),
        (forward, ORANGE, 1.5, "forward difference"),
        (central, BLUE, 1.5, "central difference"),
        (richardson, GREEN, 1.5, "Richardson"),
        (single, PINK, 1.5, "central, float32"),
    ):
        errors = [abs(float(rule(L, x, v, h)) / exact - 1) for h in hs]
        errors = np.maximum(errors, 1e-17)  # an error of 0 is drawn there
        axis.loglog(hs, errors, color=colour, label=label, lw=width)
    third = third_derivative(L, x, v)
    eps = np.finfo("float64").eps
    axis.loglog(hs, abs(third / exact) * hs**2 / 6, "--", color=GREY, zorder=0)
    axis.loglog(hs, eps * abs(L(x) / exact) / hs, "--", color=GREY, zorder=0)
    axis.axvline(STEP, color=RED, lw=1, ls=":", label="step of the checks")
    axis.set(xlabel="step h", ylabel="relative error")
    axis.set(xlim=(1, 1e-16), ylim=(3e-18, 3e1))
    axis.legend(loc="lower right", bbox_to_anchor=(0.99, 0.16), fontsize=9)
    return drawn


def third_derivative(L, x, v, h=1e-3):
    """L''' along v, from the complex step's L' at three places."""
    slopes = [complex_step(L, x + t * v, v) for t in (-h, 0, h)]
    return (slopes[0] - 2 * slopes[1] + slopes[2]) / h**2
