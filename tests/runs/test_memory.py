"""What does not fit into the memory is refused before it is made."""

import pytest

from tinygan import recipes
from tinygan.errors import InputError
from tinygan.runs import memory
from tinygan.runs.run import Run
from tinygan.runs.turn import kept_bytes


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """machine(name, text): the system says so."""
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    monkeypatch.setattr(memory, "_of_the_machine", lambda: 8 << 30)
    monkeypatch.setattr(memory, "_of_the_process", lambda: None)

    def say(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{text}\n")

    return say


def test_this_machine_has_some_memory():
    free = memory.free_bytes()
    assert free is None or 0 < free < 1 << 50


def test_the_least_of_all_limits_counts(machine, monkeypatch):
    assert memory.free_bytes() == 8 << 30
    machine("memory.max", "max")
    machine("memory.current", 1 << 30)
    assert memory.free_bytes() == 8 << 30
    machine("memory.max", 3 << 30)
    assert memory.free_bytes() == 2 << 30
    machine("memory/memory.limit_in_bytes", 2 << 30)
    machine("memory/memory.usage_in_bytes", 3 << 30)
    assert memory.free_bytes() == 0
    monkeypatch.setattr(memory, "_GROUP", memory.pathlib.Path("/nowhere"))
    monkeypatch.setattr(memory, "_of_the_process", lambda: 5)
    assert memory.free_bytes() == 5


def test_nothing_is_refused_if_nothing_is_known(machine, monkeypatch):
    monkeypatch.setattr(memory, "_of_the_machine", lambda: None)
    assert memory.free_bytes() is None
    memory.expect_room(1 << 60, "this", "a smaller one may fit")


def test_the_sentence_has_both_sizes(machine):
    memory.expect_room(8 << 30, "this", "")
    with pytest.raises(InputError) as e:
        memory.expect_room(20_000 << 30, "batch 7", "a smaller --batch may fit")
    assert str(e.value) == (
        "batch 7: expected to fit into the free memory of 8.0 GiB, found that it needs "
        "about 20,000.0 GiB; a smaller --batch may fit"
    )


def test_kept_bytes_counts_every_array_once():
    import numpy as np

    a, b = np.zeros(100), np.zeros((3, 4), "f4")
    assert kept_bytes(a) == 800
    assert kept_bytes((a, [b, {"x": (a, a[:50], None, 3)}], b.T)) == 848
    assert kept_bytes(None) == 0


@pytest.mark.parametrize("recipe", ["mlp-ring", "dcgan-digits", "cgan-digits"])
def test_a_batch_takes_at_least_what_is_asked_for(recipe):
    """The estimate lies between the caches of one pass and ten times as much."""
    import tracemalloc

    module = recipes.find(recipe)
    batch = 1040
    run = Run(recipes.build(module, {"batch": batch}), cores=1)
    asked = run.game.memory()
    assert Run(recipes.build(module, {"batch": 64}), cores=1).game.memory() == 0
    tracemalloc.start()
    run.turn()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak / 10 < asked < 2 * peak, asked / peak
