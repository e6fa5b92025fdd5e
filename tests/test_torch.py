"""PyTorch as an independent opinion, in float64: the same numbers, passes and paths.

Tensors keep tinygan's layouts as leaves (images (N, H, W, C), kernels (kh, kw, a, b));
the permutation to torch's layouts is inside the function that torch differentiates, so
gradients come back in tinygan's layouts as well.
"""

import copy

import numpy as np
import pytest

import tinygan as tg

torch = pytest.importorskip("torch")
F = torch.nn.functional
grad = torch.autograd.grad
torch.set_num_threads(1)  # its threads would fight with those of NumPy's BLAS

rng = np.random.default_rng(20)


def relative(a, b) -> float:
    """||a - b|| / ||b||, where b is torch's."""
    a, b = np.asarray(a), b.detach().numpy()
    assert a.shape == b.shape and a.dtype == b.dtype == np.float64
    return np.linalg.norm(a - b) / (np.linalg.norm(b) or 1)


def agree(pairs, tolerance=1e-12) -> None:
    """Hold {name: (ours, torch's)} against each other."""
    errors = {name: relative(a, b) for name, (a, b) in pairs.items()}
    assert all(e <= tolerance for e in errors.values()), errors


def leaf(a):
    return torch.tensor(np.asarray(a), requires_grad=True)


def randomised(layer, in_shape):
    """A float64 Net of one layer, every parameter drawn anew: biases are not 0."""
    net = tg.Net(layer, in_shape, dtype="float64")
    net.theta[...] += rng.normal(0, 0.5, net.theta.shape)
    return net


def images(f):
    """The function of (N, C, H, W) that torch knows, as one of (N, H, W, C)."""

    def g(x, *parameters):
        return f(x.permute(0, 3, 1, 2), *parameters).permute(0, 2, 3, 1)

    return g


def check_passes(
    layer, in_shape, f, scale=1.0, state=None, tangent=True, batch=3, tolerance=1e-12
) -> None:
    """All passes of `layer` against torch's derivatives of f(x, *parameters). With
    `state`, in evaluation.

    y_dot = J x_dot is made by two reverse passes, d/du <J^T u, x_dot>, which can be
    differentiated once more: the reverse of the tangent pass.
    """
    net = randomised(layer, in_shape)
    layer.state = layer.state if state is None else state
    net.advance()
    x = scale * rng.normal(size=(batch, *in_shape))
    y, cache = net.forward(x, train=state is None)
    dy = rng.normal(size=y.shape)
    dx = net.backward(dy, cache)
    names = list(net.parameters())

    x_t, parameters = leaf(x), [leaf(p) for p in net.parameters().values()]
    y_t = f(x_t, *parameters)
    d_t = grad(y_t, [x_t, *parameters], torch.tensor(dy), create_graph=True)
    agree({"y": (y, y_t), "dx": (dx, d_t[0])}, tolerance)
    ours = net.parameters(net.grad)
    pairs = zip(names, d_t[1:], strict=True)
    agree({n: (ours[n], d) for n, d in pairs}, tolerance)
    dx = net.backward(dy, cache, param_grads=False)
    agree({"dx alone": (dx, d_t[0])}, tolerance)
    if not tangent:
        return

    x_dot, dy_dot = rng.normal(size=x.shape), rng.normal(size=y.shape)
    y_dot, cache_dot = net.tangent(x_dot, cache)
    u, x_dot_t = leaf(0 * y), leaf(x_dot)
    (Ju,) = grad(f(x_t, *parameters), x_t, u, create_graph=True)
    (y_dot_t,) = grad(Ju, u, x_dot_t, create_graph=True)
    agree({"y_dot": (y_dot, y_dot_t)}, tolerance)

    net.zero_grad()
    dx, dx_dot = net.tangent_backward(dy, dy_dot, cache, cache_dot)
    total = (y_t * torch.tensor(dy)).sum() + (y_dot_t * torch.tensor(dy_dot)).sum()
    d_t = grad(total, [x_t, x_dot_t, *parameters])
    agree({"dx": (dx, d_t[0]), "dx_dot": (dx_dot, d_t[1])}, tolerance)
    pairs = zip(names, d_t[2:], strict=True)
    agree({n: (ours[n], d) for n, d in pairs}, tolerance)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("in_shape", [(5,), (3, 4, 5)])
