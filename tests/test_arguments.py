"""Wrong arguments: each call of a table is answered by one sentence of tinygan.

A sentence names what was called and shows what it got. No call passes in silence, and
no error of NumPy or of Python comes from within.
"""

import math

import numpy as np
import pytest

import tinygan as tg
from tinygan import check, data, measures
from tinygan.data import Images, ring
from tinygan.objectives import WithDiversity
from tinygan.runs import Classes, CriticSteps, Experiment, Latent, Sentences

NOT_A_NUMBER = (math.nan, math.inf, "abc", None, [1, 2], tg.Dense, np.zeros(3), {})
NOT_POSITIVE = (*NOT_A_NUMBER, -1, 0, -0.5)
NEGATIVE = (*NOT_A_NUMBER, -1, -1e-9)
NOT_A_SHARE = (*NOT_A_NUMBER, -0.1, 1, 1.5)
NOT_WHOLE = (*NOT_A_NUMBER, 2.5, 2.0, -1, True, 10**30)
NOT_A_COUNT = (*NOT_WHOLE, 0)
NOT_A_FLAG = (0, 1, "yes", None, [], tg.Dense, np.zeros(3))
NOT_A_LAYER = (3, "Dense", None, [], [tg.Dense(3)], tg.Dense, np.zeros(3))
NOT_AN_INIT = (0, "he", [], tg.he, tg.normal, tg.Dense, np.zeros(3))
NOT_A_SEED = (math.nan, 2.5, -1, "abc", None, [1], True)
NOT_A_BACKEND = ("numpy", 0, np, tg.Backend)
NOT_A_DTYPE = ("int32", object, "abc", "bool", 3, None)
ANYTHING = (3, 2.5, "abc", None, [], {}, np.zeros(3))


def refuses(make, wrong, *words):
    """[(make, a wrong value, words of the sentence), ...]"""
    return [(make, value, words) for value in wrong]


