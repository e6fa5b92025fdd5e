"""The health of a run, read from its log: what is wrong is told once, in a sentence.

`Health` sees the rows of metrics.jsonl one by one, and nothing else: it asks the device
for nothing, and it draws no random number. So the same rows give the same findings, in
training and in a report afterwards. Chapter 18 of the book derives the thresholds from
sick runs; their numbers stand beside the thresholds.
"""

import statistics
from typing import NamedTuple

from .signs import Series, finite_number, swings

LASTING = 200  # steps, and ROWS rows: what is shorter is no finding
ROWS, MEASURED = 10, 5  # rows; rows with measures of samples

WEAK = 0.15  # of its gradient is left to G: 0.13 where D is too strong, at step 580
SURE = 0.99  # of the way from a D that cannot tell to the best V; healthy: 0.96
FOOLED = -0.5  # the same; -1.0 at once and -8.6 in the end where D is not trained
STALLED = 0.95  # of the distance before: nearer is progress; 0.99 where D is too strong
STILL = 0.01  # of the distance, or of the likelihood: 0.000 where G is not trained
ALIKE = 0.25  # of the distinct real samples; a collapsed G has 0.13, a healthy 0.6
LOST = 0.25  # of the modes
EARLY = 2000  # steps: before, it is no wonder if many modes are not found yet
NO_CODE = 0.05  # nats of KL: the code of a VAE says nothing; healthy: 3 or more
BEATS, LOW, HIGH, SHARE = 5, -0.04, 0.02, 0.2  # swings of V; see `signs.swings`
FAR = (
    100.0  # times V at the start, or times the norm: 650 in the last turns of a critic
)


class Finding(NamedTuple):
    """What is wrong: its kind, the step at which it was seen, and a sentence."""

    kind: str
    step: int
    what: str
    advice: str

    @property
    def sentence(self) -> str:
        """One sentence: the step, the number that shows it, and what to try."""
        return f"step {self.step}: {self.what}; {self.advice}"


class Health:
    """Watches the rows of a log. `facts` are those of the game (game.py), or None: what
    a D that cannot tell would show, how many modes there are, the first norms.
    """

    def __init__(self, facts: dict | None = None):
        self.facts = facts if isinstance(facts, dict) else {}
        self.findings: list[Finding] = []
        self.series = Series()

    def see(self, row: dict) -> list[Finding]:
        """The findings that this row brings. A kind that was told is not told again."""
        self.series = self.series.after(row)
        known, new = {finding.kind for finding in self.findings}, []
        for kind, (find, advice) in RULES.items():
            what = None if kind in known else find(self)
            if what:
                new.append(Finding(kind, self.series.step, what, advice))
        self.findings += new
        return new

    # What the facts say. They may come from a damaged file.

    def fact(self, *names: str) -> float | None:
        """The number with this name, in the tables of these names; None if there is
        none.
        """
        found: object = self.facts
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return finite_number(found)

    def advantage(self, V: float) -> float | None:
        """How far V is from that of a D that cannot tell, 0, to the best one, 1."""
        flat, best = self.fact("flat", "V"), self.fact("best")
        if flat is None or best is None or best <= flat:
            return None
        return (V - flat) / (best - flat)

    def lasting(self, name: str) -> float | None:
        """The mean of the values of the last steps, None if there are too few."""
        values = self.series.last(name, LASTING, ROWS)
        return statistics.fmean(values) if values else None


# Each rule says what is wrong, or None.


def too_strong(health: Health) -> str | None:
    """D is so sure that G gets no gradient, or nothing is left for D to learn."""
    belief, V = health.lasting("D_Gz"), health.lasting("V")
    if belief is None or V is None or not _stalled(health):
        return None
    if health.facts.get("saturates") is True and belief < WEAK:
        return (
            f"D is too strong: D(G(z)) is {belief:.2f}, and in this game G gets no "
            "larger share of its gradient"
        )
    advantage = health.advantage(V)
    if advantage is not None and advantage > SURE:
        return (
            f"D is too strong: V is {V:.3g}, {advantage:.1%} of the way from a D that "
            "cannot tell to one that is always right"
        )
    return None


def _stalled(health: Health) -> bool:
    """True unless the samples came nearer to the data in the last steps."""
    distances = health.series.measured("sliced_wasserstein")
    start = health.series.step - LASTING
    before = [value for step, value in distances if step <= start]
    since = [value for step, value in distances if step > start]
    return not (before and since) or min(since) > STALLED * min(before)


def fooled(health: Health) -> str | None:
    """D is wrong and sure of it."""
    V = health.lasting("V")
    advantage = None if V is None else health.advantage(V)
    if V is None or advantage is None or advantage > FOOLED:
        return None
    flat = health.fact("flat", "V")
    return (
        f"D is fooled: V is {V:.3g}, far below the {flat:.3g} of a D that cannot tell"
    )