def test_dense(in_shape, bias):
    def f(x, W, b=None):
        return F.linear(x, W.T, b)

    check_passes(tg.Dense(7, bias=bias), in_shape, f)


CONVS = [  # (H, W), kernel, stride, pad
    ((8, 8), 4, 2, 1),
    ((7, 7), 3, 1, 1),
    ((5, 6), 1, 1, 0),
    ((4, 4), 4, 1, 0),
    ((9, 8), (3, 2), (2, 3), (1, 0)),  # a row and a column remain unread
    ((10, 11), (4, 5), (3, 4), (0, 2)),
    ((6, 5), (2, 3), (3, 2), (0, 1)),  # gaps: stride larger than the kernel
    ((3, 3), 2, 1, 2),  # windows that hold padding alone
]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("size", "kernel", "stride", "pad"), CONVS)
def test_conv(size, kernel, stride, pad, bias):
    @images
    def f(x, W, b=None):
        return F.conv2d(x, W.permute(3, 2, 0, 1), b, stride, pad)

    check_passes(tg.Conv2d(4, kernel, stride, pad, bias=bias), (*size, 3), f)


CONVTS = [  # (H, W), kernel, stride, pad, output_pad
    ((4, 4), 4, 2, 1, 0),
    ((1, 1), 4, 1, 0, 0),
    ((3, 4), 3, 2, 1, 1),
    ((5, 3), (3, 2), (2, 3), (1, 0), (1, 2)),
    ((4, 2), (5, 4), (3, 4), (2, 1), (2, 0)),
    ((3, 3), 2, 3, 0, 2),  # gaps between the windows: pixels that only b reaches
    ((4, 4), 3, 1, 2, 0),
]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("size", "kernel", "stride", "pad", "output_pad"), CONVTS)
def test_conv_transpose(size, kernel, stride, pad, output_pad, bias):
    @images
    def f(x, W, b=None):
        W = W.permute(3, 2, 0, 1)
        return F.conv_transpose2d(x, W, b, stride, pad, output_pad)

    layer = tg.ConvTranspose2d(4, kernel, stride, pad, output_pad, bias=bias)
    check_passes(layer, (*size, 3), f)


def sequences(f):
    """The function of (N, C, T) that torch knows, as one of (N, T, C)."""

    def g(x, *parameters):
        return f(x.movedim(2, 1), *parameters).movedim(1, 2)

    return g


CONV1DS = [  # T, kernel, stride, pad, groups
    (40, 25, 4, 11, 1),  # WaveGAN's
    (9, 3, 1, 1, 2),
    (11, 4, 3, 0, 1),
    (5, 2, 3, 2, 2),
]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("T", "kernel", "stride", "pad", "groups"), CONV1DS)
def test_conv_of_sequences(T, kernel, stride, pad, groups, bias):
    @sequences
    def f(x, W, b=None):
        return F.conv1d(x, W[0].permute(2, 1, 0), b, stride, pad, groups=groups)

    layer = tg.Conv1d(4, kernel, pad, stride, bias, groups=groups)
    check_passes(layer, (T, 2), f)


CONVT1DS = [  # T, kernel, stride, pad, output_pad, groups
    (6, 25, 4, 11, 1, 1),  # WaveGAN's
    (5, 4, 2, 1, 0, 2),
    (4, 3, 3, 2, 2, 1),
    (3, 2, 4, 0, 3, 2),  # gaps between the windows
]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("T", "kernel", "stride", "pad", "output_pad", "groups"), CONVT1DS
)
def test_conv_transpose_of_sequences(T, kernel, stride, pad, output_pad, groups, bias):
    @sequences
    def f(x, W, b=None):
        W = W[0].permute(2, 1, 0)
        return F.conv_transpose1d(x, W, b, stride, pad, output_pad, groups)

    how = {"stride": stride, "pad": pad, "output_pad": output_pad, "bias": bias}
    layer = tg.ConvTranspose1d(6, kernel, **how, groups=groups)
    check_passes(layer, (T, 4), f)


