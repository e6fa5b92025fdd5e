"""Settings of a campaign: the same examples for each mutant, and none is made simpler.

A test that fails has done its work: to look for a simpler example would cost minutes.
"""

from hypothesis import Phase, settings

settings.register_profile(
    "mutants",
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
