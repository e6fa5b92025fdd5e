"""The health of a run, read from its log: what is wrong is told once, in a sentence.

`Health` sees the rows of metrics.jsonl one by one, and nothing else: it asks the device
for nothing, and it draws no random number. So the same rows give the same findings, in
training and in a report afterwards. The thresholds come from the sick runs of chapter
18 of the book, which has a table of their numbers.
"""

import statistics
from typing import NamedTuple

from .signs import Series, finite_number, swings

LASTING = 200  # steps, and ROWS rows: what is shorter is no finding
ROWS, MEASURED = 10, 5  # rows; rows with measures of samples

WEAK = 0.15  # the share of its gradient that G gets in a game that saturates
SURE = 0.99  # of the way from a D that cannot tell to the best V; healthy: up to 0.96
STALLED = 0.95  # of the distance before: what is nearer is progress
FOOLED = -0.5  # as SURE: on the other side of a D that cannot tell
STILL = 0.01  # of the distance to the data, or of the likelihood
ALIKE = 0.25  # of the number of distinct real samples
RISING = 1.1  # times their median: the samples are still becoming different
LOST, EARLY = 0.25, 2000  # of the modes; steps in which few modes are no wonder
NO_CODE = 0.05  # nats of KL in a VAE; healthy: 3 or more
BEATS, LOW, HIGH, SHARE = 5, -0.04, 0.02, 0.2  # swings of V, see `signs.swings`
FAR = 100.0  # times the first values of V, or the first norm of the weights


class Finding(NamedTuple):
    """What is wrong: its kind, the step at which it was seen, the number that shows it,
    and the two parts of a sentence.
    """

    kind: str
    step: int
    value: float
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
            wrong = None if kind in known else find(self)
            if wrong is not None:
                new.append(Finding(kind, self.series.step, *wrong, advice))
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

    def advantage(self, V: float | None) -> float | None:
        """How far V is from that of a D that cannot tell, 0, to the best one, 1."""
        flat, best = self.fact("flat", "V"), self.fact("best")
        if V is None or flat is None or best is None or best <= flat:
            return None
        return (V - flat) / (best - flat)

    def lasting(self, name: str) -> float | None:
        """The mean of the values of the last steps, None if there are too few."""
        values = self.series.last(name, LASTING, ROWS)
        return statistics.fmean(values) if values else None


# Each rule returns None, or the number that shows what is wrong and words for it.

Wrong = tuple[float, str] | None


def too_strong(health: Health) -> Wrong:
    """D is so sure that G gets no gradient, or nothing is left for D to learn."""
    belief, V = health.lasting("D_Gz"), health.lasting("V")
    if belief is None or V is None or not _stalled(health.series):
        return None
    if health.facts.get("saturates") is True and belief < WEAK:
        return belief, (
            f"D is too strong: D(G(z)) is {belief:.2f}, and in this game G gets no "
            "larger share of its gradient"
        )
    advantage = health.advantage(V)
    if advantage is None or advantage <= SURE:
        return None
    return advantage, (
        f"D is too strong: V is {V:.3g}, {advantage:.1%} of the way from a D that "
        "cannot tell to one that is always right"
    )


def _stalled(series: Series) -> bool:
    """True if the samples came no nearer to the data in the last steps, or if nobody
    measures that.
    """
    distances, start = series.measured("sliced_wasserstein"), series.step - LASTING
    before = [value for step, value in distances if step <= start]
    since = [value for step, value in distances if step > start]
    if not distances:
        return True
    return bool(before and since) and min(since) > STALLED * min(before)


def fooled(health: Health) -> Wrong:
    """D is wrong and sure of it."""
    V, flat = health.lasting("V"), health.fact("flat", "V")
    advantage = health.advantage(V)
    if advantage is None or advantage > FOOLED:
        return None
    return advantage, (
        f"D is fooled: V is {V:.3g}, far below the {flat:.3g} of a D that cannot tell"
    )


def still(health: Health) -> Wrong:
    """Nothing changes: the samples of a GAN stay where they were, or the likelihood."""
    series = health.series
    if "V" in series.values:
        name, least, what = "sliced_wasserstein", MEASURED, "the distance to the data"
    else:
        name, least, what = "log_p", ROWS, "the likelihood"
    pairs = series.measured(name)
    if len(pairs) < least or series.step - pairs[0][0] < LASTING:
        return None
    values = [value for _, value in pairs]
    low, high = min(values), max(values)
    change = (high - low) / (max(abs(low), abs(high)) or 1.0)
    if change > STILL:
        return None
    return change, (
        f"nothing learns: {what} has been {values[-1]:.4g} since step {pairs[0][0]}, "
        f"within {STILL:.0%}"
    )


