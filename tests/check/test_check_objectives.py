"""The check of objectives finds what people get wrong, and leaves right ones alone.

Each class in FAULTS has one fault, and the words beside it are in the note of a row
that fails.
"""

import numpy as np
import pytest

import tinygan as tg
from tinygan import Critic, Objective, sigmoid, softplus
from tinygan.check import check_objective
from tinygan.ops import mean


def failures(objective, **settings) -> dict[str, str]:
    """{quantity: note} of the rows that fail."""
    rows = check_objective(objective, **settings)
    return {row.quantity: row.note for row in rows if not row.ok}


# Right objectives, as users write them


class Plain(Objective):
    """V = mean a(s_real) + mean b(s_fake)      J = mean c(s_fake)

    A subclass has a, b, c and their derivatives.
    """

    def value(self, s_real, s_fake):
        return self.a(s_real).mean() + self.b(s_fake).mean()

    def d_grads(self, s_real, s_fake):
        return self.da(s_real) / s_real.size, self.db(s_fake) / s_fake.size

    def g_value(self, s_fake, s_real=None):
        return self.c(s_fake).mean()

    def g_grad(self, s_fake, s_real=None):
        return self.dc(s_fake) / s_fake.size


class Mirrored(Plain):
    """b(s) = a(-s) and c = -a: fakes are judged as real samples are, upside down."""

    def b(self, s):
        return self.a(-s)

    def db(self, s):
        return -self.da(-s)

    def c(self, s):
        return -self.a(s)

    def dc(self, s):
        return -self.da(s)


class Focal(Mirrored):
    """a = (1 - D)^2 log D, with D = sigma(s), and b alike."""

    def a(self, s):
        return -(sigmoid(-s) ** 2) * softplus(-s)

    def da(self, s):
        D, rest = sigmoid(s), sigmoid(-s)
        return rest**3 + 2 * rest**2 * D * softplus(-s)


class BothLabels(Plain):
    """Two-sided label smoothing, with labels .9 and .1."""

    def a(self, s):
        return -softplus(-s) - 0.1 * s

    def da(self, s):
        return sigmoid(-s) - 0.1

    def b(self, s):
        return -softplus(s) + 0.1 * s

    def db(self, s):
        return 0.1 - sigmoid(s)

    def c(self, s):
        return softplus(-s)

    def dc(self, s):
        return -sigmoid(-s)


class Probabilities(BothLabels):
    """1 - D by subtraction: it loses digits where D is near 1, and is right."""

    def da(self, s):
        return 1 - sigmoid(s) - 0.1

    def dc(self, s):
        return sigmoid(s) - 1


class Energy(Plain):
    """EBGAN: low for real, and beliefs say so."""

    def a(self, s):
        return -s

    def da(self, s):
        return -np.ones_like(s)

    def b(self, s):
        return -np.where(s < 1, 1 - s, 0 * s)

    def db(self, s):
        return np.where(s < 1, np.ones_like(s), 0 * s)

    def c(self, s):
        return s

    def dc(self, s):
        return np.ones_like(s)

    def beliefs(self, s_real, s_fake):
        return -mean(s_real), -mean(s_fake)


class TotalVariation(Plain):
    """tanh(s)/2: Nowozin et al. 2016."""

    def a(self, s):
        return np.tanh(s) / 2

    def da(self, s):
        return (1 - np.tanh(s) ** 2) / 2

    def b(self, s):
        return -np.tanh(s) / 2

    def db(self, s):
        return -self.da(s)

    def c(self, s):
        return -np.tanh(s) / 2

    def dc(self, s):
        return -self.da(s)


class Temperature(Mirrored):
    """The logistic loss of s / .1"""

    T = 0.1

    def a(self, s):
        return -softplus(-s / self.T) * self.T

    def da(self, s):
        return sigmoid(-s / self.T)


class Absolute(Plain):
    """|s - 1| by np.abs, which is not analytic: labels 1 and 0, and kinks there."""

    def a(self, s):
        return -np.abs(s - 1)

    def da(self, s):
        return -np.sign(s - 1)

    def b(self, s):
        return -np.abs(s)

    def db(self, s):
        return -np.sign(s)

    def c(self, s):
        return np.abs(s - 1)

    def dc(self, s):
        return np.sign(s - 1)


