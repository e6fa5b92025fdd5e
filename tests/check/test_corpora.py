"""The checker against files of users: faults must be found, right things must pass.

faults/ holds files with one fault each, right/ holds right ones, written by people who
did not know the checker. The quick tests take a part of them, and `pytest -m slow` all.
"""

import importlib.util
from pathlib import Path

import pytest

from tests.check import faults
from tinygan.check.kinds import rows_of

RIGHT = Path(__file__).parent / "right"
FILES = sorted(p for p in RIGHT.glob("*.py") if p.name != "__init__.py")
REFUSED = {  # right derivatives that bend the protocol, or overflow as exp does
    "debatable.py",
    "losses_exp.py",  # docs/guide/loss.md says why
}
MISSED = {  # faults that the checker does not find, and why
    "advance_restarts_the_state": "any state may be what advance leaves",
    "truncated_after_16_steps": "no sequence is so long, unless in_shape says so",
    "tied_pairs_learn_twice": "a tie may be given to both, as many people do",
    "equal_pieces_all_learn": "the same, for pieces with equal weights",
    "constant_channel_is_cut_off": "a channel that is constant in a varying sample",
    "equal_samples_count_once": "ties of samples are no case where kinks are judged",
    "more_axes_count_once": "the rank of in_shape is not changed",
    "four_axes_summed_wrongly": "the same",
    "sequence_of_one_step": "nobody has said that one step will do",
    "gate_of_one_channel": "two channels, which become one, are not tried",
    "zero_weights_never_learn": "weights are drawn, none is 0",
    "read_only_dy_fails": "it fails loudly, in words",
    "batch_of_eight_in_v": "V may be scaled by any number",
    "value_is_a_float": "a float is a number",
    "value_is_summed": "V may be a sum",
    "second_moment_in_half": "only a rule that is known has a definition",
    "momentum_twice": "it is another rule, and nobody has said which",
    "wrong_after_fifteen_steps": "the same",
    "alpha_beta_swapped": "the same",
    "first_step_skipped": "the same",
    "loaded_state_is_shared": "load_state may be called once",
    "small_gradients_ignored": "it is another rule, and nobody has said which",
}


def refused(entries) -> bool:
    """Whether one of the entries of CHECKS fails, or stops the check with an error."""
    for entry in entries:
        thing, shape = entry if isinstance(entry, tuple) else (entry, None)
        try:
            rows = rows_of(thing, (6,) if shape is None else shape)
        except Exception:  # the command says so, and ends with status 2
            return True
        if not all(row.ok for row in rows):
            return True
    return False


@pytest.mark.parametrize("name", sorted(faults.every())[::12])
def test_faults_are_found(name):
    assert refused(faults.every()[name]) == (name not in MISSED)


@pytest.mark.slow
def test_every_fault_is_found_or_known_as_missed():
    every = faults.every()
    missed = {name for name, entries in every.items() if not refused(entries)}
    assert missed <= set(MISSED), sorted(missed - set(MISSED))
    assert len(missed) <= 0.08 * len(every)


def checks(path) -> list:
    spec = importlib.util.spec_from_file_location(f"right_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CHECKS


def failures(path, effort: str) -> list[str]:
    found = []
    for entry in checks(path):
        thing, shape = entry if isinstance(entry, tuple) else (entry, None)
        rows = rows_of(thing, shape, effort=effort)
        found += [
            f"{row.name}: {row.quantity}: {row.note}" for row in rows if not row.ok
        ]
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", FILES[::4], ids=lambda p: p.stem)
def test_right_things_pass_a_quick_check(path):
    assert failures(path, "quick") == [] or path.name in REFUSED


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_right_things_pass(path):
    found = failures(path, "normal")
    assert bool(found) == (path.name in REFUSED), found