SETTINGS = [
    *refuses(lambda v: tg.Dense(v), NOT_A_COUNT, "Dense", "n_out"),
    *refuses(lambda v: tg.Dense(3, bias=v), (None, 0, 1, "abc", [1, 2], math.nan)),
    *refuses(lambda v: tg.Dense(3, init=v), NOT_AN_INIT, "Dense"),
    *refuses(lambda v: tg.Conv2d(v, 3), NOT_A_COUNT, "Conv2d", "C_out"),
    *refuses(lambda v: tg.Conv2d(2, v), (*NOT_A_COUNT[:4], 0, (3,)), "Conv2d"),
    *refuses(lambda v: tg.Conv2d(2, (3, v)), NOT_A_COUNT, "Conv2d", "kernel"),
    *refuses(lambda v: tg.Conv2d(2, 3, v), (0, -1, 1.5, "1"), "Conv2d", "stride"),
    *refuses(lambda v: tg.Conv2d(2, 3, pad=v), (-1, 1.5, None), "Conv2d", "pad"),
    *refuses(lambda v: tg.Conv2d(2, 3, bias=v), NOT_A_FLAG, "Conv2d", "bias"),
    *refuses(lambda v: tg.Conv2d(2, 3, init=v), NOT_AN_INIT, "Conv2d"),
    *refuses(lambda v: tg.Conv2d(2, 3, groups=v), NOT_A_COUNT, "Conv2d", "groups"),
    *refuses(lambda v: tg.ConvTranspose2d(2, 3, groups=v), NOT_A_COUNT, "groups"),
    *refuses(lambda v: tg.ConvTranspose2d(v, 3), NOT_A_COUNT, "ConvTranspose2d"),
    *refuses(lambda v: tg.ConvTranspose2d(2, 3, 2, 1, v), (-1, 2, 0.5), "output_pad"),
    *refuses(lambda v: tg.Conv1d(2, v), NOT_A_COUNT, "Conv1d", "kernel"),
    *refuses(lambda v: tg.Conv1d(2, 3, v), NOT_WHOLE, "Conv1d", "pad"),
    *refuses(lambda v: tg.Conv1d(2, 3, stride=v), NOT_A_COUNT, "Conv1d", "stride"),
    *refuses(lambda v: tg.Conv1d(2, 3, groups=v), NOT_A_COUNT, "Conv1d", "groups"),
    *refuses(lambda v: tg.ConvTranspose1d(v, 3), NOT_A_COUNT, "ConvTranspose1d"),
    *refuses(lambda v: tg.ConvTranspose1d(2, v), NOT_A_COUNT, "kernel"),
    *refuses(lambda v: tg.ConvTranspose1d(2, 3, stride=v), NOT_A_COUNT, "stride"),
    *refuses(lambda v: tg.ConvTranspose1d(2, 3, pad=v), NOT_WHOLE, "pad"),
    *refuses(lambda v: tg.ConvTranspose1d(2, 3, stride=4, output_pad=v), NOT_WHOLE),
    *refuses(lambda v: tg.PhaseShuffle(v), NOT_WHOLE, "PhaseShuffle", "n >= 0"),
    *refuses(lambda v: tg.BatchNorm(v), NEGATIVE, "BatchNorm", "eps"),
    *refuses(lambda v: tg.BatchNorm(momentum=v), (*NEGATIVE, 5), "momentum"),
    *refuses(lambda v: tg.BatchNorm(gamma_std=v), NEGATIVE, "gamma_std"),
    *refuses(lambda v: tg.ConditionalBatchNorm(v), NEGATIVE, "eps"),
    *refuses(lambda v: tg.LayerNorm(v), NOT_POSITIVE, "LayerNorm", "eps"),
    *refuses(lambda v: tg.InstanceNorm(v), NOT_POSITIVE, "InstanceNorm", "eps"),
    *refuses(lambda v: tg.PixelNorm(v), NOT_POSITIVE, "PixelNorm", "eps"),
    *refuses(lambda v: tg.LeakyReLU(v), NOT_A_SHARE, "LeakyReLU", "slope"),
    *refuses(lambda v: tg.Dropout(v), NOT_A_SHARE, "Dropout", "probability"),
    *refuses(lambda v: tg.GumbelSoftmax(v), NOT_POSITIVE, "GumbelSoftmax", "tau > 0"),
    *refuses(lambda v: tg.Maxout(v), NOT_A_COUNT, "Maxout", "k >= 1"),
    *refuses(lambda v: tg.MinibatchStd(v), NOT_A_COUNT, "MinibatchStd", "group"),
    *refuses(lambda v: tg.MinibatchStd(4, v), NEGATIVE, "eps"),
    *refuses(lambda v: tg.Pack(v), NOT_A_COUNT, "Pack", "m >= 1"),
    *refuses(lambda v: tg.InstanceNoise(v), NEGATIVE, "InstanceNoise", "std"),
    *refuses(lambda v: tg.InstanceNoise(1, v), (0, -1, 2.5, "a"), "steps"),
    *refuses(lambda v: tg.Translate(v), NOT_A_SHARE, "Translate", "share"),
    *refuses(lambda v: tg.Cutout(v), NOT_A_SHARE, "Cutout", "share"),
    *refuses(lambda v: tg.Augment(v), (None, 1, "color", ["cutout"]), "Augment"),
    *refuses(lambda v: tg.AvgPool2d(v), NOT_A_COUNT, "AvgPool2d", "k >= 1"),
    *refuses(lambda v: tg.Upsample2d(v), NOT_A_COUNT, "Upsample2d", "k >= 1"),
    *refuses(lambda v: tg.AvgPool1d(v), NOT_A_COUNT, "AvgPool1d", "k >= 1"),
    *refuses(lambda v: tg.Upsample1d(v), NOT_A_COUNT, "Upsample1d", "k >= 1"),
    *refuses(lambda v: tg.Reshape(v), (*NOT_A_COUNT, (7, 7)), "Reshape"),
    *refuses(lambda v: tg.Scale(v), NOT_A_NUMBER, "Scale", " a,"),
    *refuses(lambda v: tg.Scale(1, v), NOT_A_NUMBER, "Scale", " b,"),
    *refuses(lambda v: tg.SpectralNorm(v), NOT_A_LAYER, "SpectralNorm"),
    *refuses(lambda v: tg.SpectralNorm(tg.Dense(2), v), NOT_A_COUNT, "n_iterations"),
    *refuses(lambda v: tg.EqualRate(v), NOT_A_LAYER, "EqualRate"),
    *refuses(lambda v: tg.EqualRate(tg.Dense(2), v), NOT_POSITIVE, "gain > 0"),
    *refuses(lambda v: tg.Sequential(tg.Dense(2), v), NOT_A_LAYER, "Sequential"),
    *refuses(lambda v: tg.Parallel(v), NOT_A_LAYER, "Parallel"),
    *refuses(lambda v: tg.Branch(v), NOT_A_LAYER, "Branch"),
    *refuses(lambda v: tg.Each(v), NOT_A_LAYER, "Each"),
    *refuses(lambda v: tg.Residual(v), NOT_A_LAYER, "Residual"),
    *refuses(lambda v: tg.Residual(tg.Dense(2), scale=v), NOT_A_NUMBER, "scale"),
    *refuses(lambda v: tg.Pick(v), (2.5, "0", None, True), "Pick"),
    *refuses(lambda v: tg.Embedding(v), NOT_A_COUNT, "Embedding", "dim"),
    *refuses(lambda v: tg.GRU(v), NOT_A_COUNT, "GRU", "units"),
    *refuses(lambda v: tg.GRU(2, every=v), NOT_A_FLAG, "GRU", "every"),
    *refuses(lambda v: tg.Projection(v), NOT_AN_INIT, "Projection"),
    *refuses(lambda v: tg.he(v), NOT_A_NUMBER, "he expects"),
    *refuses(lambda v: tg.normal(v), NEGATIVE, "normal expects"),
    *refuses(lambda v: tg.uniform(v), NEGATIVE, "uniform expects"),
    *refuses(lambda v: tg.Integers(v, 3), (3, "a", None, (0,), ((2,),)), "Integers"),
    *refuses(lambda v: tg.Integers((), v), NOT_A_COUNT, "Integers", "n >= 1"),
    *refuses(lambda v: tg.Minimax(v), (*NOT_POSITIVE, 1.1), "real_label"),
    *refuses(lambda v: tg.NonSaturating(v), (*NOT_POSITIVE, 1.1), "real_label"),
    *refuses(lambda v: tg.RelativisticAverage(v), NOT_POSITIVE, "real_label"),
    *refuses(lambda v: tg.LeastSquares(v), NOT_A_NUMBER, "LeastSquares"),
    *refuses(lambda v: tg.LeastSquares(0, 1, v), NOT_A_NUMBER, "LeastSquares"),
    *refuses(lambda v: tg.LeastSquares(v, v), (0, 1.0), "a and b apart"),
    *refuses(lambda v: tg.AuxiliaryClassifier(weight=v), NEGATIVE, "weight"),
    *refuses(lambda v: tg.AuxiliaryClassifier(v), (3, tg.Hinge, "a"), "Objective"),
    *refuses(lambda v: tg.Diversity(v, 1), NOT_POSITIVE, "Diversity", "weight"),
    *refuses(lambda v: tg.Diversity(1, v), NOT_POSITIVE, "Diversity", "limit"),
    *refuses(lambda v: WithDiversity(tg.Hinge(), v), (None, 1, tg.Diversity)),
    *refuses(lambda v: tg.R1(v), NEGATIVE, "R1", "gamma"),
    *refuses(lambda v: tg.R2(v), NEGATIVE, "R2", "gamma"),
    *refuses(lambda v: tg.WGANGP(v), NEGATIVE, "WGANGP", "weight"),
    *refuses(lambda v: tg.WGANGP(1, v), NEGATIVE, "WGANGP", "k >= 0"),
    *refuses(lambda v: tg.WGANGP(one_sided=v), NOT_A_FLAG, "one_sided"),
    *refuses(lambda v: tg.DRAGAN(c=v), NEGATIVE, "DRAGAN", "c >= 0"),
    *refuses(lambda v: tg.Drift(v), NEGATIVE, "Drift", "eps"),
    *refuses(lambda v: tg.Mismatch(v), NEGATIVE, "Mismatch", "weight"),
    *refuses(lambda v: tg.Mismatch(1, v), (*NEGATIVE, 1.5), "Mismatch", "near"),
    *refuses(lambda v: tg.SGD(v), NOT_POSITIVE, "SGD", "lr > 0"),
    *refuses(lambda v: tg.Momentum(0.1, v), NOT_A_SHARE, "Momentum", "mu"),
    *refuses(lambda v: tg.Momentum(0.1, ramp=v), NOT_A_COUNT, "Momentum", "ramp"),
    *refuses(lambda v: tg.RMSProp(0.1, v), NOT_A_SHARE, "RMSProp", "rho"),
    *refuses(lambda v: tg.RMSProp(0.1, eps=v), NEGATIVE, "RMSProp", "eps"),
    *refuses(lambda v: tg.Adam(v), NOT_POSITIVE, "Adam", "lr > 0"),
    *refuses(lambda v: tg.Adam(0.1, v), NOT_A_SHARE, "Adam", "beta1"),
    *refuses(lambda v: tg.Adam(0.1, 0.5, v), NOT_A_SHARE, "Adam", "beta2"),
    *refuses(lambda v: tg.Adam(eps=v), NEGATIVE, "Adam", "eps >= 0"),
    *refuses(lambda v: tg.ClipNorm(v, 1), (None, 0.1, tg.Adam, [tg.SGD(1)]), "inner"),
    *refuses(lambda v: tg.ClipNorm(tg.SGD(1), v), NOT_POSITIVE, "limit"),
    *refuses(lambda v: Latent(v), NOT_A_COUNT, "Latent", "dim"),
    *refuses(lambda v: Latent(2, v), ("cauchy", None, 3), "Latent", "normal"),
    *refuses(lambda v: Latent(2, scale=v), NOT_POSITIVE, "Latent", "scale"),
    *refuses(lambda v: CriticSteps(v), NOT_A_COUNT, "CriticSteps", "k >= 1"),
    *refuses(lambda v: CriticSteps(first=v), NOT_WHOLE, "CriticSteps", "first"),
    *refuses(lambda v: Classes(v), NOT_A_COUNT, "Classes", "K >= 1"),
    *refuses(lambda v: Sentences(v, ["a"]), ANYTHING, "Sentences", "Vocabulary"),
    *refuses(lambda v: ring(v), NOT_A_COUNT, "ring", "n"),
    *refuses(lambda v: ring(8, v), NOT_A_NUMBER, "ring", "radius"),
    *refuses(lambda v: ring(8, std=v), (0, -1, math.nan, "a", [1, 2]), "std"),
    *refuses(lambda v: data.grid(v), NOT_A_COUNT, "grid", "side"),
    *refuses(lambda v: data.TwoMoons(v), NOT_POSITIVE, "TwoMoons", "noise"),
    *refuses(lambda v: data.TwoMoons(0.1, v), NOT_A_COUNT, "TwoMoons", "nodes"),
    *refuses(lambda v: data.GaussianMixture(v, 1), ("a", None, 3, [], [[math.nan]])),
    *refuses(lambda v: ring().batches(v, 0), NOT_A_COUNT, "batch"),
    *refuses(lambda v: ring().batches(2, v), NOT_A_SEED, "seed"),
    *refuses(lambda v: ring().batches(2, 0, v), NOT_A_BACKEND, "backend"),
    *refuses(lambda v: ring().batches(2, 0, dtype=v), NOT_A_DTYPE, "dtype"),
    *refuses(lambda v: ring().batches(2, 0)(v), NOT_WHOLE, "batch number"),
    *refuses(lambda v: ring().sample(v, RNG), NOT_WHOLE, "GaussianMixture"),
    *refuses(lambda v: ring().sample(3, v), ANYTHING, "rng"),
    *refuses(lambda v: Latent(2).draw(3, v), ANYTHING, "rng"),
    *refuses(lambda v: tg.get_backend(v), (*ANYTHING, "torch"), "backend"),
    *refuses(tg.sigmoid, (3.0, "abc", None, [1.0], tg.Dense), "array"),
    *refuses(tg.softplus, (3.0, "abc", None, [1.0], tg.Dense), "array"),
]

