"""Pictures from sentences: conditions, a run, what it can be asked, measures."""

import dataclasses
import json

import numpy as np
import pytest
from pictures import draw_small_pictures

import tinygan as tg
from tinygan import recipes
from tinygan.backend import NUMPY
from tinygan.check import relative
from tinygan.cli.arguments import main
from tinygan.data import Captioned, Images, Vocabulary, captioned_digits, load_digits
from tinygan.errors import InputError
from tinygan.layers import (
    Concat,
    Conv1d,
    Dense,
    Each,
    Embedding,
    Flatten,
    Identity,
    LeakyReLU,
    MeanPool,
    Parallel,
    Reshape,
    Sequential,
    Tanh,
)
from tinygan.measures.agreement import agreement, judges, variety
from tinygan.runs import measuring
from tinygan.runs.conditions import Classes, Sentences, between_pairs, grid
from tinygan.runs.evaluate import evaluate
from tinygan.runs.folder import RunFolder
from tinygan.runs.run import Run
from tinygan.runs.sampling import STEPS, Request, generate
from tinygan.runs.train import train

WORDS = Vocabulary(("a", "big", "blue", "red", "small", "square"), 4)
SENTENCES = ["a red square", "a blue square", "a big red square", "small blue square"]


def squares(n=60) -> Captioned:
    """4x4 pictures, all red or all blue, big or small."""
    rng = np.random.default_rng(0)
    colour, size = rng.integers(0, 2, (2, n))
    pixels = np.zeros((n, 4, 4, 3), np.uint8)
    for k in range(n):
        pixels[k, : 4 - 2 * size[k], :, 2 * colour[k]] = 200 + rng.integers(50)
    captions = [
        f"a {('big', 'small')[s]} {('red', 'blue')[c]} square"
        for c, s in zip(colour, size, strict=True)
    ]
    about = {"colour": (("red", "blue"), colour), "size": (("big", "small"), size)}
    return Captioned(Images(pixels, 0, 255), captions, WORDS, about)


def experiment(**options):
    """A small GAN-CLS and GAN-INT for `squares`."""

    def reader():
        phrases = Sequential(Conv1d(5, 3, pad=1), LeakyReLU(0.2), MeanPool())
        return Sequential(Embedding(4), Each(phrases), MeanPool(), Dense(6), Tanh())

    G = Sequential(Parallel(Identity(), reader()), Concat(), Dense(48))
    G = Sequential(*G.layers, Reshape(4, 4, 3), Tanh())
    D = Sequential(Parallel(Flatten(), reader()), Concat(), Dense(16), Tanh(), Dense(1))
    settings = {
        "G": G,
        "D": D,
        "shape": (4, 4, 3),
        "data": squares,
        "unseen": lambda: squares(20),
        "condition": Sentences(WORDS, SENTENCES),
        "between": 0.5,
        "latent": tg.runs.experiment.Latent(3),
        "objective": tg.MatchingAware(),
        "penalties": [tg.Mismatch(0.5)],
        "opt_G": tg.Adam(1e-3),
        "opt_D": tg.Adam(1e-3),
        "steps": 6,
        "batch": 8,
        "log_every": 2,
    }
    return tg.runs.experiment.Experiment(**(settings | options))


def with_words(**options):
    """The same with a D that also tells the words from the picture."""
    reader = experiment().D.layers[0].layers[1]
    trunk = Sequential(Flatten(), Dense(16), Tanh())
    fits = Sequential(Parallel(Identity(), Dense(16)), tg.InnerProduct())
    heads = tg.Branch(fits, Sequential(tg.Pick(0), Dense(len(WORDS))))
    D = tg.Branch(Sequential(Parallel(trunk, reader), heads), tg.Pick(1))
    return experiment(D=D, objective=tg.AuxiliaryWords(weight=0.5), **options)


def test_a_sentence_twice_is_the_sentence_once():
    """mixed=2 costs time and changes nothing where no two sentences are mixed."""
    rng, one = np.random.default_rng(0), Sentences(WORDS, SENTENCES, mixed=1)
    conditions = [dataclasses.replace(one, mixed=mixed) for mixed in (1, 2)]
    games = [with_words(condition=c, between=0) for c in conditions]
    once, twice = (game.networks(NUMPY, "float64") for game in games)
    y, z = one.draw(6, rng), rng.standard_normal((6, 3))
    s, grads = [], []
    for (G, D), asked in ((once, y), (twice, y.repeat(2, axis=1))):
        fake, c_G = G.forward((z, asked))
        out, c_D = D.forward(fake)
        s.append(out[0][0])
        dx = D.backward(games[0].objective.g_grad(out), c_D)
        G.backward_weights(dx, c_G)
        grads.append(np.concatenate([G.grad, D.grad]))
    assert relative(s[1] - s[0], s[0]) <= 1e-12
    assert relative(grads[1] - grads[0], grads[0]) <= 1e-12


