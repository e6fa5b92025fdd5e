"""Each thing that a check of a layer looks at finds the fault that it alone sees.

The faults are those of faults/. The words are what the report says, so a fault that is
found by something else does not count.
"""

import pytest

from tests.check import faults
from tinygan.check import Case, check_layer
from tinygan.check.layers.trial import tried
from tinygan.layers import Dense, LeakyReLU, Tanh

SEEN = {  # fault: what the report has to say
    # sizes of the batch
    "one_sample_learns_nothing": "wrong for one sample, right for",
    "weight_gradient_of_the_last_sample": "right for one sample only",
    "batch_of_twelve_built_in": "all entries are",
    "only_32_samples_count": "samples, wrong for",
    # shapes
    "transposed_gradient_where_square": "wrong on (5,)",
    "one_input_broadcast": "wrong on (1,)",
    "channels_beyond_64": "wrong on (65,)",
    "height_and_width_mixed_up": "wrong on",
    # values, kinks and the ramp
    "nothing_at_exactly_zero": "close to x it is from",
    "leak_between_zero_and_a_hundredth": "close to x it is from",
    "square_underflows": "at x = -1e-170 the slope is",
    "saturated_units_are_dead": "wrong where the values of x are",
    "nan_at_exactly_zero": "dx is not finite at values of x 'zeros'",
    "tanh_by_exponentials": "y is not finite at values of x 'about",
    "softmax_without_the_maximum": "y is not finite at values of x 'about 2,000'",
    "norm_of_large_x_by_moments": "y has lost its digits near x = 1,000,000",
    # modes
    "temperature_in_evaluation": "wrong in evaluation only",
    "gamma_forgotten_in_training": "wrong in training only",
    # orders of memory, float32, what may be written to
    "strided_x_read_as_if_whole": "a strided x gives the same y",
    "negative_strides_turned_around": "a reversed dy gives the same dtheta",
    "transposed_x_dot_read_wrongly": "a strided x_dot gives the same y_dot",
    "float64_from_float32": "float32 stays float32",
    "weight_gradient_in_half": "float32 agrees with float64",
    "reverse_writes_into_dy_dot": "leaves its inputs alone",
    # size and sign of dy
    "large_gradients_clipped": "times that of dy",
    "guided_backward": "backward of -1 dy",
    # what a layer keeps
    "cache_on_self": "a later forward does not disturb an earlier cache",
    "dx_in_one_buffer": "results stay as they are when passes follow",
    "old_transpose_of_w": "the passes follow theta when it moves",
    "train_remembered_on_self": "a pass in one mode does not disturb",
    "state_on_the_class": "two layers of one class share no state",
    "dropout_never_stops": "forward in evaluation leaves the state alone",
    "state_moved_by_the_tangent": "backward leaves the state alone",
    "mean_beside_the_state": "state() holds all that the layer remembers",
    "advance_decays_the_weights": "advance leaves theta alone",
    "advance_clears_the_gradients": "advance leaves the gradients alone",
    "init_ignores_its_generator": "init draws from its rng alone",
    # parts of a batch
    "batch_mean_says_divisible": "parts of a batch give the y of the whole",
    "remainder_of_eights_dropped": "parts of a batch give the dtheta of the whole",
    # other passes
    "backward_weights_without_db": "backward_weights gives backward's dtheta",
    "param_grads_ignored": "param_grads=False leaves dtheta alone",
}
MORE = {  # what a quick check misses
    "weight_gradient_of_the_last_sample",
    "only_32_samples_count",
    "channels_beyond_64",
    "height_and_width_mixed_up",
    "nothing_at_exactly_zero",
    "leak_between_zero_and_a_hundredth",
    "nan_at_exactly_zero",
    "norm_of_large_x_by_moments",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "effort", ["quick", pytest.param("normal", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("name", SEEN)
def test_a_fault_is_found_by_what_looks_at_it(name, effort):
    """The cases of a quick check are among those of a normal one."""
    ((layer, in_shape),) = faults.every()[name]
    effort = "normal" if name in MORE else effort
    rows = check_layer(layer, in_shape, effort=effort)
    notes = "; ".join(row.note for row in rows if not row.ok)
    assert SEEN[name] in notes


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", list(SEEN)[::5])
def test_the_twin_without_the_fault_passes(name):
    ((layer, in_shape),) = faults.right()[name]
    assert all(row.ok for row in check_layer(layer, in_shape))


def test_the_line_of_a_failure_fails_again_and_its_case_is_small():
    ((layer, in_shape),) = faults.every()["only_32_samples_count"]
    (row,) = (r for r in check_layer(layer, in_shape) if r.quantity == "dtheta")
    case = eval(row.line.rpartition("case=")[2][:-1], {"Case": Case})
    assert tried(layer, in_shape, case)
    assert case.N == 33 and case == Case(N=33)


def test_no_case_is_tried_twice(monkeypatch):
    """However many quantities fail, each of which is looked for in smaller cases."""

    class Doubled(Tanh):
        def slope(self, y, v):
            return 2 * super().slope(y, v)

    cases = []

    def counted(layer, in_shape, case, analytic):
        cases.append(case)
        return tried(layer, in_shape, case, analytic)

    monkeypatch.setattr("tinygan.check.layers.trial.tried", counted)
    rows = check_layer(Doubled(), (4,), effort="quick")
    assert sum(not row.ok for row in rows) > 2
    assert len(set(cases)) == len(cases) > 2


def test_a_case_that_is_right_is_said_to_be():
    for case in (Case(N=1), Case(values="ramp", N=600), Case(dtype="float32")):
        (row,) = check_layer(Tanh(), (6,), case=case)
        assert row.ok and repr(case) in row.note


@pytest.mark.parametrize("layer", [Dense(4), LeakyReLU()], ids=repr)
def test_a_right_layer_passes_whatever_the_effort(layer):
    for effort in ("plain", "quick", "normal"):
        for seed in range(2):
            rows = check_layer(layer, (4,), seed=seed, effort=effort)
            assert all(row.ok for row in rows)
