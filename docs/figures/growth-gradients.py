"""The gradients of the parts of G and D while a level fades in."""

import numpy as np

from tinygan import NonSaturating, recipes
from tinygan.backend import NUMPY
from tinygan.growth import at_level
from tinygan.theory.canvas import BLUE, GREY, ORANGE, subplots

ALPHAS = np.linspace(0, 1, 21)
PARTS = {
    "blocks below": (("block0", "block1"), BLUE),
    "old end": (("rgb1",), GREY),
    "new block and end": (("block2", "rgb2"), ORANGE),
}


def norms(net) -> list[float]:
    """The norm of the gradient of each of the parts."""
    grads = net.parameters(net.grad)
    found = []
    for names, _ in PARTS.values():
        own = [g for k, g in grads.items() if k.partition(".")[0] in names]
        found.append(float(np.sqrt(sum((g * g).sum() for g in own))))
    return found


def gradients(experiment):
    """The norms in G and in D, (alphas, parts) each, of one batch at fixed weights."""
    G, D = experiment.networks(NUMPY, np.float64)
    x = experiment.data().batches(64, 0)(0).astype(np.float64)
    z = np.random.default_rng(0).standard_normal((64, *G.in_shape))
    objective, found = NonSaturating(), ([], [])
    for alpha in ALPHAS:
        for net in (G, D):
            net.grow(2, alpha)
            net.zero_grad()
        x_fake, c_G = G.forward(z)
        s_fake, c_fake = D.forward(x_fake)
        s_real, c_real = D.forward(at_level(x, D.in_shape, alpha))
        ds_real, ds_fake = objective.d_grads(s_real, s_fake)
        D.backward_weights(ds_real, c_real)
        D.backward_weights(ds_fake, c_fake)
        ds = objective.g_grad(s_fake)
        G.backward_weights(D.backward(ds, c_fake, param_grads=False), c_G)
        for net, rows in zip((G, D), found, strict=True):
            rows.append(norms(net))
    return [np.transpose(rows) for rows in found]


def figure():
    drawn, axes = subplots(1, 2, 10, 3.2)
    found = gradients(recipes.build(recipes.find("progan-digits"), {}))
    for panel, rows, player in zip(axes[0], found, ("G", "D"), strict=True):
        for (name, (_, colour)), norm in zip(PARTS.items(), rows, strict=True):
            panel.plot(ALPHAS, norm, color=colour, label=name)
        panel.set(title=player, xlabel="alpha", ylabel="norm of the gradient")
        panel.set_ylim(bottom=0)
    axes[0][0].legend()
    return drawn