def still(health: Health) -> str | None:
    """Nothing changes: the samples of a GAN stay where they were, or the likelihood."""
    series = health.series
    distances = series.measured("sliced_wasserstein")
    if "V" in series.values and len(distances) >= MEASURED:
        values, what = (
            [value for _, value in distances],
            "the samples' distance to data",
        )
        first = distances[0][0]
    else:
        values = series.values.get("ELBO") or series.values.get("log_p") or []
        first, what = series.steps[0], "the likelihood"
        if len(values) < ROWS:
            return None
    low, high = min(values), max(values)
    if series.step - first < LASTING or high - low > STILL * max(abs(low), abs(high)):
        return None
    return (
        f"nothing learns: {what} has been {values[-1]:.4g} since step {first}, within "
        f"{STILL:.0%}"
    )


def alike(health: Health) -> str | None:
    """The samples collapse: they are alike, though their z differ."""
    found, top = (
        statistics.median(health.series.last(name, LASTING, MEASURED) or [0.0])
        for name in ("distinct", "distinct_real")
    )
    if 0 < found < ALIKE * top:
        return (
            f"the samples collapse: 256 of them are worth {found:.1f} distinct ones, "
            f"and 256 real samples {top:.1f}"
        )
    KL = health.lasting("KL")
    if KL is not None and KL < NO_CODE:
        return f"the code collapses: the KL is {KL:.2g} nats, so z says nothing of x"
    return None


def lost(health: Health) -> str | None:
    """Modes that were found are lost again, or half of them are never found."""
    K, modes = health.fact("modes"), health.series.values.get("modes", [])
    n = len(health.series.last("modes", LASTING, MEASURED))
    if K is None or K < 4 or n == 0:
        return None
    medians = [statistics.median(modes[i - n : i]) for i in range(n, len(modes) + 1)]
    peak, now = max(medians), medians[-1]
    if peak - now >= max(2, LOST * K):
        return f"modes are lost: {now:g} of {K:g} have samples, and {peak:g} had some"
    late = health.series.step >= EARLY and len(modes) >= 4 * MEASURED
    if late and now <= K / 2:
        return f"modes are missing: {now:g} of {K:g} have samples"
    return None


def oscillates(health: Health) -> str | None:
    """V swings round the value of a D that cannot tell."""
    flat, values = health.fact("flat", "V"), health.series.values.get("V", [])
    n = len(values)
    if flat is None or n < 2 * ROWS or n % max(1, n // 20):
        return None  # a long log is looked at now and then
    half = values[n // 2 :]
    beats = [a for V in half if (a := health.advantage(V)) is not None]
    if len(beats) < len(half) or health.series.steps[-1] < LASTING:
        return None
    times = swings(beats, LOW, HIGH, SHARE)
    if times < BEATS:
        return None
    since = health.series.steps[n // 2]
    return (
        f"the game oscillates: V went below the {flat:.3g} of a D that cannot tell and "
        f"back {times} times since step {since}, between {min(half):.3g} and "
        f"{max(half):.3g}"
    )


def runs_away(health: Health) -> str | None:
    """A value or the weights grow beyond all bounds."""
    for name, label in (("V", "|V|"), ("P", "the penalty"), ("ELBO", "|ELBO|")):
        values = health.series.values.get(name, [])
        if len(values) > ROWS:
            top = max(map(abs, values[:ROWS]))
            if abs(values[-1]) > FAR * (1 + top):
                times = abs(values[-1]) / (1 + top)
                return (
                    f"{label} runs away: it is {abs(values[-1]):.3g}, {times:,.0f} "
                    "times as large as in the first rows"
                )
    norms = health.facts.get("norms")
    for name in norms if isinstance(norms, dict) else ():
        first, now = health.fact("norms", name), health.series.latest(f"norm_{name}")
        if first and now is not None and now > FAR * first:
            return (
                f"the weights of {name} run away: their norm is {now:.3g}, and was "
                f"{first:.3g} at the start"
            )
    return None


RULES = {  # kind: (the rule, what to try)
    "too strong": (
        too_strong,
        "try NonSaturating(), a lower learning rate for D, or R1",
    ),
    "fooled": (
        fooled,
        "does D learn? try a higher learning rate for D, k > 1, or a lower one for G",
    ),
    "still": (
        still,
        "does theta change in a turn? try a higher learning rate, and "
        "`tinygan check` on the recipe",
    ),
    "collapse": (
        alike,
        "try a wider latent, a lower learning rate for G, Pack(2), or a gradient "
        "penalty",
    ),
    "modes": (
        lost,
        "try rates that fall (decay), a wider latent, Pack(2), or a gradient penalty",
    ),
    "oscillation": (
        oscillates,
        "try R1, a lower beta1, rates that fall (decay), or an average of G (ema)",
    ),
    "runaway": (
        runs_away,
        "try a lower learning rate, ClipNorm, or a gradient penalty",
    ),
}


def findings(rows: list[dict], facts: dict | None = None) -> list[Finding]:
    """All findings in the rows of a log."""
    health = Health(facts)
    for row in rows:
        health.see(row)
    return health.findings