class Softmax(Objective):
    """Softmax GAN: one softmax over both batches: Lin 2017."""

    paired = True

    def shares(self, s_real, s_fake):
        s = np.concatenate([s_real, s_fake])
        top = s.max()
        e = np.exp(s - top)
        return e / e.sum(), np.log(e.sum()) + top

    def value(self, s_real, s_fake):
        return mean(s_real) - self.shares(s_real, s_fake)[1]

    def d_grads(self, s_real, s_fake):
        p, _ = self.shares(s_real, s_fake)
        n = len(s_real)
        return 1 / s_real.size - p[:n], -p[n:]

    def g_value(self, s_fake, s_real=None):
        both = s_real.size + s_fake.size
        return self.shares(s_real, s_fake)[1] - (s_real.sum() + s_fake.sum()) / both

    def g_grad(self, s_fake, s_real=None):
        p, _ = self.shares(s_real, s_fake)
        return p[len(s_real) :] - np.ones_like(s_fake) / (s_real.size + s_fake.size)


class BroadcastPairs(Objective):
    """A pairing objective that does not refuse unequal batches in words."""

    paired = True

    def value(self, s_real, s_fake):
        return -softplus(s_fake - s_real).mean()

    def d_grads(self, s_real, s_fake):
        ds = sigmoid(s_fake - s_real) / s_real.size
        return ds, -ds

    def g_value(self, s_fake, s_real=None):
        return softplus(s_real - s_fake).mean()

    def g_grad(self, s_fake, s_real=None):
        return -sigmoid(s_real - s_fake) / s_fake.size


class Fisher(Critic):
    """Divided by the spread of both batches: it takes no single logit."""

    def spread(self, s_real, s_fake):
        apart = s_real - s_real.mean(), s_fake - s_fake.mean()
        v = sum((a * a).sum() / a.size for a in apart) / 2 + 1
        return *apart, np.sqrt(v)

    def value(self, s_real, s_fake):
        if s_real.size < 2:
            raise ValueError("a spread needs two logits")
        return (s_real.mean() - s_fake.mean()) / self.spread(s_real, s_fake)[2]

    def d_grads(self, s_real, s_fake):
        r, f, size = self.spread(s_real, s_fake)
        V = (s_real.mean() - s_fake.mean()) / size
        ds_real = (1 / size - V * r / size**2 / 2) / r.size
        return ds_real, (-1 / size - V * f / size**2 / 2) / f.size


class Largest(Critic):
    """V of the largest fake score: a maximum has kinks where scores tie."""

    def value(self, s_real, s_fake):
        return s_real.mean() - s_fake.max()

    def d_grads(self, s_real, s_fake):
        top = (s_fake == s_fake.max()).astype(s_fake.dtype)
        return np.ones_like(s_real) / s_real.size, -top / top.sum()


class Sum(tg.NonSaturating):
    """Sums for means, on purpose."""

    def value(self, s_real, s_fake):
        return super().value(s_real, s_fake) * len(s_real)

    def d_grads(self, s_real, s_fake):
        ds_real, ds_fake = super().d_grads(s_real, s_fake)
        return ds_real * len(s_real), ds_fake * len(s_real)


RIGHT = [
    *(tg.Minimax(), tg.LeastSquares(-1, 1, 0), tg.Hinge(), tg.Wasserstein()),
    *(tg.RelativisticAverage(), tg.RelativisticPairing(), tg.Minimax(0.3)),
    *(Focal(), BothLabels(), Probabilities(), Energy(), TotalVariation()),
    *(Temperature(), Absolute(), Softmax(), BroadcastPairs(), Fisher(), Largest()),
    Sum(),
]


@pytest.mark.parametrize("objective", RIGHT, ids=repr)
def test_right_objectives_pass(objective):
    for seed, effort in ((0, "quick"), (1, "normal")):
        assert failures(objective, seed=seed, effort=effort) == {}


def test_what_is_not_analytic_is_found_out():
    rows = {row.quantity: row for row in check_objective(Absolute())}
    assert rows.keys() == {"dV/ds finite", "dJ/ds finite", "contract"}
    assert rows["dV/ds finite"].note.startswith("V is not analytic")


