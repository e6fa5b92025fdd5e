"""What a check found: a row of the table for each quantity."""

from dataclasses import dataclass


@dataclass
class Row:
    """One line of the table: what was checked, the worst error, and the limit.

    note: the failure in words.      line: code that repeats the failing case.
    """

    name: str
    quantity: str
    error: float
    limit: float
    note: str = ""
    line: str = ""

    @property
    def ok(self) -> bool:
        """True if the error is within the limit."""
        return self.error <= self.limit
