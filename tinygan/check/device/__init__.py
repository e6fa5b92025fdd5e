"""A strict stand-in for CuPy 14 that computes with NumPy.

It shows without a GPU that a program is clean for one. The library `xp` (`get_xp` finds
it through the class of its arrays) has names and keywords of CuPy 14, and no others. An
`Array` wraps host memory and lets nobody at it: NumPy arrays are refused wherever they
meet one, also where CuPy lets them pass silently. `counting` counts what costs time on
a GPU: launches, host reads, uploads.

counts.py       what is counted
copies.py       copies to the host that it does not wait for
arrays.py       the arrays, their methods and views
functions.py    what is computed on them
making.py       how they are made, moved and joined
library.py      all this as one library, and the backend over it
"""

from .counts import Counts, counting
from .library import FakeBackend, as_cupy, xp

__all__ = ["Counts", "FakeBackend", "as_cupy", "counting", "xp"]
