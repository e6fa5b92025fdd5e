"""How many examples hypothesis draws: TINYGAN_PROFILE is dev, ci or nightly.

The record of the recipes that were trained here goes into a temporary folder.
"""

import os
import tempfile

from hypothesis import settings

settings.register_profile("dev", max_examples=30, deadline=None)
settings.register_profile("ci", max_examples=200, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=5000, deadline=None)
settings.load_profile(os.environ.get("TINYGAN_PROFILE", "dev"))

STATE = tempfile.TemporaryDirectory(prefix="tinygan_state_")
os.environ["TINYGAN_STATE"] = STATE.name