# Conditions


def test_sentences():
    condition = Sentences(WORDS, SENTENCES, mixed=3)
    y = condition.encode(["a red square"])
    assert y.shape == (1, *condition.shape) == (1, 3, 4)
    assert (y == y[:, :1]).all()
    assert np.array_equal(condition.of(y[:, :1]), y)
    rows, names = condition.rows(2)
    assert names == SENTENCES[:2] and rows.shape == (2, 3, 4)
    drawn = condition.draw(50, np.random.default_rng(0))
    known = {tuple(WORDS.encode(s)) for s in SENTENCES}
    assert {tuple(row[0]) for row in drawn} == known
    with pytest.raises(InputError, match="squire"):
        condition.encode(["a red squire"], strict=True)
    assert condition.encode(["a red squire"])[0, 0, 2] == 1  # unknown


def test_from_one_sentence_to_another():
    condition = Sentences(WORDS, SENTENCES)
    y = condition.between("a red square", "a blue square", 5)
    assert y.shape == (5, 4, 4)
    a, b = (WORDS.encode(s) for s in ("a red square", "a blue square"))
    for i, row in enumerate(y):
        assert sum(np.array_equal(s, b) for s in row) == i
        assert sum(np.array_equal(s, a) for s in row) == 4 - i


def test_classes():
    condition = Classes(4)
    assert np.array_equal(condition.label(2), [2])
    y, names = condition.rows(10)
    assert names == ["0", "1", "2", "3"] and np.array_equal(y, range(4))
    assert set(condition.draw(100, np.random.default_rng(0))) == set(range(4))
    with pytest.raises(InputError, match="--label 4: expected a class from 0 to 3"):
        condition.label(4)


def test_grid():
    z, y = np.arange(10.0)[:, None], np.arange(3)
    columns, (zs, ys) = grid(z, y, 10)
    assert columns == 3 and len(zs) == len(ys) == 9
    assert np.array_equal(ys, [0, 0, 0, 1, 1, 1, 2, 2, 2])
    assert np.array_equal(zs[:, 0], [0, 1, 2] * 3)


# A run


@pytest.mark.parametrize("made", [experiment, with_words])
def test_the_gradient_through_both_text_encoders(made):
    """theta_D and theta_G move along dV and dJ, to every parameter of the readers."""
    G, D = made().networks(NUMPY, "float64")
    twins = [net.clone("complex128") for net in (G, D)]
    rng, condition = np.random.default_rng(3), experiment().condition
    y = condition.draw(6, rng)
    y[:3] = between_pairs(y[:3], y[3:])
    x, z = rng.standard_normal((6, 4, 4, 3)), rng.standard_normal((6, 3))
    objective = made().objective
    fake, c_G = G.forward((z, y))
    s, c_D = D.forward(fake)
    dx = D.backward(objective.g_grad(s), c_D, param_grads=False)
    G.backward_weights(dx, c_G)
    s_real, c_real = D.forward((x, y))
    d_real, d_fake = objective.d_grads(s_real, s)
    D.backward_weights(d_real, c_real)
    D.backward_weights(d_fake, c_D)

    def value(player):
        fake, _ = twins[0].forward((z, y))
        s, s_real = twins[1].forward(fake)[0], twins[1].forward((x, y))[0]
        return objective.value(s_real, s) if player else objective.g_value(s)

    for player, net in enumerate((G, D)):
        used = {k: np.abs(v).max() for k, v in net.parameters(net.grad).items()}
        assert min(used.values()) > 0, used  # none is left out
        for _ in range(3):
            v = rng.standard_normal(net.theta.shape)
            twins[player].theta[...] = net.theta + 1e-200j * v
            exact = value(player).imag / 1e-200
            twins[player].theta[...] = net.theta
            size = np.linalg.norm(net.grad) * np.linalg.norm(v)
            assert abs(exact - net.grad @ v) <= 1e-11 * size


def with_several():
    """The same with two captions for each picture, and three for the first."""
    one = squares()
    captions = [[c, c.replace("a ", "")] for c in one.captions]
    captions[0].append("square")
    several = Captioned(one.images, captions, WORDS, one.attributes)
    return experiment(data=lambda: several)


