"""Curves as SVG: lines, a grid, dotted levels. The page's colours paint them."""

import html
import math
from collections.abc import Iterable
from typing import NamedTuple

WIDTH, HEIGHT = 420, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 8, 24
WIDER = 50.0
BUCKETS = 150  # of a long log: each shows its lowest and its highest value


class Curve(NamedTuple):
    """A line through points (step, value), in one of the page's colours."""

    label: str
    points: list[tuple[float, float]]
    colour: int


class Window(NamedTuple):
    """The part of the plane that is drawn."""

    x0: float
    x1: float
    y0: float
    y1: float

    def x(self, step: float) -> float:
        """Where a step is drawn."""
        share = (step - self.x0) / (self.x1 - self.x0)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Where a value is drawn; one far outside comes just beside the frame."""
        share = (value - self.y0) / (self.y1 - self.y0)
        return TOP + (1 - min(max(share, -1), 2)) * (HEIGHT - TOP - BOTTOM)


def window(groups: list[list[Curve]], levels: Iterable[float], end: float) -> Window:
    """The window that shows the curves of several runs, a group for each, on one scale.

    The most extreme hundredth of a run's values may lie outside, if it is far from the
    others. So may a run whose values spread over a range WIDER times the least.
    """
    ranges = [found for curves in groups if (found := _range(curves))]
    spread = min((high - low for low, high in ranges), default=0.0) or math.inf
    shown = [(a, b) for a, b in ranges if b - a <= WIDER * spread] or [(0.0, 1.0)]
    low = min([*(a for a, _ in shown), *levels])
    high = max([*(b for _, b in shown), *levels])
    margin = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
    return Window(0.0, max(end, 1.0), low - margin, high + margin)


def _range(curves: list[Curve]) -> tuple[float, float] | None:
    """The lowest and the highest value of a run's curves, without outliers."""
    values = sorted(value for curve in curves for _, value in curve.points)
    if not values:
        return None
    cut = len(values) // 100
    low, high = values[cut], values[-1 - cut]
    room = high - low
    low = values[0] if values[0] > low - room else low
    return low, values[-1] if values[-1] < high + room else high


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from low to high, at most so many."""
    size = 10 ** math.floor(math.log10((high - low) / most))
    step = next(
        size * k for k in (1, 2, 5, 10, 20) if (high - low) / (size * k) <= most
    )
    first = math.ceil(low / step)
    count = math.floor(high / step) - first + 1
    return [(first + i) * step for i in range(count)]


def outside(curve: Curve, w: Window) -> int:
    """How many values of the curve the window does not show."""
    return sum(not w.y0 <= value <= w.y1 for _, value in curve.points)


def svg(
    curves: list[Curve],
    w: Window,
    about: str,
    levels: Iterable[float] = (),
    alarms: Iterable[tuple[int, str]] = (),
    stages: Iterable[tuple[float, float, float, str]] = (),
) -> str:
    """A picture of the curves in the window w. levels: values with a dotted line.
    alarms: (step, sentence) of each finding. stages: (begin, end of the fade, end,
    label) of each level of a growing network.
    """
    parts = [*_stages(stages, w), *_grid(w)]
    for level in levels:
        y = f"{w.y(level):.1f}"
        parts.append(f'<path class="level" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>')
    inner = f"{WIDTH - LEFT - RIGHT} {HEIGHT - TOP - BOTTOM}"
    width, height = inner.split()
    parts.append(  # an inner picture, which cuts off what lies outside
        f'<svg x="{LEFT}" y="{TOP}" width="{width}" height="{height}" '
        f'viewBox="{LEFT} {TOP} {inner}">'
    )
    for curve in curves:
        d = " ".join(f"{w.x(x):.1f},{w.y(y):.1f}" for x, y in thinned(curve.points))
        parts.append(f'<polyline class="c{curve.colour}" points="{d}"/>')
    parts.append("</svg>")
    for step, sentence in alarms:
        x = f"{w.x(step):.1f}"
        title = f"<title>{html.escape(sentence)}</title>"
        parts.append(
            f'<path class="alarm" d="M{x} {TOP}V{HEIGHT - BOTTOM}">{title}</path>'
        )
    parts.append(
        f'<path class="now" data-end="{w.x1:g}" d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}"/>'
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{html.escape(about)}">{"".join(parts)}</svg>'
    )


def thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points, or of many the lowest and the highest of each bucket."""
    if len(points) <= 2 * BUCKETS:
        return points
    found = []
    for i in range(BUCKETS):
        a, b = (k * len(points) // BUCKETS for k in (i, i + 1))
        some = points[a:b]
        ends = {min(some, key=_value), max(some, key=_value)}
        found += sorted(ends)
    return found


def _value(point: tuple[float, float]) -> float:
    return point[1]


def _grid(w: Window) -> Iterable[str]:
    """The frame, and lines and labels at round numbers."""
    bottom = HEIGHT - BOTTOM
    for value in ticks(w.y0, w.y1, 5):
        y = w.y(value)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        label = f"{value:g}" if abs(value) > 1e-12 * (w.y1 - w.y0) else "0"
        yield f'<text x="{LEFT - 5}" y="{y + 3.5:.1f}" class="y">{label}</text>'
    for step in ticks(w.x0, w.x1, 5):
        if step == int(step):
            x = min(w.x(step), WIDTH - RIGHT - 12)
            yield f'<text x="{x:.1f}" y="{bottom + 15}" class="x">{int(step):,}</text>'
    yield f'<path class="frame" d="M{LEFT} {TOP}V{bottom}H{WIDTH - RIGHT}"/>'


def _stages(stages, w: Window) -> Iterable[str]:
    """Where each level of a growing network begins, and its fade in grey."""
    height = HEIGHT - TOP - BOTTOM
    for begin, faded, end, label in stages:
        x, width = w.x(begin), w.x(faded) - w.x(begin)
        label = label if w.x(end) - x > 6 * len(label) else ""  # there is no room
        yield (
            f'<rect class="fade" x="{x:.1f}" y="{TOP}" width="{width:.1f}" '
            f'height="{height}"/><path class="stage" d="M{x:.1f} {TOP}v{height}"/>'
            f'<text class="stage" x="{x + 3:.1f}" y="{HEIGHT - BOTTOM - 5}">'
            f"{html.escape(label)}</text>"
        )
