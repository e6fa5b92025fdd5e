"""Conditional games: the objectives, the pairs, whole networks, a run and its samples.

The layers of conditional networks are certified in test_conditional_layers.py.
"""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from parts import players

import tinygan as tg
from tinygan import values
from tinygan.check import complex_step, relative
from tinygan.data import Labelled, load_digits
from tinygan.errors import InputError, ShapeError
from tinygan.layers import (
    BatchNorm,
    Branch,
    Concat,
    ConditionalBatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Embedding,
    Flatten,
    Identity,
    Parallel,
    Pick,
    Projection,
    Reshape,
    Sequential,
    Tanh,
)
from tinygan.objectives.auxiliary import cross_entropy, cross_entropy_grad, word_shares
from tinygan.penalties.mismatch import nearest
from tinygan.runs import Classes, Experiment, Latent
from tinygan.runs.run import Run
from tinygan.runs.sampling import Request
from tinygan.values import Integers

K, N = 3, 6


def rng(seed=0):
    return np.random.default_rng(seed)


# The objectives


def logits(seed):
    """What a D with a class head gives, for N samples, in float64."""
    draw = rng(seed)
    s, c = draw.standard_normal((N, 1)), draw.standard_normal((N, K))
    return (s, c), draw.integers(0, K, N)


def moved(s, v, h):
    """(s, c) + h v, the classes as they are."""
    (a, c), y = s
    return (a + h * v[0], c + h * v[1]), y


@pytest.mark.parametrize(
    "source", [tg.NonSaturating(), tg.Hinge(), tg.RelativisticAverage()]
)
def test_auxiliary_classifier(source):
    """All derivatives against the complex step of V and J, in random directions."""
    objective = tg.AuxiliaryClassifier(source, weight=0.7)
    real, fake = logits(1), logits(2)
    (d_real, none_1), (d_fake, none_2) = objective.d_grads(real, fake)
    d_g, none_3 = objective.g_grad(fake, real)
    assert none_1 is none_2 is none_3 is None
    draw = rng(3)
    for exact, gradient in (
        (lambda v, h: objective.value(moved(real, v, h), fake), d_real),
        (lambda v, h: objective.value(real, moved(fake, v, h)), d_fake),
        (lambda v, h: objective.g_value(moved(fake, v, h), real), d_g),
    ):
        v = draw.standard_normal((N, 1)), draw.standard_normal((N, K))
        found = sum((a * b).sum() for a, b in zip(gradient, v, strict=True))
        assert relative(exact(v, 1e-200j).imag / 1e-200 - found, found) <= 1e-11
        for a, b in zip(gradient, v, strict=True):
            assert a.shape == b.shape


def test_auxiliary_words():
    """L is the binary cross-entropy of each word; its gradient by the complex step."""
    objective, draw = tg.AuxiliaryWords(weight=0.3), rng(7)
    c, v = draw.standard_normal((2, N, K))
    y = draw.integers(0, K, (N, 2, 3))
    t = np.zeros((N, K))
    for n, k in np.ndindex(N, K):
        t[n, k] = np.mean([k in sentence for sentence in y[n]]) if k else 0
    assert np.array_equal(word_shares(y, K, float), t)
    p = tg.sigmoid(c)
    L = -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum(axis=1).mean()
    assert abs(objective.loss(c, y) - L) <= 1e-14
    exact = complex_step(lambda c: objective.loss(c, y), c, v)
    assert relative(exact - (objective.loss_grad(c, y) * v).sum(), v) <= 1e-11
    assert np.isfinite(objective.loss(1e4 * c, y))
    objective.expects((((1,), (K,)), Integers((2, 3), K)))
    for wrong in (
        (1,),
        (((1,), (K,)), Integers((), K)),
        (((1,), (2,)), Integers((2, 3), K)),
    ):
        with pytest.raises(ShapeError, match="AuxiliaryWords expects"):
            objective.expects(wrong)


