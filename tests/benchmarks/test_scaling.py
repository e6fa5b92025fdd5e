"""`benchmarks.scaling`: the model by hand, the page, and a small measurement."""

import json

import pytest
from PIL import Image

from benchmarks import scaling, scaling_pages
from tinygan import InputError

RESULTS = {
    "date": "2026-01-02T03:04:05+00:00",
    "commit": None,
    "machine": {"processor": "a processor", "cores": 2},
    "works": {
        "dcgan28": {
            "rounds": {1: [0.08, 0.10, 0.09], 2: [0.05, 0.05, 0.06]},
            "messages": {1: [], 2: [8, 4_000_000, 8]},
            "by_batch": {64: 0.09, 32: 0.046, 16: 0.024},
        }
    },
    "sums": {8: 4e-6, 8_000_004: 0.004004},
    "ranks_of_sums": 2,
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "scaling.json"
    path.write_text(json.dumps(RESULTS))
    return path


def test_the_fit_gives_the_measured_sums(file):
    results = scaling_pages.read(file)
    latency, bandwidth = scaling_pages.fitted(results)
    assert latency == pytest.approx(2e-6)
    assert bandwidth == pytest.approx(8_000_004 / 0.004, rel=1e-6)
    found = scaling_pages.summed(2, [8_000_004], latency, bandwidth)
    assert found == pytest.approx(0.004004, rel=1e-3)


def test_the_model_by_hand(file):
    found = scaling_pages.read(file)["works"]["dcgan28"]
    assert scaling_pages.computed(found["by_batch"], 48) == pytest.approx(0.068)
    assert scaling_pages.computed(found["by_batch"], 128) == pytest.approx(0.18)
    # four machines, 64 samples: three messages, two ways of log2(4) hops each
    t = 0.024 + 3 * 2 * 2 * 1e-3 + 2 * 0.75 * 4_000_016 / 1e9
    assert scaling_pages.predicted(found, 4, 64, (1e-3, 1e9)) == pytest.approx(t)
    free = (0.0, 1e99)
    assert scaling_pages.efficiency(found, 4, True, free) == pytest.approx(0.09 / 0.096)
    assert scaling_pages.efficiency(found, 4, False, free) == pytest.approx(1)


def test_the_page_and_its_plot(file, tmp_path, capsys):
    assert scaling.main(["--show", str(file), "--docs", str(tmp_path)]) == 0
    text = (tmp_path / "scaling.md").read_text("utf-8")
    assert "| dcgan28 | 1 | 90 | 1.00 | - |" in text
    assert "| dcgan28 | 2 | 50 | 1.60 |" in text and "2026-01-02" in text
    assert "latency (2 us)" in text and "(2.00 GB/s)" in text
    with Image.open(tmp_path / "images" / "scaling.png") as image:
        assert min(image.size) > 200
    assert text == capsys.readouterr().out.removesuffix("\n")


def test_two_processes_are_timed(tmp_path, capsys):
    pytest.importorskip("mpi4py")
    try:
        scaling.launcher()
    except InputError as e:
        pytest.skip(str(e))
    out = tmp_path / "scaling.json"
    small = "--works", "mlp", "--rounds", "1", "--steps", "2", "--out", str(out)
    assert scaling.main(list(small)) == 0
    found = scaling_pages.read(out)["works"]["mlp"]
    assert found["messages"] == {1: [], 2: [68100, 68616]}  # D's gradient, then G's
    assert set(found["by_batch"]) == {256 >> k for k in range(8)}
    assert "mlp: 2 processes, " in capsys.readouterr().out


@pytest.mark.parametrize(
    "words, sentence",
    [
        ((), "expected either --out FILE or --show FILE"),
        (("--ranks", "2", "--out", "x.json"), "--ranks: expected 1 and more"),
        (("--works", "vae", "--out", "x.json"), "'vae' is unknown"),
        (("--show", "none.json"), "expected the results of `benchmarks.scaling`"),
    ],
)
def test_what_it_refuses(words, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as e:
        scaling.main(list(words))
    err = capsys.readouterr().err
    assert e.value.code == 2 and sentence in err and err.count("\n") == 1