def test_a_sum_over_the_batch_is_remarked_on():
    (row,) = [r for r in check_objective(Sum()) if r.quantity == "contract"]
    assert row.ok and "V is a sum over the batch" in row.note


# Faults


def as_d(change):
    """d_grads with a change of (ds_real, ds_fake, s_real, s_fake)."""

    def d_grads(self, s_real, s_fake):
        return change(*tg.NonSaturating.d_grads(self, s_real, s_fake), s_real, s_fake)

    return d_grads


def as_g(change):
    """g_grad with a change of (dJ, s_fake)."""

    def g_grad(self, s_fake, s_real=None):
        return change(tg.NonSaturating.g_grad(self, s_fake), s_fake)

    return g_grad


def upside_down(name):
    """A method with the opposite sign."""

    def method(self, *s):
        result = getattr(tg.NonSaturating, name)(self, *s)
        return tuple(-d for d in result) if isinstance(result, tuple) else -result

    return method


V_DOWN = {name: upside_down(name) for name in ("value", "d_grads")}
J_DOWN = {name: upside_down(name) for name in ("g_value", "g_grad")}


def keeps(self, s_real, s_fake):
    self.kept = sigmoid(-s_real), sigmoid(s_fake)
    return tg.NonSaturating.value(self, s_real, s_fake)


def what_was_kept(self, s_real, s_fake):
    if not hasattr(self, "kept"):
        keeps(self, s_real, s_fake)
    a, b = self.kept
    return a / len(a), -b / len(b)


CLASS: dict = {}


def keeps_on_the_class(self, s_real, s_fake):
    CLASS["kept"] = sigmoid(-s_real), sigmoid(s_fake)
    return tg.NonSaturating.value(self, s_real, s_fake)


def kept_on_the_class(self, s_real, s_fake):
    if "kept" not in CLASS:
        keeps_on_the_class(self, s_real, s_fake)
    a, b = CLASS["kept"]
    return a / len(a), -b / len(b)


def one_buffer(self, s_fake, s_real=None):
    found = tg.NonSaturating.g_grad(self, s_fake)
    if getattr(self, "room", found).shape != found.shape or not hasattr(self, "room"):
        self.room = found.copy()
    self.room = self.room.astype(found.dtype, copy=False)
    self.room[...] = found
    return self.room


def uses_real(self, s_fake, s_real=None):
    J = tg.NonSaturating.g_value(self, s_fake)
    return J if s_real is None else J + 0 * J + mean(s_real)


def needs_real(self, s_fake, s_real=None):
    return tg.NonSaturating.g_value(self, s_fake) + mean(s_real)


def zero_alone(self, s_fake, s_real=None):
    g = tg.NonSaturating.g_grad(self, s_fake)
    return 0 * g if s_real is None else g


def one_by_one(self, s_real, s_fake):
    return np.asarray(tg.NonSaturating.value(self, s_real, s_fake)).reshape(1, 1)


def exchanged_beliefs(self, s_real, s_fake):
    return mean(sigmoid(s_fake)), mean(sigmoid(s_real))


def one_belief(self, s_real, s_fake):
    return mean(sigmoid(s_real))


def sorts(self, s_real, s_fake):
    s_real.sort(axis=0)
    return tg.NonSaturating.value(self, s_real, s_fake)


def contiguous_only(self, s_fake, s_real=None):
    g = tg.NonSaturating.g_grad(self, s_fake)
    return g if s_fake.flags.c_contiguous else 2 * g


def half(self, s_real, s_fake):
    both = tg.NonSaturating.d_grads(self, s_real, s_fake)
    small = s_real.dtype == np.float32
    return tuple(d.astype("float16").astype("f4") if small else d for d in both)