def phase_shuffle(x, a):
    """As in the code of WaveGAN, a sample at a time: padded by reflection, and cut."""
    moved = []
    for one, shift in zip(x, a.tolist(), strict=True):
        left, right = max(shift, 0), max(-shift, 0)
        padded = F.pad(one.T, (left, right), mode="reflect")
        moved.append(padded[:, right : right + len(one)].T)
    return torch.stack(moved)


RESAMPLINGS = [
    (tg.AvgPool1d(4), sequences(lambda x: F.avg_pool1d(x, 4))),
    (tg.Upsample1d(3), sequences(lambda x: F.interpolate(x, scale_factor=3.0))),
]


@pytest.mark.parametrize(("layer", "f"), RESAMPLINGS, ids=["pool", "upsample"])
def test_resampling_of_sequences(layer, f):
    check_passes(layer, (8, 3), f)


@pytest.mark.parametrize(("n", "T"), [(2, 9), (3, 4), (0, 2)])
def test_phase_shuffle(n, T):
    """With the shifts that this layer draws in its first forward pass."""
    layer = tg.PhaseShuffle(n)
    _, (a,) = tg.Net(layer, (T, 3), dtype="float64").forward(np.zeros((3, T, 3)))
    check_passes(layer, (T, 3), lambda x: phase_shuffle(x, a))


@pytest.mark.parametrize(
    ("layer", "f"),
    [
        (tg.LeakyReLU(0.2), lambda x: F.leaky_relu(x, 0.2)),
        (tg.ReLU(), F.relu),
        (tg.Tanh(), torch.tanh),
        (tg.Sigmoid(), torch.sigmoid),
        (tg.Softplus(), lambda x: F.softplus(x, threshold=40)),
    ],
    ids=lambda v: repr(v) if isinstance(v, tg.Layer) else "",
)
def test_activations(layer, f):
    check_passes(layer, (50,), f, scale=5.0)


def batch_norm(eps, training, mean=None, var=None):
    def f(x, gamma, beta):
        x_t = x.movedim(-1, 1)
        y = F.batch_norm(x_t, mean, var, gamma, beta, training, eps=eps)
        return y.movedim(1, -1)

    return f


@pytest.mark.parametrize("in_shape", [(6,), (3, 5, 6)])
def test_batch_norm_in_training(in_shape):
    f = batch_norm(1e-3, training=True)
    check_passes(tg.BatchNorm(eps=1e-3), in_shape, f, tangent=False)


@pytest.mark.parametrize("in_shape", [(6,), (3, 5, 6)])
def test_batch_norm_in_evaluation(in_shape):
    mean, var = rng.normal(size=6), rng.uniform(0.5, 2, 6)
    f = batch_norm(1e-3, False, torch.tensor(mean), torch.tensor(var))
    state = {"mean": mean, "var": var}
    check_passes(tg.BatchNorm(eps=1e-3), in_shape, f, state=state)


