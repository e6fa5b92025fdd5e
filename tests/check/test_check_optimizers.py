"""The check of optimizers finds what people get wrong, and leaves right rules alone.

Each class in FAULTS has one fault, and the words beside it are in the note of the row
that fails.
"""

import numpy as np
import pytest

import tinygan as tg
from tinygan.check import check_optimizer
from tinygan.optim import Optimizer, Wrapper


def notes(optimizer, **settings) -> dict[str, str]:
    """{quantity: note} of the rows that fail."""
    rows = check_optimizer(optimizer, **settings)
    return {row.quantity: row.note for row in rows if not row.ok}


# Right rules, as users write them


class AdamW(tg.Adam):
    """Decoupled weight decay: Loshchilov and Hutter 2019."""

    decay = 0.01

    def step(self, theta, g, signed_lr):
        theta *= 1 - abs(signed_lr) * self.decay
        super().step(theta, g, signed_lr)


class L2(tg.SGD):
    """Weight decay in the gradient; D ascends, so that its sign turns with the step."""

    def step(self, theta, g, signed_lr):
        super().step(theta, g - np.sign(signed_lr) * 0.01 * theta, signed_lr)


class AMSGrad(tg.Adam):
    moments = ("m", "v", "largest")

    def direction(self, g, out):
        self.m += (1 - self.beta1) * (g - self.m)
        self.v += (1 - self.beta2) * (g * g - self.v)
        np.maximum(self.largest, self.v, out=self.largest)
        m_hat = self.m / (1 - self.beta1**self.t)
        out[...] = m_hat / (np.sqrt(self.largest / (1 - self.beta2**self.t)) + self.eps)
        return 1.0


class OldAMSGrad(AMSGrad):
    """As in the paper, without a correction of the bias."""

    def direction(self, g, out):
        super().direction(g, out)
        out[...] = self.m / (np.sqrt(self.largest) + self.eps)
        return 1.0


class Nadam(tg.Adam):
    def direction(self, g, out):
        super().direction(g, out)
        m_hat = self.beta1 * self.m / (1 - self.beta1 ** (self.t + 1))
        m_hat += (1 - self.beta1) * g / (1 - self.beta1**self.t)
        v_hat = self.v / (1 - self.beta2**self.t)
        out[...] = m_hat / (np.sqrt(v_hat) + self.eps)
        return 1.0


class Lion(Optimizer):
    divisible, moments = True, ("m",)

    def direction(self, g, out):
        out[...] = np.sign(0.9 * self.m + 0.1 * g)
        self.m += 0.01 * (g - self.m)
        return 1.0


class Lookahead(Wrapper):
    """Every fifth step goes half way from where the last five began."""

    moments = ("slow",)

    def prepare(self, theta):
        super().prepare(theta)
        if not hasattr(self, "slow"):
            self.slow = theta.copy()

    def bind(self, move):
        super().bind(move)
        self.slow = move(self.slow)

    def state(self):
        return super().state() | {"slow": self.slow}

    def load_state(self, state):
        super().load_state(state)
        self.slow[...] = state["slow"]

    def step(self, theta, g, signed_lr):
        self.prepare(theta)
        self.inner.step(theta, g, signed_lr)
        if self.t % 5 == 0:
            self.slow += 0.5 * (theta - self.slow)
            theta[...] = self.slow


class SignSGD(tg.SGD):
    def direction(self, g, out):
        np.sign(g, out=out)
        return 1.0


class Nesterov(tg.Momentum):
    def direction(self, g, out):
        self.m *= self.mu
        self.m += g
        out[...] = g + self.mu * self.m
        return 1.0


class Noisy(tg.SGD):
    """Gradient noise: Neelakantan et al. 2015; its generator is its own."""

    divisible = False

    def __init__(self, lr=0.1):
        super().__init__(lr)
        self.rng = np.random.default_rng(0)

    def direction(self, g, out):
        out[...] = g + self.rng.normal(0, 0.1 / self.t, g.shape)
        return 1.0


class NoisyByStep(Noisy):
    def direction(self, g, out):
        out[...] = g + np.random.default_rng(self.t).normal(0, 0.1, g.shape)
        return 1.0


class Thinned(Noisy):
    """Some numbers rest at each step."""

    def direction(self, g, out):
        out[...] = g * (self.rng.random(g.shape) < 0.9)
        return 1.0


class Warmup(tg.Adam):
    """lr rises in the first ten steps."""

    def direction(self, g, out):
        super().direction(g, out)
        return min(1.0, self.t / 10)


class VelocityWithRate(Optimizer):
    """v <- mu v + lr g, so that a new lr acts on new gradients alone."""

    divisible, moments = True, ("velocity",)

    def step(self, theta, g, signed_lr):
        self.prepare(theta)
        self.t += 1
        self.velocity *= 0.9
        self.velocity += signed_lr * g
        theta += self.velocity