NS, FIVE = tg.NonSaturating, "is that of a batch of 5"
FAULTS = [
    ({"d_grads": as_d(lambda a, b, r, f: (a * len(r) / 5, b * len(f) / 5))}, FIVE),
    ({"g_grad": as_g(lambda g, f: g * len(f) / 4)}, "is that of a batch of 4"),
    ({"g_grad": as_g(lambda g, f: g * len(f))}, "is not divided by its batch's size"),
    (
        {"d_grads": as_d(lambda a, b, r, f: (a, b * len(f) / len(r)))},
        "the real batch's",
    ),
    (
        {"d_grads": as_d(lambda a, b, r, f: (a * len(r) / len(f), b))},
        "the fake batch's",
    ),
    ({"d_grads": as_d(lambda a, b, r, f: (a / len(r), b / len(f)))}, "size twice"),
    ({"d_grads": as_d(lambda a, b, r, f: (b, a))}, ""),
    ({"d_grads": as_d(lambda a, b, r, f: (a, -b))}, "ds_fake has the opposite sign"),
    (
        {"d_grads": as_d(lambda a, b, r, f: (a[:1] + 0 * a, b))},
        "with 2 real and 2 fake",
    ),
    ({"d_grads": as_d(lambda a, b, r, f: (np.where(r == f, 0, a), b))}, "ds_real is 0"),
    ({"d_grads": as_d(lambda a, b, r, f: (np.where(r > 12, 0, a), b))}, "shifted by"),
    ({"d_grads": as_d(lambda a, b, r, f: (np.where(r < -12, 0, a), b))}, "shifted by"),
    ({"d_grads": as_d(lambda a, b, r, f: (a, np.where(f == 0, 0, b)))}, "all logits 0"),
    ({"g_grad": as_g(lambda g, f: np.where(abs(f) < 1e-3, 0, g))}, ""),
    ({"g_grad": as_g(lambda g, f: g * (1 + 1e-9))}, "times the derivative"),
    ({"g_grad": as_g(lambda g, f: np.where(abs(f + 40) < 4, np.nan, g))}, "NaN or"),
    (V_DOWN, "V or J is upside down"),
    (J_DOWN, "V or J is upside down"),
    (V_DOWN | J_DOWN, "V and J are upside down"),
    ({"beliefs": exchanged_beliefs}, "they are exchanged"),
    ({"beliefs": one_belief}, "beliefs gives two numbers"),
    ({"d_grads": as_d(lambda a, b, r, f: (a, b[: len(r)]))}, "2 real and 3 fake"),
    ({"value": one_by_one}, "value gives a number, of shape ()"),
    ({"d_grads": as_d(lambda a, b, r, f: a)}, "d_grads gives a pair"),
    ({"d_grads": as_d(lambda a, b, r, f: (a.ravel(), b))}, "ds_real has (1,)"),
    ({"value": keeps, "d_grads": what_was_kept}, "does not depend on an earlier value"),
    (
        {"value": keeps_on_the_class, "d_grads": kept_on_the_class},
        "d_grads does not depend on",
    ),
    ({"g_grad": one_buffer}, "what g_grad returned stays the same"),
    ({"g_value": uses_real}, "says paired = True"),
    ({"g_value": needs_real}, "the class has to say paired = True"),
    ({"g_grad": zero_alone}, "ds_fake is 0"),
    ({"value": sorts}, "logits are only read"),
    ({"g_grad": contiguous_only}, "g_grad gives the same if the logits are"),
    ({"d_grads": half}, "float32 agrees with float64: d_grads"),
    ({"d_grad": half}, "Bad.d_grad is never called: the method is `d_grads`"),
]
MORE = [  # what a quick check misses, whose batches are among those of a normal one
    ({"g_grad": as_g(lambda g, f: np.where(abs(f - 3.3) < 0.2, 0, g))}, ""),
    (
        {"g_grad": as_g(lambda g, f: g if len(f) < 9 else g * 9 / len(f))},
        "with 16 real",
    ),
]


def planted(members, base=NS):
    """An objective of a user's that extends NonSaturating."""
    return type("Bad", (base,), {"__module__": __name__, **members})()


@pytest.mark.parametrize(
    "members, words, effort",
    [
        *((*fault, "quick") for fault in FAULTS),
        *((*fault, "normal") for fault in MORE),
        *(pytest.param(*fault, "normal", marks=pytest.mark.slow) for fault in FAULTS),
    ],
)
def test_faults_are_found(members, words, effort):
    CLASS.clear()
    found = failures(planted(members), effort=effort)
    assert found and words in "; ".join(found.values()), found