RNG = np.random.default_rng(0)
X, Z = RNG.standard_normal((6, 2)), RNG.standard_normal((6, 2))
NO_SAMPLES = (3, "abc", None, [], [[math.nan, 1]], np.zeros((0, 2)), X[:, :1] * 1j)


def net(n_in=2, n_out=1):
    return tg.Net(tg.Dense(n_out), (n_in,), dtype="float64")


def step(**other):
    """d_step with one argument exchanged."""
    given = {"D": net(), "opt_D": tg.SGD(0.1), "objective": tg.Minimax()}
    return tg.d_step(**{**given, "x_real": X, "x_fake": Z, **other})


def played(**other):
    """play with one argument exchanged."""
    players = net(2, 2), net(), tg.SGD(0.1), tg.SGD(0.1)
    given = {"players": players, "objective": tg.Minimax()}
    return tg.play(**{**given, "real": lambda: X, "latent": lambda: Z, **other})


IMAGES = np.zeros((2, 5, 5, 1))
VECTORS = {"m": np.zeros(3), "v": np.zeros(3)}


def backward(dy):
    D = net()
    return D.backward(dy, D.forward(X)[1])


def normed():
    return tg.Net(tg.BatchNorm(), (2,))


def stats(mean):
    return {".mean": mean, ".var": np.ones(2)}