class NormalisedGradient(Optimizer):
    """u = g / |g|, which is not divisible, and does not say so."""

    def direction(self, g, out):
        size = np.linalg.norm(g)
        out[...] = g / (size if size else 1)
        return 1.0


class OwnAdam(tg.Adam):
    """Adam by another formula."""

    def direction(self, g, out):
        self.m[...] = self.beta1 * self.m + (1 - self.beta1) * g
        self.v[...] = self.beta2 * self.v + (1 - self.beta2) * g**2
        a = np.sqrt(1 - self.beta2**self.t)
        out[...] = self.m / (np.sqrt(self.v) + self.eps * a)
        return a / (1 - self.beta1**self.t)


RIGHT = [
    AdamW(0.01),
    L2(0.1),
    AMSGrad(0.01),
    OldAMSGrad(0.01),
    Nadam(0.01),
    Lion(0.01),
    Lookahead(tg.Adam(0.01)),
    SignSGD(0.01),
    Nesterov(0.1),
    Noisy(),
    NoisyByStep(),
    Thinned(),
    Warmup(0.01),
    VelocityWithRate(0.1),
    NormalisedGradient(0.1),
    OwnAdam(0.01),
    tg.ClipWeights(tg.Adam(0.01), 0.3),
    tg.ClipNorm(Nesterov(0.1), 1.0),
]


@pytest.mark.parametrize("optimizer", RIGHT, ids=lambda v: type(v).__name__)
def test_right_rules_pass(optimizer):
    for seed, effort in ((0, "quick"), (1, "normal")):
        assert notes(optimizer, seed=seed, effort=effort) == {}


def test_a_rule_of_its_own_is_not_taken_for_its_parents():
    rows = {row.quantity: row for row in check_optimizer(AdamW(0.01))}
    assert "definition" not in rows
    note = "another rule than Adam's: only its contract was checked"
    assert rows["contract"].note == note
    rows = {row.quantity: row for row in check_optimizer(OwnAdam(0.01))}
    assert rows["definition"].ok and rows["contract"].note == ""
    rows = {row.quantity: row for row in check_optimizer(Noisy())}
    assert "it adds noise" in rows["contract"].note


# Faults


def adam(at=0, eps=True, root=True, square=np.square, inside=False, only_m=False):
    """A direction of Adam with something wrong."""

    def direction(self, g, out):
        self.m[...] = self.beta1 * self.m + (1 - self.beta1) * g
        self.v[...] = self.beta2 * self.v + (1 - self.beta2) * square(g)
        t = self.t + at
        m_hat = self.m / (1 - self.beta1**t)
        v_hat = self.v if only_m else self.v / (1 - self.beta2**t)
        e = self.eps if eps else 0.0
        if inside:
            out[...] = m_hat / np.sqrt(v_hat + e)
        else:
            out[...] = m_hat / ((np.sqrt(v_hat) if root else v_hat) + e)
        return 1.0

    return direction


def planted(base, **members):
    """A class of a user's that extends `base`."""
    return type("Bad", (base,), {"__module__": __name__, **members})


def no_decay(self, g, out):
    self.m += (1 - self.beta1) * g
    self.v[...] = self.beta2 * self.v + (1 - self.beta2) * g * g
    m_hat, v_hat = self.m / (1 - self.beta1**self.t), self.v / (1 - self.beta2**self.t)
    out[...] = m_hat / (np.sqrt(v_hat) + self.eps)
    return 1.0


def exchanged(self, g, out):
    a, b = self.beta2, self.beta1
    self.m[...] = a * self.m + (1 - a) * g
    self.v[...] = b * self.v + (1 - b) * g * g
    m_hat, v_hat = self.m / (1 - a**self.t), self.v / (1 - b**self.t)
    out[...] = m_hat / (np.sqrt(v_hat) + self.eps)
    return 1.0


def rms_without_eps(self, g, out):
    self.v[...] = self.rho * self.v + (1 - self.rho) * g * g
    out[...] = g / np.sqrt(self.v)
    return 1.0


def no_moment(self, g, out):
    out[...] = g
    return 1.0


def always_clipped(self, g):
    self._g[...] = g * (self.limit / np.linalg.norm(g))
    return self._g


def first_block(self, g, out):
    out[...] = 0
    out[:32768] = g[:32768]
    return 1.0


def last_block_only(self, g, out):
    start = len(g) // 65536 * 65536
    out[...] = 0
    out[start:] = g[start:]
    return 1.0


def scaled_by_the_norm(self, g, out):
    out[...] = g / (np.linalg.norm(g) + 1e-12)
    return 1.0


def half(self, g, out):
    out[...] = g.astype("float16") if g.dtype == np.float32 else g
    return 1.0


def later_than_15(self, g, out):
    self.n = getattr(self, "n", 0) + 1
    out[...] = g if self.n <= 15 else g / 2
    return 1.0


SHARED: dict = {}


