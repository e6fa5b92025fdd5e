"""Which curves a report shows: a panel for each group of values.

The panels of a game's own values come from its facts (game.py). A run of an earlier
version has no facts: its panels are known by the names in its log.
"""

from typing import NamedTuple

from ..signs import Series, finite_number
from .curves import Curve
from .reading import Told

GAN = (
    {"V": "V(D, G), D ascends", "J": "J(G), G descends"},
    {"D_x": "D(x)", "D_Gz": "D(G(z))"},
    {"P": "P, D pays"},
)
MEASURES = {  # {name: label} of a panel, and its title
    "The distance to the data": {"sliced_wasserstein": "sliced Wasserstein distance"},
    "Modes": {"modes": "modes with a sample"},
    "High quality": {"high_quality": "share near a mode"},
    "Evenness": {"reverse_kl": "reverse KL, nats"},
    "n-grams": {"ngrams_1": "single characters", "ngrams_2": "pairs"},
    "Distinct samples": {"distinct": "generated", "distinct_real": "real"},
    "Norms of the weights": {
        f"norm_{name}": f"|theta_{name}|" for name in ("G", "D", "E", "M")
    },
    "Growth": {"alpha": "alpha"},
}


class Panel(NamedTuple):
    """Curves that share a frame: {name in the log: label}."""

    title: str
    names: dict[str, str]

    def curves(self, series: Series) -> list[Curve]:
        """The curves of a run in this panel."""
        shown = enumerate(self.names.items())
        found = (Curve(label, series.measured(k), i % 4) for i, (k, label) in shown)
        return [curve for curve in found if curve.points]

    def levels(self, told: Told) -> list[float]:
        """The values of a D that cannot tell, and other values to compare with."""
        values = [told.flat.get(name) for name in self.names]
        if "modes" in self.names:
            values.append(finite_number(told.facts.get("modes")))
        return sorted({value for value in values if value is not None})

    def extent(self, every: list[list[Curve]]) -> set[float]:
        """Values that the frame shows in any case: 0 for a distance or a number, 0 and
        1 for shares.
        """
        values = [y for some in every for curve in some for _, y in curve.points]
        shares = {"D_x", "high_quality", "alpha"} & self.names.keys()
        if shares and values and 0 <= min(values) <= max(values) <= 1:
            return {0.0, 1.0}
        zero = {"sliced_wasserstein", "modes", "distinct", "reverse_kl", "KL"}
        return {0.0} if zero & self.names.keys() else set()


def series_of(rows: list[dict]) -> Series:
    """All values of a log, whatever level they are of."""
    series = Series()
    for row in rows:
        series = series.after({k: v for k, v in row.items() if k != "level"})
    return series


def panels(runs: list[Told]) -> list[Panel]:
    """The panels in which at least one of the runs has a curve."""
    names = {name for told in runs for row in told.rows for name in row}
    found: dict[str, dict[str, str]] = {}
    for told in runs:
        for group in _curves(told):
            if shown := {k: label for k, label in group.items() if k in names}:
                title = _title(shown)
                found[title] = found.get(title, {}) | shown
    for title, group in MEASURES.items():
        if shown := {k: label for k, label in group.items() if k in names}:
            found[title] = shown
    return [Panel(title, group) for title, group in found.items()]


def _curves(told: Told) -> list[dict[str, str]]:
    """The {name: label} of the game's own panels."""
    names = {name for row in told.rows for name in row}
    if {"V", "D_x"} <= names:
        return list(GAN)
    curves = told.facts.get("curves")
    groups = curves if isinstance(curves, list) else []
    tables = [
        {str(name): str(label)[:60] for name, label in group.items()}
        for group in groups
        if isinstance(group, dict)
    ]
    known = {"step", "seconds", "level", "pixels", "held_out"}
    known |= {name for group in (*MEASURES.values(), *tables) for name in group}
    more = {name: name[:60] for name in told.rows[-1] if name not in known}
    tables = [*tables, more] if more else tables
    for group in tables:
        if {"ELBO", "log_p"} & group.keys():
            group["held_out"] = "held-out data"
    return tables


def _title(names: dict[str, str]) -> str:
    known = {
        "V": "The value of the game",
        "D_x": "D(x) and D(G(z))",
        "P": "The penalty",
    }
    known |= {"ELBO": "The bound", "log_p": "The likelihood", "KL": "The code"}
    return known.get(next(iter(names)), "Values")


def stages(series: Series, told: Told) -> list[tuple[float, float, float, str]]:
    """(begin, end of the fade, end, size) of each level of networks that grow."""
    found: dict[int, list[dict]] = {}
    for row in told.rows:
        if type(row.get("level")) is int:
            found.setdefault(row["level"], []).append(row)
    result = []
    for rows in found.values():
        fading = [r["step"] for r in rows if (finite_number(r.get("alpha")) or 1) < 1]
        first, last = rows[0]["step"], rows[-1]["step"]
        pixels = finite_number(rows[0].get("pixels"))
        size = f"{pixels:g}x{pixels:g}" if pixels else ""
        result.append((first, max(fading, default=first), last, size))
    return result
