"""The rows of a log as series of numbers: their last values, and how they swing."""

LARGEST = 1e100  # the sum of some values is finite


def finite_number(value: object) -> float | None:
    """The value as a float, None if it is no number or no reasonable one."""
    if type(value) in (int, float) and -LARGEST < value < LARGEST:  # type: ignore
        return float(value)  # type: ignore[arg-type]
    return None


class Series:
    """The values of a log's rows, name by name, since the networks last grew.

    steps: the step of each row. values: {name: its value in each row that has one}.
    start: the step before the first one.
    """

    def __init__(self, level: object = None, start: int = 0):
        self.level, self.start = level, start
        self.steps: list[int] = []
        self.values: dict[str, list[float]] = {}
        self.places: dict[str, list[int]] = {}  # the step of each value

    def after(self, row: dict) -> "Series":
        """The series with one more row: an empty one before it if a new level begins.

        What is no finite number in a row is left out.
        """
        series = self
        if row.get("level") != self.level:
            series = Series(row.get("level"), self.step)
        step = row.get("step")
        if type(step) is not int:
            return self
        series.steps.append(step)
        for name, value in row.items():
            number = finite_number(value)
            if number is not None:
                series.values.setdefault(name, []).append(number)
                series.places.setdefault(name, []).append(step)
        return series

    @property
    def step(self) -> int:
        """The last step; 0 without rows."""
        return self.steps[-1] if self.steps else self.start

    def latest(self, name: str) -> float | None:
        """The last value of a name, None if there is none."""
        values = self.values.get(name)
        return values[-1] if values else None

    def measured(self, name: str) -> list[tuple[int, float]]:
        """(step, value) of each row that has a value of this name."""
        pairs = zip(self.places.get(name, []), self.values.get(name, []), strict=True)
        return list(pairs)

    def last(self, name: str, steps: int, rows: int) -> list[float]:
        """The values of the last `steps` steps, at least `rows` of them. [] if there
        are not so many yet.
        """
        places = [self.start, *self.places.get(name, [])]
        n = rows
        while n < len(places) and places[-1] - places[-1 - n] < steps:
            n += 1
        return self.values[name][-n:] if n < len(places) else []


def swings(values: list[float], low: float, high: float, share: float) -> int:
    """How often the values go from above `high` to below `low`. 0 unless at least this
    share of all is below, and as many above.
    """
    below, above = (sum(map(test, values)) for test in (low.__gt__, high.__lt__))
    if min(below, above) < share * len(values):
        return 0
    times, up = 0, False
    for value in values:
        if value > high:
            up = True
        elif value < low and up:
            times, up = times + 1, False
    return times
