"""The results of `tinygan evaluate`: measurements, as a table and as JSON."""

import json
import math
from typing import NamedTuple

from ..errors import InputError
from ..files import write_atomically

MEASURES = {  # name: (which values are better, what the measure says)
    "modes": ("higher", "modes with a sample"),
    "high quality": ("higher", "share of samples within 3 std of a mode"),
    "reverse KL": ("lower", "how unevenly the modes are filled, in nats"),
    "mode KL": ("lower", "how unevenly the triples are filled, in nats"),
    "sliced Wasserstein": ("lower", "how far mass must move, in data units"),
    "patches": ("lower", "sliced Wasserstein of 7x7 patches, x 1000"),
    "MMD^2": ("lower", "distance of the mean features, 0 but for noise"),
    "1-NN accuracy": ("0.5", "1: they can be told apart"),
    "precision": ("higher", "generated samples that lie among the real"),
    "recall": ("higher", "real samples that lie among the generated"),
    "confidence": ("higher", "how sure a classifier is of its answers"),
    "classes": ("higher", "how many classes it finds"),
    "class KL": ("lower", "class frequencies against the data's, in nats"),
    "as asked": ("higher", "share in which a classifier finds what was asked for"),
    "variety": ("higher", "how far apart two samples of one condition are"),
    "in tune": ("higher", "share whose pitch is within 2 % of what was asked for"),
    "bands, Frechet": ("lower", "level of each band and its deviation, x 1000"),
    "bands, sliced": ("lower", "sliced Wasserstein of the same, x 1000"),
    "stride tones": ("lower", "decibels by which such tones and overtones stand out"),
    "copies": ("lower", "share nearer to a real sound than 99 % of these are"),
    "n-grams": ("lower", "divergence from those of held-out lines, in bits"),
    "known lines": ("lower", "share that stands in the training set"),
    "memorised": ("lower", "known lines beyond what held-out lines explain"),
    "distinct lines": ("higher", "share of lines that differ from all others"),
    "log-likelihood": ("higher", "of data that training never saw, in nats"),
    "bits": ("lower", "the same for each number of a sample, in bits"),
    "Parzen likelihood": ("higher", "nats, easily gamed"),
}


class Measurement(NamedTuple):
    """The value of a measure, and its ceiling: the value that real samples have."""

    name: str
    value: float
    ceiling: float
    better: str  # "higher", "lower", or the number to come near to
    says: str


def measurement(name, value, ceiling, more: str = "", where: str = "") -> Measurement:
    """A measurement of one of MEASURES. `where` is added to its name, and `more` to
    what it says.
    """
    better, says = MEASURES[name]
    return Measurement(name + where, value, ceiling, better, says + more)


def table(rows: list[Measurement]) -> list[str]:
    """The measurements as lines of text."""
    head = ("measure", "value", "ceiling", "better", "what it says")
    cells = [head, *((r.name, *map(_short, r[1:3]), *r[3:]) for r in rows)]
    width = [max(len(line[k]) for line in cells) for k in range(4)]
    return [
        f"{name:<{width[0]}}  {value:>{width[1]}}  {ceiling:>{width[2]}}  "
        f"{better:<{width[3]}}  {says}"
        for name, value, ceiling, better, says in cells
    ]


def _short(value: float) -> str:
    """The number, with only the digits that tell something; "-" if there is none."""
    if isinstance(value, float) and math.isnan(value):
        return "-"
    if isinstance(value, int) or value == 0:
        return f"{value:d}" if isinstance(value, int) else "0"
    if abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.4f}"


def write(out, about: dict, rows: list[Measurement]) -> None:
    """Write `about` and the rows as JSON; InputError if `out` cannot be written."""
    measures = [{k: _finite(v) for k, v in row._asdict().items()} for row in rows]
    text = json.dumps({**about, "measures": measures}, indent=1) + "\n"
    try:
        write_atomically(out, lambda file: file.write(text.encode()))
    except OSError as e:
        raise InputError(f"--out {out}: cannot be written ({e.strerror or e})") from e


def _finite(value):
    """The value, or None (null in JSON) for NaN and infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