def test_matching_aware_halves_the_fake_term():
    objective, draw = tg.MatchingAware(), rng(4)
    real, fake = draw.standard_normal((2, N, 1))
    V = np.log(tg.sigmoid(real)).mean() + np.log(1 - tg.sigmoid(fake)).mean() / 2
    assert abs(objective.value(real, fake) - V) <= 1e-14
    for i, gradient in enumerate(objective.d_grads(real, fake)):
        v = draw.standard_normal((N, 1))

        def L(s, i=i):
            return objective.value(*((s, fake) if i == 0 else (real, s)))

        exact = complex_step(L, (real, fake)[i], v)
        assert relative(exact - (gradient * v).sum(), gradient) <= 1e-11


def test_cross_entropy_is_minus_log_p():
    """Also where a logit is far too large for e^c."""
    c = np.array([[1e4, 0.0, -1e4], [0.0, 1.0, 2.0]])
    y = np.array([0, 2])
    p = np.exp([0.0, 1.0, 2.0])
    assert abs(cross_entropy(c, y) + np.log(p[2] / p.sum()) / 2) <= 1e-14
    assert np.isfinite(cross_entropy_grad(c, y)).all()
    draw = rng(5)
    c, y, v = draw.standard_normal((N, K)), draw.integers(0, K, N), rng(6)
    v = v.standard_normal((N, K))
    exact = complex_step(lambda c: cross_entropy(c, y), c, v)
    assert relative(exact - (cross_entropy_grad(c, y) * v).sum(), exact) <= 1e-11


@pytest.mark.parametrize(
    "out_shape", [(1,), ((1,), (K,)), (((1,), (K + 1,)), Integers((), K))]
)
def test_an_auxiliary_classifier_needs_two_heads(out_shape):
    with pytest.raises(ShapeError, match="AuxiliaryClassifier expects"):
        tg.AuxiliaryClassifier().expects(out_shape)
    tg.AuxiliaryClassifier().expects((((1,), (K,)), Integers((), K)))


# Whole games


def labelled(way: str):
    """G and D for images (4, 4, 1) of K classes, in the way of one of the recipes."""
    G = Sequential(
        Parallel(Identity(), Embedding(3)),
        Concat(),
        Dense(2 * 2 * 3),
        Reshape(2, 2, 3),
        BatchNorm(),
        Tanh(),
        ConvTranspose2d(1, 4, 2, 1),
        Tanh(),
    )
    look = (Conv2d(3, 4, 2, 1), BatchNorm(), Tanh(), Flatten())
    D = Sequential(Parallel(Identity(), Embedding(2)), Concat(), *look, Dense(1))
    if way == "projection":
        G = Sequential(
            Parallel(Sequential(Dense(12), Reshape(2, 2, 3)), Identity()),
            ConditionalBatchNorm(),
            Parallel(Sequential(Tanh(), ConvTranspose2d(1, 4, 2, 1)), Identity()),
            Pick(0),
        )
        D = Sequential(Parallel(Sequential(*look), Identity()), Projection())
    if way == "acgan":
        heads = Branch(Dense(1), Dense(K))
        D = Branch(Sequential(Pick(0), *look, heads), Pick(1))
    return G, D


def nets(way, dtype="float64", seed=1):
    G, D = labelled(way)
    classes = Integers((), K)
    G = tg.Net(Branch(G, Pick(1)), ((5,), classes), seed, dtype)
    D = tg.Net(D, ((4, 4, 1), classes), seed + 1, dtype)
    draw = rng(9)
    for net in (G, D):
        net.theta += 0.3 * draw.standard_normal(net.theta.shape)
    return G, D


def batch(seed=7):
    draw = rng(seed)
    y = draw.integers(0, K, N)
    return (draw.standard_normal((N, 4, 4, 1)), y), (draw.standard_normal((N, 5)), y)


def objective_of(way):
    return tg.AuxiliaryClassifier() if way == "acgan" else tg.NonSaturating()


WAYS = ("joined", "projection", "acgan")


