"""What the curves of a report mean: sentences beside each panel."""

import math

from ..signs import Series, finite_number
from .panels import Panel
from .reading import Told

SCORES = "Wasserstein", "Hinge", "LeastSquares"  # their D(x) is no belief


def meanings(panel: Panel, told: Told, series: Series) -> list[str]:
    """Sentences beside a panel: what its values are, and what the last ones say. [] for
    a run without such values.
    """
    names = panel.names.keys() & series.values.keys()
    says = next((f for name, f in SAYS.items() if name in names), None)
    return [] if says is None else says(told, series)


def number(value: float) -> str:
    """The number with three digits that count."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.3g}"


def _value(told: Told, series: Series) -> list[str]:
    V, flat, facts = series.latest("V"), told.flat.get("V"), told.facts
    said = ["D ascends V, and G descends J. In a game neither is a distance to a goal."]
    if flat is None or V is None:
        return said
    if "best" not in facts and str(facts.get("objective")).startswith("Wasserstein"):
        return [
            "V is the critic's estimate of the distance W1 between samples and data, "
            "from below if the critic's slopes are at most 1. It falls as samples "
            f"improve, and is {number(V)} at the end. J alone says nothing, because "
            "the critic is free up to a constant."
        ]
    log4 = ", which is -log 4" if math.isclose(flat, -math.log(4)) else ""
    said.append(
        f"Dotted: the values of a D that cannot tell samples from data. Its V is "
        f"{flat:.4g}{log4}. At the end V is {V:.4g}."
    )
    if facts.get("jsd") is True:
        said.append(_divergence((V + math.log(4)) / 2))
    return said


def _divergence(bound: float) -> str:
    """What a bound below the Jensen-Shannon divergence says."""
    if bound < -0.1:
        return "That is less than by saying nothing: D is wrong, and sure of it."
    if bound <= 0:
        return (
            "That is no more, so this D proves no difference between samples and "
            "data: either there is little, or D does not find it."
        )
    return (
        "So the Jensen-Shannon divergence of samples and data is at least (V + log "
        f"4)/2 = {bound:.2f} nats, of at most log 2 = 0.69."
    )


def _beliefs(told: Told, series: Series) -> list[str]:
    x, fake = series.latest("D_x"), series.latest("D_Gz")
    if x is None or fake is None:
        return []
    scores = str(told.facts.get("objective")).startswith(SCORES)
    if 0 <= x <= 1 and 0 <= fake <= 1 and not scores:
        return [
            "The mean belief that real and that generated samples are real. A D that "
            "cannot tell says 1/2 to both, and a good D has mirror images about 1/2.",
            f"At the end the gap is {x - fake:.2f}: the wider, the better D tells the "
            f"batches apart. The sum is {x + fake:.2f}: near 1 D keeps up with G, "
            "above it D believes too much.",
        ]
    return [
        "The mean scores of real and of generated samples. A critic that cannot tell "
        f"gives both the same. At the end they differ by {number(x - fake)}."
    ]


def _penalty(told: Told, series: Series) -> list[str]:
    return ["D pays this penalty, which keeps its slopes small. It is not part of V."]


def _bound(told: Told, series: Series) -> list[str]:
    ELBO, held = series.latest("ELBO"), series.latest("held_out")
    said = [
        "The ELBO is a bound below log p(x), in nats for each sample: how likely the "
        "data are at least. It is log p(x|z), how well images come back from their "
        "code, less the KL, what the code costs."
    ]
    return said + _held(ELBO, held)


def _likelihood(told: Told, series: Series) -> list[str]:
    said = [
        "log p(x) in nats for each sample: how likely the data are. Higher is better."
    ]
    return said + _held(series.latest("log_p"), series.latest("held_out"))


def _held(value: float | None, held: float | None) -> list[str]:
    if value is None or held is None:
        return []
    return [
        f"At the end it is {number(value)} for the data of training and {number(held)} "
        "for data that no step saw. A gap that grows means learning by heart."
    ]


def _code(told: Told, series: Series) -> list[str]:
    return [
        "The KL from q(z|x) to p(z): how many nats the code tells of x. At 0 the "
        "decoder ignores z."
    ]


def _distance(told: Told, series: Series) -> list[str]:
    values = series.values["sliced_wasserstein"]
    best = min(series.measured("sliced_wasserstein"), key=lambda pair: pair[1])
    return [
        "How far the samples are from as many real ones, by the sliced Wasserstein "
        "distance. This curve shows progress, unlike V and J; it does not reach 0.",
        f"It was {number(values[0])} at first and is {number(values[-1])} at the end; "
        f"the least was {number(best[1])} at step {best[0]:,}.",
    ]


def _modes(told: Told, series: Series) -> list[str]:
    K, now = finite_number(told.facts.get("modes")), series.latest("modes")
    of = "" if K is None else f" of {K:g}"
    return [f"How many modes of the data have a sample: {now:g}{of} at the end."]


def _quality(told: Told, series: Series) -> list[str]:
    return ["The share of samples within 3 standard deviations of a mode. Of real "
            "samples in the plane it is 0.989."]  # fmt: skip


def _even(told: Told, series: Series) -> list[str]:
    return ["How unevenly the modes are filled, in nats: 0 if all alike."]


def _ngrams(told: Told, series: Series) -> list[str]:
    return ["The divergence of the frequencies of characters and pairs from those of "
            "the data, in bits."]  # fmt: skip


def _distinct(told: Told, series: Series) -> list[str]:
    values = [series.latest(name) for name in ("distinct", "distinct_real")]
    now = " of ".join(number(value) for value in values if value is not None)
    return [
        "How many distinct samples 256 are worth, beside 256 real ones. Near 1 the "
        f"generator has collapsed. At the end: {now}."
    ]


def _norms(told: Told, series: Series) -> list[str]:
    return ["The Euclidean norm of each network's weights. It should change slowly."]


def _growth(told: Told, series: Series) -> list[str]:
    places = (series.latest(name) for name in ("pixels", "alpha"))
    pixels, alpha = (0.0 if value is None else value for value in places)
    return [
        "The networks grow level by level. alpha is how much a new level counts while "
        f"it fades in (grey). At the end: {pixels:g}x{pixels:g} pixels, alpha "
        f"{alpha:.2f}."
    ]


SAYS = {
    "V": _value,
    "D_x": _beliefs,
    "P": _penalty,
    "ELBO": _bound,
    "log_p": _likelihood,
    "KL": _code,
    "sliced_wasserstein": _distance,
    "modes": _modes,
    "high_quality": _quality,
    "reverse_kl": _even,
    "ngrams_1": _ngrams,
    "distinct": _distinct,
    "norm_G": _norms,
    "norm_D": _norms,
    "norm_E": _norms,
    "norm_M": _norms,
    "alpha": _growth,
}