def moved(state):
    optimizer = tg.Adam()
    optimizer.prepare(np.zeros(3))
    optimizer.load_state(state)


CALLS = [
    *refuses(lambda v: tg.Net(v, (2,)), NOT_A_LAYER, "Net"),
    *refuses(lambda v: tg.Net(tg.Dense(2), v), (2, "ab", None, (0,), (2.5,), ("a",))),
    *refuses(lambda v: tg.Net(tg.Dense(2), (2,), v), NOT_A_SEED, "seed"),
    *refuses(lambda v: tg.Net(tg.Dense(2), (2,), 0, v), NOT_A_DTYPE, "dtype"),
    *refuses(lambda v: tg.Net(tg.Dense(2), (2,), backend=v), NOT_A_BACKEND, "backend"),
    *refuses(lambda v: net().forward(v), (*ANYTHING, X[:, :1], X[0]), "(N, 2)"),
    *refuses(lambda v: backward(v), (3, "a", [1.0], np.zeros(6), np.zeros((6, 2)))),
    *refuses(lambda v: net().parameters(v), (3, "abc", [], np.zeros(2)), "3 numbers"),
    *refuses(lambda v: net().load_state(v), (None, 3, "abc", []), "state"),
    *refuses(lambda v: normed().load_state(v), ({}, stats(0.0), stats(np.zeros(1)))),
    *refuses(lambda v: moved({"t": v, **VECTORS}), NOT_WHOLE, "Adam, t"),
    *refuses(lambda v: moved({"t": 1, **VECTORS, "m": v}), ANYTHING[:-1], "Adam, m"),
    *refuses(lambda v: tg.SGD(1).step(v, np.zeros(3), 0.1), ANYTHING[:-1], "theta"),
    *refuses(lambda v: tg.SGD(1).step(np.zeros(3), v, 0.1), ANYTHING[:-1], "gradient"),
    *refuses(lambda v: step(D=v), (*NOT_A_LAYER, tg.Net, tg.Dense(1)), "Net"),
    *refuses(lambda v: step(opt_D=v), (None, 0.1, tg.Adam, "Adam"), "Optimizer"),
    *refuses(lambda v: step(objective=v), (None, tg.Hinge, "hinge"), "Objective"),
    *refuses(lambda v: step(penalties=v), (None, tg.R1(1), [tg.R1], [None], "a")),
    *refuses(lambda v: step(penalties=[tg.WGANGP()], rng=v), ANYTHING, "rng"),
    *refuses(lambda v: step(x_real=v), (*ANYTHING, X[0], X[:, :1]), "(N, 2)"),
    *refuses(lambda v: step(D=net(2, v)), (2, 3), "one logit"),
    *refuses(
        lambda v: played(players=v), (None, 3, (), (net(), net())), "play expects"
    ),
    *refuses(lambda v: played(real=v), (None, X, [X]), "function"),
    *refuses(lambda v: played(latent=v), (None, Z, Latent(2)), "function"),
    *refuses(lambda v: played(k=v), NOT_A_COUNT, "k >= 1"),
    *refuses(lambda v: tg.im2col(v, (3, 3), (1, 1), (0, 0)), (*ANYTHING, X)),
    *refuses(lambda v: tg.im2col(IMAGES, v, (1, 1), (0, 0)), (3, (9, 9), (0, 1), "a")),
    *refuses(lambda v: tg.im2col(IMAGES, (3, 3), (1, 1), v), ((-1, 0), (0.5, 1), 0)),
    *refuses(lambda v: measures.mmd2(X, v), NO_SAMPLES),
    *refuses(lambda v: measures.mmd2(X, Z, v), (0, -1, math.nan, "a", []), "scales"),
    *refuses(lambda v: measures.sliced_wasserstein(v, X), NO_SAMPLES),
    *refuses(lambda v: measures.sliced_wasserstein(X, Z, v), NOT_A_COUNT, "directions"),
    *refuses(lambda v: measures.sliced_wasserstein(X, Z, 8, v), NOT_A_SEED, "seed"),
    *refuses(lambda v: measures.wasserstein_1d(v, X[:, 0]), NO_SAMPLES),
    *refuses(lambda v: measures.mode_coverage(X, v), ANYTHING, "GaussianMixture"),
    *refuses(lambda v: measures.mode_coverage(v, ring()), ("abc", None, X[:, :1])),
    *refuses(lambda v: measures.kl_divergence(v, [1, 2]), ("a", None, [1], [-1, 2])),
    *refuses(lambda v: measures.within(v, 2), NEGATIVE, "within"),
    *refuses(lambda v: measures.within(1, v), NOT_A_COUNT, "within"),
    *refuses(lambda v: measures.precision_recall(X, Z, v), NOT_A_COUNT),
    *refuses(lambda v: measures.nearest_neighbour_accuracy(X, v), NO_SAMPLES),
    *refuses(lambda v: measures.parzen_log_likelihood(X, Z, v), NO_SAMPLES),
    *refuses(lambda v: measures.PCA(v), NO_SAMPLES),
    *refuses(lambda v: measures.PCA(X, v), NOT_A_COUNT, "components"),
    *refuses(lambda v: measures.feature_space(v), ANYTHING, "Images"),
    *refuses(lambda v: measures.digit_judge(v), ANYTHING, "Images"),
    *refuses(lambda v: measures.stacked_modes(IMAGES, v), ANYTHING, "Classifier"),
    *refuses(lambda v: measures.perfect_modes(v, [1, 1]), NOT_A_COUNT, "n >= 1"),
    *refuses(lambda v: measures.perfect_modes(3, v), ANYTHING, "weights"),
    *refuses(lambda v: data.StackedDigits(v), ANYTHING, "StackedDigits", "Images"),
    *refuses(lambda v: check.check_layer(v, (2,)), NOT_A_LAYER),
    *refuses(lambda v: check.check_layer(tg.Dense(2), v), (2, "a", None, (0,))),
    *refuses(lambda v: check.check_layer(tg.Dense(2), (2,), v), NOT_A_COUNT, "batch"),
    *refuses(lambda v: check.check_objective(v), (None, 3, tg.Hinge), "Objective"),
    *refuses(lambda v: check.check_penalty(v), (None, 3, tg.R1), "Penalty"),
    *refuses(lambda v: check.check_optimizer(v), (None, 3, tg.Adam), "Optimizer"),
    *refuses(lambda v: tg.Minimax().value(v, X), (3.0, "abc", None, [1.0])),
    *refuses(lambda v: tg.Wasserstein().d_grads(v, X), (3.0, "abc", None, [1.0])),
    *refuses(lambda v: tg.LeastSquares().g_grad(v), (3.0, "abc", None, [1.0])),
    *refuses(lambda v: tg.RelativisticPairing().value(X[:, :1], v), (X[:, 0], X[:3])),
    *refuses(lambda v: tg.RelativisticAverage().value(X[:, :1], v), (X[:, 0], X)),
    *refuses(lambda v: tg.Minimax().value(v, X), (np.zeros((0, 1)),)),
]