@pytest.mark.parametrize("way", WAYS)
def test_gradients_of_whole_games(way):
    """dV/dtheta_D and dJ/dtheta_G, through embedding, joining, projection and heads,
    against the complex step of V and J.
    """
    objective, (x, z) = objective_of(way), batch()
    G, D = nets(way)
    twins = [net.clone("complex128") for net in (G, D)]
    directions = []

    class Still(tg.SGD):
        def step(self, theta, g, signed_lr):
            directions.append(g.copy())

    tg.d_step(D, Still(1.0), objective, x, G.forward(z)[0])
    tg.g_step(G, D, Still(1.0), objective, z, x)
    dV, dJ = directions
    assert np.abs(dV).max() > 0 and np.abs(dJ).max() > 0

    def value(player, theta):
        G, D = twins
        old = twins[player].theta.copy()
        twins[player].theta[...] = theta
        fake, _ = G.forward(z)
        s_fake, _ = D.forward(fake)
        s_real, _ = D.forward(x)
        twins[player].theta[...] = old
        return objective.value(s_real, s_fake) if player else objective.g_value(s_fake)

    for player, net, gradient in ((1, D, dV), (0, G, dJ)):
        for seed in range(3):
            v = rng(seed).standard_normal(net.theta.shape)
            theta = net.theta.astype(complex)
            exact = complex_step(lambda t, p=player: value(p, t), theta, v)
            assert relative(exact - gradient @ v, gradient) <= 1e-11, (way, player)


def test_mismatch_is_a_penalty_on_wrong_pairs():
    """Its gradient by the complex step; a sample with its own class is left out."""
    (x, y), _ = batch()
    _, D = nets("joined")
    penalty, fixed = tg.Mismatch(0.5), rng(11)
    s, cache = D.forward((x, y))
    D.zero_grad()
    P = penalty.accumulate(D, ((x, y), s, cache), None, rng(11))
    order = (np.arange(N) + fixed.integers(1, N)) % N
    wrong = y[order]
    differs = wrong != y
    assert 0 < differs.sum() < N  # both kinds are in this batch
    twin = D.clone("complex128")

    def value(theta):
        twin.theta[...] = theta
        s, _ = twin.forward((x, wrong))
        return 0.5 * (tg.softplus(s[:, 0]) * differs).sum() / N

    assert abs(value(D.theta.astype(complex)).real - P) <= 1e-14
    v = rng(12).standard_normal(D.theta.shape)
    exact = complex_step(value, D.theta.astype(complex), v)
    assert relative(-exact - D.grad @ v, D.grad) <= 1e-11  # D ascends V - P


def test_the_nearest_sentence_has_the_most_words_in_common():
    """0 is no word; a sentence is not its own neighbour, wherever else it stands."""
    y = np.array(
        [
            [[1, 2, 3, 0]],
            [[3, 2, 1, 5]],  # all the words of the first
            [[1, 2, 3, 0]],  # the first once more
            [[7, 8, 0, 0]],
            [[7, 9, 1, 0]],
        ]
    )
    near = nearest(y)
    assert near[0] == near[2] == 1
    assert near[1] in (0, 2)
    assert near[3] == 4


@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(1, 2), st.integers(1, 5))
def test_the_nearest_sentence_by_loops(seed, N, mixed, T):
    """Of each word that is none of padding's, whether the other has it, too."""
    rng = np.random.default_rng(seed)
    y = rng.integers(1, 6, (N, mixed, T))
    for row in y.reshape(-1, T):
        row[rng.integers(0, T + 1) :] = 0
    words = y.reshape(N, -1)
    scores = np.full((N, N), -1)
    for n, m in itertools.product(range(N), repeat=2):
        if not np.array_equal(words[n], words[m]):
            scores[n, m] = sum(k > 0 and k in words[m] for k in words[n])
    assert np.array_equal(nearest(y), scores.argmax(axis=1))