@pytest.mark.parametrize("made", [experiment, with_words, with_several])
def test_a_run_repeats_and_resumes(made):
    whole, first, second = (Run(made()) for _ in range(3))
    for _ in range(5):
        whole.turn()
    for _ in range(2):
        first.turn()
    second.load(first.on_host(first.state()))
    for _ in range(3):
        second.turn()
    for name, array in whole.state().items():
        assert np.array_equal(second.state()[name], array), name


def test_a_share_of_the_fakes_lies_between_two_sentences():
    run = Run(experiment())
    y = run.experiment.condition.of(run.game.reader.batches(0)[1])
    asked = run.game.asked(y, turn=3)
    assert np.array_equal(asked[4:], y[4:])
    assert np.array_equal(asked[:4, 0], y[:4, 0])
    assert {tuple(row) for row in asked[:, 1]} <= {tuple(row[0]) for row in y}
    assert (asked[:4, 1] != y[:4, 1]).any()
    assert np.array_equal(run.game.asked(y, turn=3), asked)
    plain = Run(experiment(between=0.0))
    assert plain.game.asked(y, turn=3) is y


@pytest.mark.parametrize(
    "options",
    [
        {"between": 1.5},
        {"between": -0.1},
        {"condition": Sentences(WORDS, SENTENCES, mixed=1)},
    ],
)
def test_between_out_of_range(options):
    with pytest.raises(InputError, match="between"):
        experiment(**options)


# What can be asked


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a run of a few steps."""
    path = tmp_path_factory.mktemp("run") / "run"
    folder = RunFolder.create(path, {"recipe": "mine", "options": {}})
    with pytest.MonkeyPatch.context() as monkeypatch:
        draw_small_pictures(monkeypatch)
        train(Run(experiment()), folder)
    return folder


@pytest.fixture
def quick_judges(monkeypatch):
    """Judges and features that have learnt little, for tests of what is asked."""
    monkeypatch.setattr("tinygan.measures.agreement.STEPS", 100)
    monkeypatch.setattr("tinygan.measures.features.STEPS", 100)


def test_a_sentence(finished):
    e, columns, inputs = Request(text="a blue square").inputs(experiment(), 7, seed=1)
    x = generate(e, finished, NUMPY, inputs)
    assert columns is None and x.shape == (7, 4, 4, 3)
    assert np.array_equal(inputs[1][:, 0], [WORDS.encode("a blue square")] * 7)
    with pytest.raises(InputError, match="green"):
        Request(text="a green square").inputs(experiment(), 1, 0)
    for empty in ({"text": " "}, {"text": "a blue square", "to": ""}):
        with pytest.raises(InputError, match="expected a sentence, got no words"):
            Request(**empty).inputs(experiment(), 1, 0)
    with pytest.raises(InputError, match="at most 4 words"):
        Request(text="a big big big square").inputs(experiment(), 1, 0)
    with pytest.raises(InputError, match="--label: this run's generator takes a sent"):
        Request(label=1).inputs(experiment(), 1, 0)


def test_between_two_sentences(finished):
    """A row has one z; it begins and ends as the sentences by themselves."""
    asked = Request(text="a red square", to="a blue square")
    e, columns, inputs = asked.inputs(experiment(), 20, seed=1)
    x = generate(e, finished, NUMPY, inputs)
    assert columns == STEPS and len(x) == 2 * STEPS
    for n, text in ((0, "a red square"), (STEPS - 1, "a blue square")):
        e, _, (_, y) = Request(text=text).inputs(experiment(), 2, seed=1)
        alone = generate(e, finished, NUMPY, (inputs[0][::STEPS], y))
        assert np.abs(alone - x[n::STEPS]).max() <= 1e-5


def test_evaluate_asks_for_every_attribute(finished, quick_judges):
    said = []
    result = evaluate(experiment(), finished, NUMPY, 20, say=said.append)
    names = [row.name for row in result.rows]
    for name in ("colour", "size"):
        assert f"as asked: {name}" in names
        assert f"as asked: {name}, unseen" in names
    assert "variety" in names
    assert any("colour, size" in sentence for sentence in said)


def test_the_judges_know_the_unseen_combinations(finished, monkeypatch, quick_judges):
    """Half of them are the judges' to learn from, and the others asked for."""
    asked, learnt = [], []
    unseen = squares(40)
    unseen.images.pixels[:, 3, 3, 1] = 50 + np.arange(40)  # a number for each

    def spy(images, attributes, seed):
        learnt.append(images.pixels)
        return judges(images, attributes, seed)

    def made_of(found, samples, part, real, where):
        asked.append(part.images.pixels)
        return []

    monkeypatch.setattr("tinygan.runs.evaluate.judges", spy)
    monkeypatch.setattr("tinygan.runs.evaluate._attributes", made_of)
    evaluate(experiment(unseen=lambda: unseen), finished, NUMPY, 20)
    numbers = [set(pixels[:, 3, 3, 1].tolist()) - {0} for pixels in learnt + asked[1:]]
    assert numbers == [set(range(70, 90)), set(range(50, 70))]


