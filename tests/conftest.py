"""How many examples hypothesis draws: TINYGAN_PROFILE is dev, ci or nightly.

The record of the recipes that were trained here goes into a temporary folder. Signals
are as in a terminal: a shell starts programs in the background, or by nohup, with
SIGINT or SIGHUP ignored, and the programs that the tests start would inherit that.
"""

import gc
import os
import signal
import tempfile

import pytest
from hypothesis import settings

if "PYTEST_XDIST_WORKER" in os.environ:  # a worker for each core: one thread each
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when NumPy is imported

settings.register_profile("dev", max_examples=30, deadline=None)
settings.register_profile("ci", max_examples=60, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=5000, deadline=None)
settings.load_profile(os.environ.get("TINYGAN_PROFILE", "dev"))

STATE = tempfile.TemporaryDirectory(prefix="tinygan_state_")
os.environ["TINYGAN_STATE"] = STATE.name

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
for name in ("SIGHUP", "SIGTERM"):  # Windows has no SIGHUP
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Nothing that is collected is garbage, and to search it takes a fifth of this."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.fixture
def small_pictures(monkeypatch):
    """For tests that train and look at no picture."""
    from pictures import draw_small_pictures  # NumPy reads the environment before

    draw_small_pictures(monkeypatch)