def of_the_class(self, g, out):
    m = SHARED.setdefault("m", np.zeros(70_001))
    if self.t == 1:
        m[: len(g)] = 0
    m[: len(g)] = 0.9 * m[: len(g)] + g
    out[...] = m[: len(g)]
    return 1.0


def from_the_global_generator(self, g, out):
    out[...] = g * np.random.uniform(0.9, 1.1)
    return 1.0


def only_contiguous(self, g, out):
    out[...] = g if g.flags.c_contiguous else g[::-1]
    return 1.0


def fixed(self, theta, g, signed_lr):
    self.first = getattr(self, "first", self.lr)
    tg.SGD.step(self, theta, g, self.first if signed_lr > 0 else -self.first)


def uncounted(self, theta, g, signed_lr):
    theta += signed_lr * g


def clamps(self, g, out):
    g[...] = np.clip(g, -1, 1)
    out[...] = g
    return 1.0


def power(self, g, out):
    out[...] = g + g**3
    return 1.0


ADAM, SGD = tg.Adam, tg.SGD
FAULTS = [
    (ADAM, {"direction": adam(at=1)}, "definition", "t one too large"),
    (ADAM, {"direction": adam(at=-1)}, "definition", "t one too small"),
    (ADAM, {"direction": adam(eps=False)}, "definition", "eps forgotten"),
    (ADAM, {"direction": adam(eps=False)}, "contract", "is eps forgotten?"),
    (ADAM, {"direction": adam(inside=True)}, "definition", "eps inside the root"),
    (ADAM, {"direction": adam(root=False)}, "definition", "no root"),
    (ADAM, {"direction": adam(square=np.abs)}, "definition", "|g| in place of g^2"),
    (ADAM, {"direction": adam(only_m=True)}, "definition", "bias correction of v"),
    (ADAM, {"direction": adam(at=1, eps=False)}, "definition", "and eps forgotten"),
    (ADAM, {"direction": no_decay}, "definition", "an m that is not decayed"),
    (ADAM, {"direction": exchanged}, "definition", "beta1 and beta2 exchanged"),
    (tg.RMSProp, {"direction": rms_without_eps}, "definition", "eps forgotten"),
    (tg.Momentum, {"direction": no_moment}, "definition", "no moment at all"),
    (SGD, {"direction": first_block}, "definition", "from number 32768 on"),
    (Optimizer, {"direction": first_block}, "contract", "number 32768 does not"),
    (Optimizer, {"direction": last_block_only}, "contract", "of 70001 numbers moves"),
    (SGD, {"direction": scaled_by_the_norm}, "contract", "as divisible says"),
    (SGD, {"direction": half}, "contract", "float32 agrees with float64"),
    (SGD, {"direction": later_than_15}, "resume", "goes another way from step 16 on"),
    (Optimizer, {"direction": of_the_class}, "contract", "optimizers share nothing"),
    (SGD, {"direction": from_the_global_generator}, "contract", "global generator"),
    (SGD, {"direction": only_contiguous}, "contract", "a reversed g gives"),
    (SGD, {"step": fixed}, "contract", "changing lr acts at once"),
    (SGD, {"step": uncounted}, "contract", "t counts steps: after 1 steps it is 0"),
    (SGD, {"direction": clamps}, "contract", "g is only read"),
    (Optimizer, {"direction": power}, "contract", "a gradient of 1e15"),
    (SGD, {"_step": fixed}, "contract", "Bad._step is never called: the method is"),
    (SGD, {"directions": half}, "contract", "the method is `direction`"),
]


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("base, members, quantity, words", FAULTS)
def test_faults_are_found(base, members, quantity, words, seed):
    bad = planted(base, **members)(0.1)
    found = notes(bad, seed=seed)
    assert words in found.get(quantity, ""), found


def test_a_wrong_clip():
    bad = planted(tg.ClipNorm, clipped=always_clipped)(tg.SGD(0.1), 1.0)
    found = notes(bad)
    assert "the norm set to the limit, also where it is less" in found["definition"]


@pytest.mark.parametrize("effort", ["quick", "thorough"])
def test_every_effort_finds_a_planted_fault_and_passes_the_rule_itself(effort):
    assert notes(planted(ADAM, direction=adam(at=1))(0.1), effort=effort)
    assert not notes(tg.Adam(0.1), effort=effort)


def test_the_line_of_a_failure_repeats_it():
    bad = planted(ADAM, direction=adam(at=1))(0.1)
    row = next(row for row in check_optimizer(bad, seed=3) if not row.ok)
    assert row.line == "check_optimizer(Bad(0.1), steps=40, seed=3)"
    again = eval(row.line, {"check_optimizer": check_optimizer, "Bad": type(bad)})
    assert next(r.error for r in again if not r.ok) == row.error


def test_the_global_generator_is_put_back():
    np.random.seed(5)
    expected = np.random.RandomState(5).random(3)
    check_optimizer(tg.SGD(0.1), effort="quick")
    assert np.array_equal(np.random.random(3), expected)
