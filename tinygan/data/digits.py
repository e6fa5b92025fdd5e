"""The embedded data set: 1797 handwritten digits of 8 x 8 pixels.

They are the test set of Optical Recognition of Handwritten Digits (E. Alpaydin and
C. Kaynak, UCI Machine Learning Repository, 1998). A pixel counts the dots of ink, 0 to
16, in a block of 4 x 4 dots of the scan. Licence and attribution: DIGITS_LICENSE.txt.
"""

from importlib import resources

import numpy as np

from .images import Images


def load_digits() -> Images:
    """The 1797 images (8, 8, 1), 0 to 16, with labels 0 to 9."""
    file = resources.files(__package__) / "digits.npz"
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        return Images(arrays["images"], 0, 16, arrays["labels"])