@pytest.mark.slow  # quickly: test_faults_are_found, with one seed
@pytest.mark.parametrize("seed", [1, 2])
def test_faults_are_found_with_other_numbers(seed):
    for members, words in FAULTS + MORE:
        CLASS.clear()
        found = failures(planted(members), seed=seed)
        assert found and words in "; ".join(found.values()), found


class OffAtTheKink(tg.Hinge):
    """Beyond both one-sided derivatives where a logit is exactly 1."""

    def d_grads(self, s_real, s_fake):
        ds_real, ds_fake = super().d_grads(s_real, s_fake)
        return np.where(s_real == 1, -1, ds_real).astype(ds_real.dtype), ds_fake


class WrongTie(Largest):
    """Every largest score gets all of it: their sum is more than 1, each is right."""

    def d_grads(self, s_real, s_fake):
        top = (s_fake == s_fake.max()).astype(s_fake.dtype)
        return np.ones_like(s_real) / s_real.size, -2 * top / top.sum()


def test_a_kink_is_a_choice_within_limits():
    for seed in range(2):
        assert "all logits 1" in failures(OffAtTheKink(), seed=seed)["dV/ds finite"]
        assert failures(WrongTie(), seed=seed, effort="quick")
        assert not failures(tg.Hinge(), seed=seed)


def test_a_wrong_gradient_of_what_is_not_analytic():
    class Wrong(Absolute):
        def dc(self, s):
            return np.where(s > 1, 1.001, -1.0).astype(s.dtype)

    assert failures(Wrong()).keys() == {"dJ/ds finite"}


@pytest.mark.parametrize("effort", ["quick", "thorough"])
def test_every_effort_finds_a_planted_fault(effort):
    assert failures(planted(V_DOWN), effort=effort)
    assert failures(planted({"g_grad": as_g(lambda g, f: g / 2)}), effort=effort)


def test_the_smallest_case_is_shown_and_repeats():
    wrong = as_d(lambda a, b, r, f: (a, b * len(f) / len(r)))
    bad = planted({"d_grads": wrong})
    rows = [row for row in check_objective(bad) if not row.ok]
    assert {row.line for row in rows} == {
        "check_objective(Bad(), batch=(1, 2), seed=0)"
    }
    again = eval(rows[0].line, {"check_objective": check_objective, "Bad": type(bad)})
    assert [r.quantity for r in again if not r.ok] == [r.quantity for r in rows]
    assert "with 1 real and 2 fake logits, ds_fake[0] of d_grads is" in rows[0].note


def test_a_derivative_that_has_failed_is_asked_no_further():
    """A right one is compared at about 200 pairs of batches, a wrong one at a few."""

    def batches(d_grads):
        asked = set()

        def counted(self, s_real, s_fake):
            asked.add(s_real.tobytes() + s_fake.tobytes())
            return d_grads(self, s_real, s_fake)

        found = failures(planted({"d_grads": counted}))
        return len(asked), {*found}

    asked, found = batches(NS.d_grads)
    assert asked > 150 and not found
    asked, found = batches(V_DOWN["d_grads"])
    assert asked < 50 and found == {"dV/ds", "dV/ds finite"}


@pytest.mark.parametrize("batch", [0, -1, (1, 2, 3), (0, 1), 1.5, "a"])
def test_sizes_that_are_none(batch):
    with pytest.raises(tg.InputError, match="check_objective expects"):
        check_objective(tg.Minimax(), batch=batch)


def test_an_objective_that_writes_into_logits_leaves_the_next_check_alone():
    class Writes(tg.Wasserstein):
        def value(self, s_real, s_fake):
            s_real *= 0
            s_fake *= 0
            return super().value(s_real, s_fake)

    class Overflows(tg.Wasserstein):
        def value(self, s_real, s_fake):
            return s_real.mean() - np.exp(s_fake - 1).mean()

    assert not all(row.ok for row in check_objective(Writes(), effort="quick"))
    (row,) = check_objective(Overflows(), effort="quick")
    assert row.note == "all is finite at logits of +-10,000"