def test_mismatch_with_near_sentences():
    """The first half of the batch meets its nearest sentences, the rest random ones."""
    seen = []

    class Reads(tg.Layer):
        def build(self, in_shape):
            self.shapes = {"w": (1,)}
            return (1,)

        def forward(self, x, train=True):
            seen.append(x[1])
            return 0 * x[1][:, 0, :1] + self.w, ()

        def backward(self, dy, cache, param_grads=True):
            self.dw += dy.sum(axis=0)

    y = rng(3).integers(1, 5, (8, 1, 4))
    D = tg.Net(Reads(), ((2,), Integers((1, 4), 5)), 0, "float64")
    x = rng(4).standard_normal((8, 2))
    s, cache = D.forward((x, y))
    tg.Mismatch(0.5, near=0.5).accumulate(D, ((x, y), s, cache), None, rng(1))
    assert np.array_equal(seen[1][:4], y[nearest(y)[:4]])
    order = (np.arange(8) + rng(1).integers(1, 8)) % 8
    assert np.array_equal(seen[1][4:], y[order[4:]])
    for wrong in (-0.1, 1.1):
        with pytest.raises(ValueError, match="near"):
            tg.Mismatch(near=wrong)


def test_mismatch_of_a_d_with_two_heads_is_about_the_logit_alone():
    """The other head, which names the class, is not moved by wrong pairs."""
    (x, y), _ = batch()
    _, D = nets("acgan")
    s, cache = D.forward((x, y))
    D.zero_grad()
    tg.Mismatch(0.5).accumulate(D, ((x, y), s, cache), None, rng(11))
    grads = D.parameters(D.grad)
    head = [array for name, array in grads.items() if ".1_Dense" in name]
    assert [array.shape[-1] for array in head] == [K, K]  # W and b
    assert all((array == 0).all() for array in head)
    assert np.abs(D.grad).max() > 0


def test_mismatch_needs_a_condition_and_a_generator():
    D = tg.Net(Dense(1), (2,), 0)
    s, cache = D.forward(np.zeros((3, 2), "f"))
    with pytest.raises(InputError, match="condition"):
        tg.Mismatch().accumulate(D, (np.zeros((3, 2), "f"), s, cache), None, rng())


@pytest.mark.parametrize("penalty", [tg.WGANGP(10.0), tg.R1(2.0)])
def test_penalties_of_conditional_critics(penalty):
    """grad_x D(x, y) alone is punished; the gradient by finite complex steps."""
    (x, y), (_, _) = batch()
    D = tg.Net(
        Sequential(
            Parallel(Sequential(Flatten(), Dense(4)), Embedding(3)),
            Concat(),
            Dense(5),
            Tanh(),
            Dense(1),
        ),
        ((4, 4, 1), Integers((), K)),
        3,
        "float64",
    )
    fake = rng(8).standard_normal(x.shape)
    s, cache = D.forward((x, y))
    s_fake, c_fake = D.forward((fake, y))
    D.zero_grad()
    pairs = ((x, y), s, cache), ((fake, y), s_fake, c_fake)
    penalty.accumulate(D, *pairs, rng(2))
    twin, parameters = D.clone("complex128"), D.theta.copy()
    if isinstance(penalty, tg.R1):
        points = x
    else:
        eps = rng(2).random((N, 1, 1, 1))
        points = eps * x + (1 - eps) * fake

    def value(theta):
        twin.theta[...] = theta
        s, cache = twin.forward((points, y))
        g, none = twin.backward(np.ones_like(s), cache, param_grads=False)
        assert none is None
        r = np.sqrt((g.reshape(N, -1) ** 2).sum(axis=1))
        return penalty.phi(r)[0].mean()

    v = rng(4).standard_normal(parameters.shape)
    exact = complex_step(value, parameters.astype(complex), v)
    assert relative(-exact - D.grad @ v, D.grad) <= 1e-10


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("near", [0.0, 0.5])
def test_a_conditional_move_in_parts_is_the_whole_one(way, near):
    """Classes and heads as well, and pairs of which each half is another rank's."""
    found, penalties = [], () if way == "acgan" else (tg.Mismatch(0.5, near=near),)
    for size in (1, 2, 3):
        G, D = nets(way)
        opts = [tg.SGD(0.1), tg.SGD(0.1)]
        group = players((G, D), opts, size, N, objective_of(way), penalties)
        for turn in range(2):
            values, *others = group.run("move", *batch(), turn)
            assert all(np.array_equal(values, other) for other in others)
        found.append(np.concatenate([G.theta, D.theta, values]))
    for parts in found[1:]:
        assert relative(parts - found[0], found[0]) <= 1e-12


