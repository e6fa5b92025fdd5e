"""What a turn of each level of a growing network costs, beside the last level's."""

import math

from .report import markdown, ratio_to
from .works import GROWING, WORKS

LAST = "progan32"
# The phases of the recipe, each of as many turns: a level's fade, and the level itself.
# Of the fades only the last is measured. The others are taken as long as their level.
PHASES = ("progan4", *2 * ("progan8",), *2 * ("progan16",), "progan32-fade", LAST)
HEADS = ("level", "library", "ms a turn", "times as long", "of 32x32", "its FLOP")
HEADS += ("its pixels",)


def rows(results: dict) -> list[tuple[str, ...]]:
    """A line for each level and library that was measured. The last three columns are
    shares: of the time, the FLOP and the pixels of the last level.
    """
    works, found = results["works"], []
    for name in GROWING:
        for library, row in works.get(name, {"results": {}})["results"].items():
            last = works.get(LAST, {"results": {}})["results"].get(library)
            share = f"{row['median_ms'] / last['median_ms']:.2f}" if last else ""
            flop = f"{works[name]['flop'] / works[LAST]['flop']:.2f}" if last else ""
            pixels = math.prod(WORKS[name].sample) / math.prod(WORKS[LAST].sample)
            ms, times = f"{row['median_ms']:.4g}", ratio_to(row)
            found.append((name, library, ms, times, share, flop, f"{pixels:.3g}"))
    return found


def run_shares(results: dict) -> dict[str, float]:
    """{library: a run of PHASES / as many turns at the last level}, in time."""
    rows = [results["works"].get(name, {"results": {}})["results"] for name in PHASES]
    return {
        library: sum(row[library]["median_ms"] for row in rows)
        / (len(PHASES) * rows[-1][library]["median_ms"])
        for library in rows[-1]
        if all(library in row for row in rows)
    }


def section(results: dict) -> str:
    """The levels in Markdown; "" if none was measured."""
    found = rows(results)
    if not found:
        return ""
    text = "\n### Networks that grow, level by level\n\n"
    text += "A turn of the networks of `progan-faces` at each level, batch "
    text += f"{WORKS[LAST].batch}. The last three columns compare with 32x32.\n\n"
    text += markdown(HEADS, found)
    for library, share in run_shares(results).items():
        text += (
            f"\n{library}: a run with as many turns in each phase takes {share:.0%} "
        )
        text += "of the time of as many turns at 32x32.\n"
    return text


def show(results: dict) -> None:
    """Print the levels, if some were measured."""
    found = rows(results)
    if found:
        print("\nlevels: the last three columns are shares of 32x32")
    for line in (HEADS, *found) if found else ():
        print("  {:<15}{:<12}{:>10}{:>15}{:>10}{:>10}{:>12}".format(*line))
    for library, share in run_shares(results).items():
        print(f"  {library}: a run of all phases takes {share:.0%} of one at 32x32")