def alike(health: Health) -> Wrong:
    """The samples of a GAN are alike, though their z differ; or the code of a VAE says
    nothing.
    """
    names, KL = ("distinct", "distinct_real"), health.lasting("KL")
    recent = [health.series.last(name, LASTING, MEASURED) for name in names]
    if "V" in health.series.values and all(recent):
        found, real = map(statistics.median, recent)
        rising = recent[0][-1] > RISING * found  # G has only begun to learn
        if found < ALIKE * real and not rising:
            return found / real, (
                f"the samples collapse: 256 of them are worth {found:.1f} distinct "
                f"ones, and 256 real samples {real:.1f}"
            )
    if KL is not None and KL < NO_CODE:
        return KL, f"the code collapses: the KL is {KL:.2g} nats, so z tells nothing"
    return None


def lost(health: Health) -> Wrong:
    """Modes that were found are lost again, or half of them are never found."""
    K, modes = health.fact("modes"), health.series.values.get("modes", [])
    n = len(health.series.last("modes", LASTING, MEASURED))
    if K is None or K < 4 or n == 0:
        return None
    medians = [statistics.median(modes[i - n : i]) for i in range(n, len(modes) + 1)]
    peak, now = max(medians), medians[-1]
    if peak - now >= max(2, LOST * K):
        return now, f"modes are lost: {now:g} of {K:g} have samples; {peak:g} had some"
    if health.series.step >= EARLY and len(modes) >= 4 * MEASURED and now <= K / 2:
        return now, f"modes are missing: {now:g} of {K:g} have samples"
    return None


def oscillates(health: Health) -> Wrong:
    """V swings round the value of a D that cannot tell."""
    series, flat = health.series, health.fact("flat", "V")
    values = series.values.get("V", [])
    n = len(values)
    if n < 2 * ROWS or series.step < LASTING or n % max(1, n // 20):
        return None  # a long log is looked at now and then
    half = values[n // 2 :]
    shares = [share for V in half if (share := health.advantage(V)) is not None]
    times = swings(shares, LOW, HIGH, SHARE) if shares else 0
    if times < BEATS:
        return None
    since = series.measured("V")[n // 2][0]
    return times, (
        f"the game oscillates: V went below the {flat:.3g} of a D that cannot tell "
        f"{times} times since step {since}, between {min(half):.3g} and {max(half):.3g}"
    )


def runs_away(health: Health) -> Wrong:
    """A value or the weights grow beyond all bounds."""
    values, norms = health.series.values, health.facts.get("norms")
    for name, label in (("V", "V"), ("P", "the penalty"), ("log_p", "log p")):
        now, first = values.get(name, [0.0])[-1], values.get(name, [])[:ROWS]
        times = abs(now) / (1 + max(map(abs, first), default=0.0))
        if times > FAR:
            return times, (
                f"{label} runs away: it is {now:.3g}, {times:,.0f} times as large as "
                "in the first rows"
            )
    for name in norms if isinstance(norms, dict) else ():
        start, norm = health.fact("norms", name), health.series.latest(f"norm_{name}")
        if start and norm is not None and norm > FAR * start:
            return norm / start, (
                f"the weights of {name} run away: their norm is {norm:.3g}, and was "
                f"{start:.3g} at the start"
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
        "does theta change in a turn? try a higher learning rate, and `tinygan check` "
        "on the recipe",
    ),
    "collapse": (
        alike,
        "try a wider latent, a lower learning rate for G, Pack(2), or a penalty on D",
    ),
    "modes": (
        lost,
        "try rates that fall (decay), a wider latent, Pack(2), or a penalty on D",
    ),
    "oscillation": (
        oscillates,
        "try R1, a lower beta1, rates that fall (decay), or an average of G (ema)",
    ),
    "runaway": (
        runs_away,
        "try a lower learning rate, ClipNorm, or a penalty on D",
    ),
}


def findings(rows: list[dict], facts: dict | None = None) -> list[Finding]:
    """All findings in the rows of a log."""
    health = Health(facts)
    for row in rows:
        health.see(row)
    return health.findings