ROWS = SETTINGS + CALLS


@pytest.mark.parametrize("make, wrong, words", ROWS, ids=map(str, range(len(ROWS))))
def test_a_wrong_argument_is_answered_by_one_sentence(make, wrong, words):
    with pytest.raises(tg.InputError) as error:
        make(wrong)
    sentence = str(error.value)
    assert "\n" not in sentence and 10 < len(sentence) < 300
    assert all(word in sentence for word in words), sentence


def experiment(**other):
    """An experiment with one argument exchanged."""
    G, D = tg.Sequential(tg.Dense(2)), tg.Sequential(tg.Dense(1))
    game = {"G": G, "D": D, "shape": (2,), "data": ring, "latent": Latent(2)}
    rules = {"objective": tg.Minimax(), "opt_G": tg.SGD(1), "opt_D": tg.SGD(1)}
    return Experiment(**{**game, **rules, "steps": 3, "batch": 4, **other})


OPTIONS = {
    "G": NOT_A_LAYER,
    "D": NOT_A_LAYER,
    "shape": (2, "ab", None, (0,), (2.5,)),
    "data": (None, 3, "path", ring(), np.zeros((5, 2))),
    "latent": (None, 16, Latent, (16,)),
    "objective": (None, "gan", tg.NonSaturating),
    "opt_G": (None, 0.1, tg.Adam),
    "opt_D": (None, 0.1, tg.Adam),
    "steps": NOT_A_COUNT,
    "batch": NOT_A_COUNT,
    "seed": NOT_A_SEED,
    "k": NOT_A_COUNT,
    "decay": (None, 0.5, "yes", 1),
    "penalties": (None, tg.R1(1), [tg.R1], tg.R1, [3], "R1"),
    "ema": NOT_A_SHARE,
    "shared": NOT_A_FLAG,
    "condition": (10, "classes", Classes),
    "between": (*NEGATIVE, 2),
    "diversity": (3, tg.Diversity, "d"),
    "unseen": (3, ring(), "path"),
    "log_every": NOT_A_COUNT,
    "picture_every": NOT_WHOLE,
    "checkpoint_every": NOT_WHOLE,
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_experiment_answers_each_wrong_part_by_one_sentence(name):
    experiment()
    for wrong in OPTIONS[name]:
        with pytest.raises(tg.InputError) as error:
            experiment(**{name: wrong})
        sentence = str(error.value)
        assert name in sentence and "\n" not in sentence, sentence
        assert len(sentence) < 300


def test_numpy_numbers_are_numbers_and_are_kept_as_plain_ones():
    e = experiment(
        steps=np.int64(3),
        batch=np.array([4])[0],
        seed=np.uint8(7),
        k=np.int32(2),
        ema=np.float32(0.5),
        log_every=np.int16(1),
        shared=np.True_,
    )
    for name in ("steps", "batch", "seed", "log_every"):
        assert type(getattr(e, name)) is int
    assert type(e.ema) is float and e.shared is True and e.critic_steps(0) == 2
    dense, conv = (
        tg.Dense(np.int64(3)),
        tg.Conv2d(np.int8(2), np.int64(3), (1, np.int64(2))),
    )
    assert type(dense.n_out) is int and conv.stride == (1, 2)
    assert {type(n) for n in (*conv.kernel, *conv.stride, conv.C_out)} == {int}
    assert type(tg.Adam(np.float32(0.1)).lr) is float
    assert type(tg.R1(np.int64(10)).gamma) is float
    assert type(Latent(np.int64(3), scale=np.float64(2)).dim) is int
    assert len(ring(np.int64(5)).means) == 5
    assert Images(np.zeros((3, 2, 2)), np.float32(0), np.int64(1)).high == 1.0


HABITS = [
    (
        lambda: tg.Sequential([tg.Flatten(), tg.Dense(1)]),
        "Sequential(Flatten(), Dense(1))",
    ),
    (lambda: tg.Sequential(tg.Flatten, tg.Dense(1)), "write Flatten()"),
    (lambda: tg.Net(tg.Dense, (2,)), "write Dense()"),
    (lambda: tg.Dense(3, init=tg.he), "write he()"),
    (lambda: tg.Reshape((7, 7, 128)), "write Reshape(7, 7, 128)"),
    (lambda: experiment(G=[tg.Dense(2)]), "write G=Sequential"),
    (lambda: experiment(objective=tg.NonSaturating), "write NonSaturating()"),
    (lambda: experiment(opt_G=tg.Adam), "write Adam()"),
    (lambda: experiment(opt_D=None), "write opt_D=Adam(1e-3)"),
    (lambda: experiment(penalties=[tg.R1]), "write R1(...)"),
    (lambda: experiment(data=ring()), "data=lambda: ..."),
    (lambda: step(penalties=[tg.R1]), "write R1()"),
    (lambda: step(penalties=tg.R1(1)), "write [R1(10)]"),
    (lambda: step(D=tg.Dense(1)), "write D = Net(tree, in_shape)"),
    (lambda: tg.sigmoid(3.0), "write np.asarray(...)"),
]


@pytest.mark.parametrize("call, line", HABITS)
def test_a_habit_from_elsewhere_is_answered_by_the_right_line(call, line):
    with pytest.raises(tg.InputError) as error:
        call()
    assert line in str(error.value)


def test_the_two_batches_of_a_step_may_differ_unless_samples_are_paired():
    V, *_ = step(x_real=X[:4], x_fake=Z[:5])
    assert np.isfinite(V)
    for paired in (tg.RelativisticPairing(),):
        with pytest.raises(tg.ShapeError, match="as many real logits as fake ones"):
            step(objective=paired, x_real=X[:4], x_fake=Z[:5])
    with pytest.raises(tg.ShapeError, match=r"WGANGP .* as many of both, got \(4, 2\)"):
        step(penalties=[tg.WGANGP()], x_real=X[:4], x_fake=Z[:5], rng=RNG)


class Own(tg.Objective):
    """V = mean s_real - mean s_fake, with what a test exchanges."""

    def value(self, s_real, s_fake):
        return s_real.mean() - s_fake.mean()

    def d_grads(self, s_real, s_fake):
        return np.ones_like(s_real) / len(s_real), -np.ones_like(s_fake) / len(s_fake)

    def g_value(self, s_fake, s_real=None):
        return -s_fake.mean()

    def g_grad(self, s_fake, s_real=None):
        return -np.ones_like(s_fake) / len(s_fake)


@pytest.mark.parametrize(
    "name, wrong",
    [
        ("value", lambda *s: s[0]),
        ("value", lambda *s: None),
        ("g_value", lambda *s: s[0]),
        ("d_grads", lambda *s: s[0]),
        ("d_grads", lambda *s: (s[0], None)),
        ("d_grads", lambda *s: (s[0], s[0][:, 0])),
        ("g_grad", lambda *s: s[0].mean()),
    ],
)
def test_an_own_objective_returns_numbers_and_gradients(name, wrong):
    step(objective=Own())
    kind = type("Wrong", (Own,), {name: lambda self, *s: wrong(*s)})
    with pytest.raises(tg.InputError, match=f"Wrong: {name} must return"):
        step(objective=kind())


def test_an_own_penalty_returns_a_number():
    class Silent(tg.Penalty):
        def accumulate(self, D, real, fake, rng=None):
            pass

    with pytest.raises(tg.InputError, match="Silent: accumulate must return"):
        step(penalties=[Silent()])