def test_the_command_line(tmp_path, capsys, quick_judges, small_pictures):
    """A user's own recipe of sentences: trained, sampled, evaluated, refused."""
    recipe = tmp_path / "mine.py"
    recipe.write_text(
        "import sys\nsys.path[:0] = [" + repr(str(__file__.rpartition("/")[0])) + "]\n"
        "from test_text import experiment\n"
        "def recipe(steps=2, seed=0):\n"
        "    return experiment(steps=steps, seed=seed)\n"
    )
    run = str(tmp_path / "run")
    assert main(["train", str(recipe), "--out", run, "--quiet"]) == 0
    out = str(tmp_path / "x.npz")
    sentence = ["--text", "a red square"]
    assert main(["sample", run, *sentence, "--n", "5", "--out", out]) == 0
    assert np.load(out)["x"].shape == (5, 4, 4, 3)
    picture = str(tmp_path / "x.png")
    to = ["--to", "a big blue square"]
    assert main(["sample", run, *sentence, *to, "--n", "18", "--out", picture]) == 0
    assert main(["sample", run, "--grid", "--n", "12", "--out", picture]) == 0
    capsys.readouterr()
    for wrong in (["--text", "a green square"], ["--label", "1"], ["--to", "a"]):
        assert main(["sample", run, *wrong, "--out", picture]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    results = tmp_path / "found.json"
    assert main(["evaluate", run, "--n", "20", "--out", str(results)]) == 0
    found = {row["name"]: row for row in json.loads(results.read_text())["measures"]}
    assert 0 <= found["as asked: colour"]["value"] <= 1


# The judges


def test_agreement_counts_what_was_asked(monkeypatch):
    """Real images, asked for by their own labels and by others."""
    monkeypatch.setattr("tinygan.measures.agreement.STEPS", 500)
    digits = load_digits()
    train_on, held = digits.part(slice(0, 1400)), digits.part(slice(1400, None))
    judge = judges(train_on, {"digit": (tuple("0123456789"), train_on.labels)})["digit"]
    x = held.scaled(held.pixels)
    right = agreement(judge, x, held.labels, x, held.labels)
    assert right.samples == right.real > 0.85
    assert np.array_equal(right.each, right.each_real)
    wrong = agreement(judge, x, (held.labels + 1) % 10, x, held.labels)
    assert wrong.samples < 0.1
    some = agreement(judge, x[:3], np.array([4, 4, 4]), x, held.labels)
    assert np.isnan(some.each).sum() == 9


def test_variety():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(20), 5)
    different, same = rng.standard_normal((100, 4, 4, 1)), np.zeros((100, 4, 4, 1))
    same += y[:, None, None, None]  # one picture for each condition
    assert abs(variety(different, y) - np.sqrt(2)) < 0.1
    assert variety(same, y) == 0
    assert variety(same, np.arange(100)) is None


def test_evaluate_of_a_collapsed_conditional_generator_shows_it(monkeypatch):
    """It makes what is asked for, always the same: only the variety tells."""
    monkeypatch.setattr("tinygan.measures.features.STEPS", 500)
    monkeypatch.setattr(measuring, "PATCHES", 8_000)
    digits = load_digits()
    first = {k: np.flatnonzero(digits.labels == k)[0] for k in range(10)}
    asked = np.arange(300) % 10
    x = digits.scaled(digits.pixels[[first[k] for k in asked]])
    rows = {row.name: row for row in measuring.measure(x, digits, asked=asked)}
    assert rows["as asked"].value >= 0.8
    assert rows["variety"].value == 0 < 0.3 < rows["variety"].ceiling


def test_text2digit_is_as_its_data():
    """The recipe's networks take its data, seen and unseen."""
    e = recipes.build(recipes.find("text2digit"), {})
    few = captioned_digits(30, 0, load_digits())
    e = dataclasses.replace(e, data=lambda: few, batch=4, steps=2)
    run = Run(e)
    run.turn()
    assert np.isfinite(run.fetch()).all()
    assert run.shown().samples.shape == (100, 32, 32, 3)