# Runs


def experiment(way="joined", **options):
    G, D = labelled(way)

    def data():
        digits = load_digits()
        digits = digits.part(np.flatnonzero(digits.labels < K))
        digits.values, digits.classes = digits.values[:, ::2, ::2], K
        return Labelled(digits)

    settings = {"steps": 6, "batch": 8, "log_every": 2, "shared": False} | options
    return Experiment(
        G=G,
        D=D,
        shape=(4, 4, 1),
        data=data,
        condition=Classes(K),
        latent=Latent(5),
        objective=objective_of(way),
        opt_G=tg.Adam(1e-3),
        opt_D=tg.Adam(1e-3),
        **settings,
    )


@pytest.mark.parametrize("way", WAYS)
def test_a_run_repeats_and_resumes(way):
    whole, first, second = (Run(experiment(way, ema=0.9)) for _ in range(3))
    for _ in range(5):
        whole.turn()
    for _ in range(2):
        first.turn()
    second.load(first.on_host(first.state()))
    for _ in range(3):
        second.turn()
    for name, array in whole.state().items():
        assert np.array_equal(second.state()[name], array), name


def test_fakes_have_the_classes_of_the_real_batch(monkeypatch):
    run, seen = Run(experiment()), []
    forward = run.D.forward

    def see(pair, train=True):
        seen.append(pair[1].copy())
        return forward(pair, train)

    monkeypatch.setattr(run.D, "forward", see)
    run.turn()
    assert len(seen) == 3
    for y in seen:
        assert np.array_equal(y, seen[0])
    assert len(set(seen[0].tolist())) > 1


def test_a_picture_has_a_row_for_each_class_and_a_column_for_each_latent():
    run = Run(experiment())
    shown = run.shown()
    x, columns = shown.samples, shown.columns
    assert columns == 100 // K and len(x) == K * columns
    z = run.experiment.latent.draw(100, tg.rng.generator(0, tg.rng.PICTURE))
    inputs = z[:columns], np.full(columns, 2)
    (row, _), _ = run.G.forward(inputs, train=False)
    assert np.abs(x[2 * columns :] - row).max() <= 1e-6


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        (Request(text="a three"), "--text: this run's generator takes a class"),
        (Request(label=K), f"--label {K}: expected a class from 0 to {K - 1}"),
    ],
)
def test_what_cannot_be_asked(asked, wrong):
    with pytest.raises(InputError, match=wrong):
        asked.inputs(experiment(), 4, 0)


def test_an_unconditional_generator_cannot_be_asked():
    from tinygan import recipes

    plain = recipes.build(recipes.find("dcgan-digits"), {})
    for asked in (Request(label=1), Request(text="a three"), Request(grid=True)):
        with pytest.raises(InputError, match="takes no condition"):
            asked.inputs(plain, 4, 0)


def test_data_must_have_the_condition():
    wrong = experiment()
    wrong.data = load_digits
    wrong.shape = (8, 8, 1)
    with pytest.raises(InputError, match="condition"):
        wrong.expects(load_digits())
    with pytest.raises(InputError, match="expected conditions"):
        wrong.expects(Labelled(load_digits()))  # ten classes, not K


# Values


def test_values():
    v = np.arange(6.0).reshape(3, 2), (np.arange(3), None)
    assert values.size(v) == 3
    assert len(values.leaves(v)) == 2
    parts = [values.rows(v, slice(0, 1)), values.rows(v, slice(1, 3))]
    back = values.together(parts)
    assert back[1][1] is None
    for a, b in zip(values.leaves(back), values.leaves(v), strict=True):
        assert np.array_equal(a, b)
    assert values.is_tuple(((2,), Integers((), 4)))
    assert not values.is_tuple(()) and not values.is_tuple((3, 2))
    assert not values.is_tuple(Integers((), 4))
    z, y = values.zeros(((2,), Integers((), 4)), 5, "float32")
    assert z.dtype == np.float32 and y.dtype.kind == "i" and y.shape == (5,)
