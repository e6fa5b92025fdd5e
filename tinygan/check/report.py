"""What a check found: a row of the table for each quantity."""

from dataclasses import dataclass

from ..errors import InputError, shown


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


EFFORTS = ("plain", "quick", "normal", "thorough")  # how many cases a check tries


def an_effort(owner: str, effort, least: str = "plain") -> str:
    """The effort itself, or `least` if that is more. InputError for a word that is none
    of EFFORTS.
    """
    if effort not in EFFORTS:
        words = ", ".join(map(repr, EFFORTS))
        raise InputError(f"{owner} expects effort, one of {words}, got {shown(effort)}")
    return max(effort, least, key=EFFORTS.index)
