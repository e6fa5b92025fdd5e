"""How many examples hypothesis draws: TINYGAN_PROFILE is dev, ci or nightly."""

import os

from hypothesis import settings

settings.register_profile("dev", max_examples=30, deadline=None)
settings.register_profile("ci", max_examples=200, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=5000, deadline=None)
settings.load_profile(os.environ.get("TINYGAN_PROFILE", "dev"))
