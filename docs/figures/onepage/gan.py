"""A GAN on one page: two networks, trained by hand, on NumPy alone.

    python gan.py digits.npz

G makes pictures of digits from random numbers z. D gives each picture a logit s, and
believes with probability D = sigmoid(s) that it is real. `d` before a name means the
derivative of V, or of J, with respect to it.
"""

import sys
from itertools import pairwise

import numpy as np

rng = np.random.default_rng(0)


class Net:
    """Dense layers with LeakyReLU between them. All weights are one vector, theta."""

    def __init__(self, *widths):
        self.shapes = list(pairwise(widths))
        weights = []
        for n_in, n_out in self.shapes:
            W = rng.normal(0, np.sqrt(2 / n_in), (n_in, n_out))  # eq: page-he
            weights += [W, np.zeros(n_out)]
        self.theta = np.concatenate(weights, axis=None)
        self.m, self.v, self.t = 0.0, 0.0, 0

    def layers(self):
        """W and b of each layer, cut from theta."""
        rest = self.theta
        for n_in, n_out in self.shapes:
            W, b, rest = np.split(rest, [n_in * n_out, (n_in + 1) * n_out])
            yield W.reshape(n_in, n_out), b

    def forward(self, x):
        """y, and what the backward pass needs: each layer's input and weights."""
        cache = []
        for W, b in self.layers():
            cache.append((x, W))
            y = x @ W + b  # eq: page-dense
            x = np.maximum(y, 0.2 * y)  # eq: page-leaky
        return y, cache

    def backward(self, dy, cache):
        """dx and dtheta, from the last layer to the first."""
        dtheta = []
        for x, W in reversed(cache):
            dtheta = [x.T @ dy, dy.sum(axis=0), *dtheta]  # eq: page-dW
            dx = dy @ W.T  # eq: page-dx
            dy = np.where(x > 0, dx, 0.2 * dx)  # eq: page-leaky-dx
        return dx, np.concatenate(dtheta, axis=None)

    def ascend(self, dtheta, lr=2e-4, beta1=0.5, beta2=0.999, eps=1e-8):
        """Adam: each number of theta moves by about lr, up the gradient."""
        self.t += 1
        self.m = beta1 * self.m + (1 - beta1) * dtheta
        self.v = beta2 * self.v + (1 - beta2) * dtheta**2
        m_hat = self.m / (1 - beta1**self.t)
        v_hat = self.v / (1 - beta2**self.t)
        u = m_hat / (np.sqrt(v_hat) + eps)  # eq: page-adam
        self.theta = self.theta + lr * u


def sigmoid(s):
    """D = sigmoid(s), and 1 - D = sigmoid(-s)."""
    e = np.exp(np.minimum(s, -s))
    return np.where(s > 0, 1, e) / (1 + e)  # eq: page-sigmoid


def softplus(s):
    """log D = -softplus(-s), and log(1 - D) = -softplus(s)."""
    e = np.exp(np.minimum(s, -s))
    return np.maximum(s, 0) + np.log1p(e)  # eq: page-softplus


def samples(G, z):
    """x_fake between -1 and 1, like the data, and the cache of G."""
    y, cache = G.forward(z)
    return np.tanh(y), cache  # eq: page-samples


def d_step(D, x_real, x_fake):
    """D goes up V. G does not move: x_fake is data here."""
    s_real, c_real = D.forward(x_real)
    s_fake, c_fake = D.forward(x_fake)
    V = -softplus(-s_real).mean() - softplus(s_fake).mean()  # eq: page-V
    ds_real = sigmoid(-s_real) / len(s_real)  # eq: page-dV
    ds_fake = -sigmoid(s_fake) / len(s_fake)
    _, of_real = D.backward(ds_real, c_real)
    _, of_fake = D.backward(ds_fake, c_fake)
    D.ascend(of_real + of_fake)  # eq: page-d-step
    return V


def g_step(G, D, z):
    """G goes down J. D does not move: it only tells where its logit rises."""
    x_fake, c_G = samples(G, z)
    s_fake, c_D = D.forward(x_fake)
    J = softplus(-s_fake).mean()  # eq: page-J
    ds_fake = -sigmoid(-s_fake) / len(s_fake)  # eq: page-dJ
    dx_fake, _ = D.backward(ds_fake, c_D)
    dy = (1 - x_fake**2) * dx_fake  # eq: page-tanh-dx
    _, dtheta = G.backward(dy, c_G)
    G.ascend(-dtheta)  # eq: page-g-step
    return J


def train(G, D, x, turns, N=64):
    """So many turns: a step of D, then a step of G."""
    for turn in range(turns):
        z = rng.normal(size=(2, N, 32))
        x_fake, _ = samples(G, z[0])
        V = d_step(D, rng.choice(x, N), x_fake)
        J = g_step(G, D, z[1])
        if turn % 500 == 0:
            print(f"turn {turn:4d}   V {V:6.3f}   J {J:6.3f}")


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    path = sys.argv[1] if sys.argv[1:] else "digits.npz"
    x = np.load(path)["images"].reshape(-1, 64) / 8 - 1  # 0 to 16 becomes -1 to 1
    G, D = Net(32, 128, 256, 64), Net(64, 256, 128, 1)
    train(G, D, x, turns=6000)
    x_fake, _ = samples(G, rng.normal(size=(50, 32)))
    page = np.full((5, 10, 10, 10), -1.0)  # 5 rows of 10 pictures, each with a margin
    page[:, :, 1:9, 1:9] = x_fake.reshape(5, 10, 8, 8)
    plt.imsave("generated.png", page.swapaxes(1, 2).reshape(50, 100), cmap="gray_r")
