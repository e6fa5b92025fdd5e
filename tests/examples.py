"""How many examples a costly property draws: a third of what others draw."""

from hypothesis import settings

a_third = settings(max_examples=settings.default.max_examples // 3)
