"""Growth: what a game needs so that its networks may grow (Karras et al. 2018).

The layers are in layers/growing.py. Here are the network whose shapes follow its level,
the optimizer that moves only the part of theta in use, the schedule of levels, and the
real pictures of a level. The game is in runs/growing.py.
"""

from .net import GrowingNet
from .optimizer import Within
from .pictures import at_level, larger, smaller
from .schedule import Growth, Level

__all__ = ["GrowingNet", "Growth", "Level", "Within", "at_level", "larger", "smaller"]