def test_batch_norm_running_statistics():
    layer, module = tg.BatchNorm(momentum=0.3), torch.nn.BatchNorm2d(4, momentum=0.3)
    net, module = tg.Net(layer, (3, 2, 4), dtype="float64"), module.double()
    for _ in range(5):
        x = rng.normal(2, 3, size=(3, 3, 2, 4))
        net.forward(x)
        module(torch.tensor(x).permute(0, 3, 1, 2))
        pairs = {"mean": (layer.state["mean"], module.running_mean)}
        agree(pairs | {"var": (layer.state["var"], module.running_var)})
    y, _ = net.forward(x, train=False)
    y_t = module.eval()(torch.tensor(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    agree({"y": (y, y_t)})


# Layers for a critic: norms within a sample, spectral norms, and what stands beside.


def sample_norm(first, last):
    """The norm over the axes from `first` to `last`, from its definition."""

    def f(x, gamma, beta):
        axes = list(range(first, x.ndim + last))
        var, mu = torch.var_mean(x, axes, correction=0, keepdim=True)
        return gamma * (x - mu) / (var + 1e-3).sqrt() + beta

    return f


def layer_norm(x, gamma, beta):
    return F.layer_norm(x, x.shape[1:], eps=1e-3) * gamma + beta


def instance_norm(x, gamma, beta):
    y = F.instance_norm(x.movedim(-1, 1), weight=gamma, bias=beta, eps=1e-3)
    return y.movedim(1, -1)


# Right in two derivatives and wrong in the third, which the reverse of the tangent is:
# there torch 2.13 takes the deviation that it saved for a constant.
FUSED = {"LayerNorm": layer_norm, "InstanceNorm": instance_norm}


def pixel_norm(x):
    return F.rms_norm(x, x.shape[-1:], eps=1e-3)


def minibatch_std(x):
    """As in the code of progressive GANs: three samples to a group, two groups."""
    y = x.reshape(3, 2, *x.shape[1:])
    y = y - y.mean(0, keepdim=True)
    s = ((y**2).mean(0) + 1e-8).sqrt().flatten(1).mean(1)  # (2,)
    s = s.reshape(2, *(1 for _ in x.shape[1:]))
    return torch.cat([x, s.tile(3, *x.shape[1:-1], 1)], -1)


@images
def up_conv(x, W):
    x = F.interpolate(x, scale_factor=2, mode="nearest")
    return F.conv2d(x, W.permute(3, 2, 0, 1), padding=1)


def pack(x):
    return torch.cat([x[0::2], x[1::2]], -1)


LAYERS = {  # all take images, and change their shape or not
    "LayerNorm": (lambda: tg.LayerNorm(1e-3), sample_norm(1, 0)),
    "InstanceNorm": (lambda: tg.InstanceNorm(1e-3), sample_norm(1, -1)),
    "PixelNorm": (lambda: tg.PixelNorm(1e-3), pixel_norm),
    "AvgPool2d": (lambda: tg.AvgPool2d(2), images(lambda x: F.avg_pool2d(x, 2))),
    "Upsample2d": (
        lambda: tg.Upsample2d(2),
        images(lambda x: F.interpolate(x, scale_factor=2, mode="nearest")),
    ),
    "UpConv2d": (lambda: tg.UpConv2d(5, 3, pad=1, bias=False), up_conv),
    "Maxout": (lambda: tg.Maxout(2), lambda x: x.unflatten(-1, (-1, 2)).amax(-1)),
    "MinibatchStd": (lambda: tg.MinibatchStd(3), minibatch_std),
    "Pack": (lambda: tg.Pack(2), pack),
    "Residual": (
        lambda: tg.Residual(tg.Sequential(tg.Dense(4), tg.Tanh()), scale=0.3),
        lambda x, W, b: x + 0.3 * torch.tanh(x @ W + b),
    ),
    "InstanceNoise": (lambda: tg.InstanceNoise(0.0), lambda x: x),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_critics(name):
    make, f = LAYERS[name]
    check_passes(make(), (4, 6, 4), f, batch=6)
    if name in ("LayerNorm", "PixelNorm", "Maxout", "MinibatchStd", "Pack"):
        check_passes(make(), (4,), f, batch=6)
    if name in FUSED:
        check_passes(make(), (4, 6, 4), FUSED[name], batch=6, tangent=False)


def spectral_norm_like(layer, module, order):
    """W -> W / sigma by torch, with the u and v of `layer`; W in torch's layout, which
    is ours in the given order."""
    module = torch.nn.utils.parametrizations.spectral_norm(module.double())
    normalise = module.parametrizations.weight[0].eval()  # no power iteration

    def f(W):
        u, v = layer.state["u"], layer.state["v"]
        if len(order) == 4:  # (kh kw C_in) in torch's order
            v = v.reshape(*W.shape[:2], -1).transpose(2, 0, 1).ravel()
        normalise._u.copy_(torch.tensor(u))
        normalise._v.copy_(torch.tensor(v))
        return normalise(W.permute(order))

    return f


def spectral_dense():
    layer = tg.SpectralNorm(tg.Dense(5))
    normalised = spectral_norm_like(layer, torch.nn.Linear(4, 5), (1, 0))
    return layer, lambda x, W, b: F.linear(x, normalised(W), b)


def spectral_conv():
    layer = tg.SpectralNorm(tg.Conv2d(5, (3, 4), 2, 1))
    module = torch.nn.Conv2d(4, 5, (3, 4))
    normalised = spectral_norm_like(layer, module, (3, 2, 0, 1))
    f = images(lambda x, W, b: F.conv2d(x, W, b, 2, 1))
    return layer, lambda x, W, b: f(x, normalised(W), b)


def spectral_conv_transpose():
    layer = tg.SpectralNorm(tg.ConvTranspose2d(5, (3, 4), 2, 1))
    module = torch.nn.ConvTranspose2d(4, 5, (3, 4))
    normalised = spectral_norm_like(layer, module, (3, 2, 0, 1))
    f = images(lambda x, W, b: F.conv_transpose2d(x, W, b, 2, 1))
    return layer, lambda x, W, b: f(x, normalised(W), b)


SPECTRAL = {
    "Dense": spectral_dense,
    "Conv2d": spectral_conv,
    "ConvTranspose2d": spectral_conv_transpose,
}


@pytest.mark.parametrize("name", SPECTRAL)
def test_spectral_norm(name):
    layer, f = SPECTRAL[name]()
    check_passes(layer, (4, 6, 4), f)


def test_spectral_norm_of_a_module():
    """A whole module with its own power iterations comes to the same weights."""
    net = randomised(tg.SpectralNorm(tg.Dense(5)), (4,))
    module = torch.nn.Linear(4, 5).double()
    with torch.no_grad():
        module.weight.copy_(torch.tensor(net.tree.W.T))
        module.bias.copy_(torch.tensor(net.tree.b))
    module = torch.nn.utils.parametrizations.spectral_norm(module)
    x = rng.normal(size=(3, 4))
    for _ in range(300):
        net.advance()
        module(torch.tensor(x))
    y, cache = net.forward(x)
    y_t = module(torch.tensor(x))
    dy = rng.normal(size=y.shape)
    net.backward(dy, cache)
    W_t = module.parametrizations.weight.original
    (dW_t,) = grad(y_t, W_t, torch.tensor(dy))
    agree({"y": (y, y_t), "dW": (net.tree.dW, dW_t.T)}, 1e-10)


@pytest.mark.parametrize("name", [*LAYERS, *SPECTRAL])
def test_the_gradient_of_a_gradient(name):
    """d/dtheta of sum |grad_x D|^2 / 2 for a small critic around each layer: <v, g>
    with v = g, by the tangent pass reversed, beside torch's double backward."""
    if name in SPECTRAL:
        layer, f = SPECTRAL[name]()
    else:
        make, f = LAYERS[name]
        layer, f = make(), FUSED.get(name, f)
    body = tg.Conv2d(4, 3, pad=1), tg.Tanh(), layer, tg.Softplus()
    net = randomised(tg.Sequential(*body, tg.Flatten(), tg.Dense(1)), (4, 6, 2))
    net.advance()
    x = rng.normal(size=(6, 4, 6, 2))
    s, cache = net.forward(x)
    g = net.backward(np.ones_like(s), cache, param_grads=False)
    _, cache_dot = net.tangent(g, cache)
    dx, _ = net.tangent_backward(None, np.ones_like(s), cache, cache_dot)

    x_t, parameters = leaf(x), [leaf(p) for p in net.parameters().values()]
    conv = images(lambda x, W, b: F.conv2d(x, W.permute(3, 2, 0, 1), b, padding=1))
    y_t = torch.tanh(conv(x_t, *parameters[:2]))
    y_t = F.softplus(f(y_t, *parameters[2:-2]), threshold=40).flatten(1)
    s_t = y_t @ parameters[-2] + parameters[-1]
    (g_t,) = grad(s_t.sum(), x_t, create_graph=True)
    d_t = grad((g_t**2).sum() / 2, [x_t, *parameters], materialize_grads=True)
    agree({"s": (s, s_t), "g": (g, g_t), "dx": (dx, d_t[0])}, 1e-10)
    pairs = zip(net.parameters(net.grad).items(), d_t[1:], strict=True)
    agree({n: (ours, theirs) for (n, ours), theirs in pairs}, 1e-10)


def bce(s, target):
    return F.binary_cross_entropy_with_logits(s, torch.full_like(s, target))


@pytest.mark.parametrize("scale", [1.0, 30.0, 1000.0])
@pytest.mark.parametrize(
    ("objective", "J"),
    [
        (tg.Minimax(), lambda s: F.logsigmoid(-s).mean()),
        (tg.NonSaturating(), lambda s: bce(s, 1.0)),
    ],
    ids=["minimax", "nonsaturating"],
)
def test_objectives(objective, J, scale):
    s_real, s_fake = scale * rng.normal(size=(2, 16, 1))
    r, f = leaf(s_real), leaf(s_fake)
    V_t, J_t = -bce(r, 1.0) - bce(f, 0.0), J(f)
    agree({"V": (objective.value(s_real, s_fake), V_t)})
    agree({"J": (objective.g_value(s_fake), J_t)})
    ours = (*objective.d_grads(s_real, s_fake), objective.g_grad(s_fake))
    theirs = (*grad(V_t, (r, f)), *grad(J_t, f))
    names = ("dV/ds_real", "dV/ds_fake", "dJ/ds_fake")
    agree({n: ab for n, *ab in zip(names, ours, theirs, strict=True)})


OPTIMIZERS = [
    (tg.SGD(0.1), lambda p, **k: torch.optim.SGD(p, 0.1, **k)),
    (tg.Momentum(0.1, 0.8), lambda p, **k: torch.optim.SGD(p, 0.1, 0.8, **k)),
    (
        tg.RMSProp(0.01, rho=0.9, eps=1e-4),
        lambda p, **k: torch.optim.RMSprop(p, 0.01, alpha=0.9, eps=1e-4, **k),
    ),
    (tg.RMSProp(0.01), lambda p, **k: torch.optim.RMSprop(p, 0.01, **k)),
    (tg.Adam(), lambda p, **k: torch.optim.Adam(p, **k)),
    (
        tg.Adam(2e-4, 0.5, 0.99, eps=1e-4),
        lambda p, **k: torch.optim.Adam(p, 2e-4, (0.5, 0.99), eps=1e-4, **k),
    ),
]


@pytest.mark.parametrize("maximize", [True, False], ids=["ascend", "descend"])
@pytest.mark.parametrize("which", range(len(OPTIMIZERS)))
def test_optimizers(which, maximize):
    """20 steps where gradients range from 1e-9, far below eps, to 10."""
    ours, theirs = OPTIMIZERS[which]
    ours = copy.deepcopy(ours)
    size = 10.0 ** rng.uniform(-9, 1, 40)
    theta = rng.normal(size=40)
    theta_t = leaf(theta)
    theirs = theirs([theta_t], maximize=maximize)
    for _ in range(20):
        noise = rng.normal(size=40)
        (ours.ascend if maximize else ours.descend)(theta, size * (noise + theta))
        theta_t.grad = torch.tensor(size) * (torch.tensor(noise) + theta_t.detach())
        theirs.step()
        agree({"theta": (theta, theta_t)}, 1e-13)


# Whole games: tinygan's steps beside a training loop as a PyTorch tutorial has it.


class ChannelsLast(torch.nn.Module):
    """(N, C, H, W) -> (N, H, W, C), so that Flatten orders numbers as tinygan does."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1)


def dcgan():
    """Both nets with BatchNorm, 5 -> 8x8x2 -> 1, and the same in torch."""
    G = tg.Sequential(
        tg.Reshape(1, 1, 5),
        tg.ConvTranspose2d(6, 4, bias=False),
        tg.BatchNorm(),
        tg.ReLU(),
        tg.ConvTranspose2d(2, 4, 2, 1),
        tg.Tanh(),
    )
    D = tg.Sequential(
        tg.Conv2d(4, 4, 2, 1),
        tg.LeakyReLU(0.2),
        tg.Conv2d(6, 3, 2, 1, bias=False),
        tg.BatchNorm(),
        tg.LeakyReLU(0.2),
        tg.Flatten(),
        tg.Dense(1),
    )
    nn = torch.nn
    G_t = nn.Sequential(
        nn.Unflatten(1, (5, 1, 1)),
        nn.ConvTranspose2d(5, 6, 4, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(True),
        nn.ConvTranspose2d(6, 2, 4, 2, 1),
        nn.Tanh(),
    )
    D_t = nn.Sequential(
        nn.Conv2d(2, 4, 4, 2, 1),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(4, 6, 3, 2, 1, bias=False),
        nn.BatchNorm2d(6),
        nn.LeakyReLU(0.2, inplace=True),
        ChannelsLast(),
        nn.Flatten(),
        nn.Linear(24, 1),
    )
    return G, D, (5,), (8, 8, 2), G_t, D_t


def mlp():
    G = tg.Sequential(tg.Dense(16), tg.Tanh(), tg.Dense(2))
    D = tg.Sequential(tg.Dense(16), tg.LeakyReLU(0.2), tg.Dense(1))
    nn = torch.nn
    G_t = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 2))
    D_t = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    return G, D, (3,), (2,), G_t, D_t


def to_torch(a):
    """A parameter in torch's layout: kernels, of both kinds, and matrices."""
    order = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}[a.ndim]
    return torch.tensor(a.transpose(order))


def agree_nets(net, module, tolerance) -> None:
    ours, theirs = net.parameters().values(), module.parameters()
    theta = torch.cat([to_torch(p).ravel() for p in ours])
    theta_t = torch.cat([p.detach().ravel() for p in theirs])
    agree({"theta": (theta.numpy(), theta_t)}, tolerance)
    names = {"mean": "running_mean", "var": "running_var"}
    stats = [b for n, b in module.named_buffers() if n.endswith(tuple(names.values()))]
    pairs = zip(net.state().values(), stats, strict=True)
    agree({str(i): pair for i, pair in enumerate(pairs)}, tolerance)


def torch_turn(G, D, opt_G, opt_D, G_loss, real, z_D, z_G):
    """V, mean D(x), mean D(G(z)) and J, stacked."""
    opt_D.zero_grad()
    s_real = D(real)
    loss_real = bce(s_real, 1.0)
    loss_real.backward()
    s_fake = D(G(z_D).detach())
    loss_fake = bce(s_fake, 0.0)
    loss_fake.backward()
    opt_D.step()
    opt_G.zero_grad()
    J = G_loss(D(G(z_G)))
    J.backward()
    opt_G.step()
    V, D_x, D_Gz = -loss_real - loss_fake, s_real.sigmoid(), s_fake.sigmoid()
    return torch.stack([V, D_x.mean(), D_Gz.mean(), J])


@pytest.mark.parametrize(
    ("nets", "objective", "G_loss"),
    [
        (dcgan, tg.NonSaturating(), lambda s: bce(s, 1.0)),
        (mlp, tg.Minimax(), lambda s: -bce(s, 0.0)),
    ],
    ids=["dcgan-nonsaturating", "mlp-minimax"],
)
def test_50_steps_of_a_gan(nets, objective, G_loss):
    G, D, latent, sample, G_t, D_t = nets()
    G = tg.Net(G, latent, seed=1, dtype="float64")
    D = tg.Net(D, sample, seed=2, dtype="float64")
    start = G.theta.copy(), D.theta.copy()
    for net, module in ((G, G_t.double()), (D, D_t.double())):
        with torch.no_grad():
            pairs = zip(net.parameters().values(), module.parameters(), strict=True)
            for ours, theirs in pairs:
                theirs.copy_(to_torch(ours))
    opt_G, opt_D = tg.Adam(2e-3, 0.5), tg.Adam(2e-3, 0.5)
    opts_t = [torch.optim.Adam(m.parameters(), 2e-3, (0.5, 0.999)) for m in (G_t, D_t)]
    for _ in range(50):
        real = rng.uniform(-1, 1, (8, *sample))
        z_D, z_G = rng.normal(size=(2, 8, *latent))
        *seen, _ = tg.d_step(D, opt_D, objective, real, G.forward(z_D)[0])
        seen = [*seen, tg.g_step(G, D, opt_G, objective, z_G)]
        real_t = torch.tensor(np.moveaxis(real, -1, 1))
        z_D, z_G = torch.tensor(z_D), torch.tensor(z_G)
        seen_t = torch_turn(G_t, D_t, *opts_t, G_loss, real_t, z_D, z_G)
        agree({"V, D(x), D(G(z)), J": (seen, seen_t)}, 1e-8)
    for net, module, theta in zip((G, D), (G_t, D_t), start, strict=True):
        agree_nets(net, module, 1e-8)
        assert np.linalg.norm(net.theta - theta) > 0.01 * np.linalg.norm(theta)
