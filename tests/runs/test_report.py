"""`tinygan report`: one file that loads nothing, and tells what the folder holds."""

import html.parser
import json
import math
import re
import shutil

import numpy as np
import pytest
from pictures import draw_small_pictures
from PIL import Image

from tinygan import plots
from tinygan.cli.arguments import main
from tinygan.errors import InputError
from tinygan.runs import drawing
from tinygan.runs.folder import RunFolder
from tinygan.runs.metrics import read_rows
from tinygan.runs.report import MOST_RUNS, curves, film, read, report
from tinygan.runs.report.meanings import number

MOST_BYTES = 5_000_000
OUTSIDE = re.compile(r"https?:|//|@import|url\(")


class Page(html.parser.HTMLParser):
    """The tags and the texts of a page; every tag that is opened has to be closed."""

    VOID = "meta", "img", "input"

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.open, self.words = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] not in (["script"], ["style"]):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def of(self, tag: str, kind: str | None = None) -> list[dict]:
        found = [attrs for name, attrs in self.tags if name == tag]
        return [a for a in found if kind is None or a.get("class") == kind]


def expect_one_file(text: str) -> Page:
    """The page, which loads nothing, whatever it shows."""
    assert len(text.encode()) < MOST_BYTES
    page = Page(text)
    for _, attrs in page.tags:
        assert not {"onclick", "onload", "onerror", "action", "srcset"} & attrs.keys()
        assert "href" not in attrs
        if "src" in attrs:
            assert re.match(r"data:(image|audio)/\w+;base64,", attrs["src"])
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.S)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.S)
    assert not OUTSIDE.search(style) and len(scripts) == 1
    assert len(re.findall(r"<script", text)) == 1
    (policy,) = (a["content"] for a in page.of("meta") if "content" in a and a.get(
        "http-equiv") == "Content-Security-Policy")  # fmt: skip
    assert policy.startswith("default-src 'none'") and "sha256-" in policy
    return page


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of mlp-ring, 60 steps, and one of progan-digits with all its levels; copy
    them before you change them.
    """
    base = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(base)
        draw_small_pictures(patch)
        ring = ["--steps", "60", "--batch", "8", "--quiet"]
        assert main(["train", "mlp-ring", *ring]) == 0
        grows = ["--images", "128", "--batch", "16", "--quiet"]
        assert main(["train", "progan-digits", *grows]) == 0
    return base


@pytest.fixture
def here(trained, tmp_path, monkeypatch):
    shutil.copytree(trained / "runs", tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ring(here):
    return here / "runs" / "mlp-ring"


def refused(capsys, *arguments) -> str:
    assert main(["report", *map(str, arguments)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    return err


# What it holds


def test_a_run_ends_with_its_report(ring):
    page = expect_one_file((ring / "report.html").read_text("utf-8"))
    for heading in ("Health", "Samples over time", "Curves", "Recipe"):
        assert heading in page.text
    for said in ("60 of 60", "NonSaturating()", "-log 4", "recipe.py", "numpy"):
        assert said in page.text
    frames = page.of("figure")
    pictures = page.of("img")
    steps = [int(a["data-step"]) for a in frames if "data-step" in a]
    assert len(pictures) == len(steps) == film.MOST
    assert steps[0] == 0 and steps[-1] == 60 and steps == sorted(steps)
    (slider,) = page.of("input")
    assert (slider["min"], slider["max"], slider["value"]) == ("0", "29", "29")
    source = (ring / "recipe.py").read_text("utf-8")
    assert " ".join(source.split()) in page.text


def test_what_the_last_values_mean(ring):
    told = read(ring)
    row = told.rows[-1]
    page = Page(report([ring])[0])
    assert f"At the end V is {row['V']:.4g}" in page.text
    assert f"The gap is {row['D_x'] - row['D_Gz']:.2f}".lower() in page.text.lower()
    assert f"The sum is {row['D_x'] + row['D_Gz']:.2f}" in page.text
    assert f"{row['modes']:g} of 8 at the end" in page.text


@pytest.mark.parametrize(
    "V, said",
    [
        (-0.9, "(V + log 4)/2 = 0.24 nats, of at most log 2 = 0.69"),
        (-1.39, "this D proves no difference"),
        (-3.0, "D is wrong, and sure of it"),
    ],
)
def test_what_v_proves_of_the_divergence(V, said, ring):
    row = {"step": 20, "V": V, "J": 0.7, "D_x": 0.5, "D_Gz": 0.5}
    (ring / "metrics.jsonl").write_text(json.dumps(row) + "\n")
    assert said in Page(report([ring])[0]).text


def test_several_runs_stand_side_by_side_on_one_scale(here, ring, capsys):
    other = here / "runs" / "other"
    shutil.copytree(ring, other)
    rows, _ = read_rows(ring / "metrics.jsonl")
    rows = [row | {"step": 2 * row["step"], "J": 3.0} for row in rows]
    (other / "metrics.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    config = json.loads((other / "config.json").read_text())
    config["options"]["lr"] = 0.5
    (other / "config.json").write_text(json.dumps(config))
    assert main(["report", str(ring), str(other)]) == 0
    assert "open report.html in a browser" in capsys.readouterr().out
    text = (here / "report.html").read_text("utf-8")
    page = expect_one_file(text)
    assert "What mlp-ring and other tell" in page.text
    pictures = re.findall(r"<figure><svg.*?</figure>", text, re.S)
    assert len(pictures) > 4 and len(pictures) % 2 == 0
    for one, two in zip(pictures[::2], pictures[1::2], strict=True):
        labels = [re.findall(r'<text [^>]*class="[xy]">[^<]*', p) for p in (one, two)]
        assert labels[0] == labels[1] and ">100" in labels[0][-1]
    differing = re.findall(r'<tr class="differs"><th scope=row>([^<]*)', text)
    assert "lr" in differing and "batch" not in differing
    assert main(["report", str(ring), str(other)]) == 0
    assert "open report-2.html" in capsys.readouterr().out


def test_games_of_two_kinds_stand_side_by_side(here, ring):
    other = here / "runs" / "other"
    shutil.copytree(ring, other)
    rows = [{"step": i, "log_p": -9.0 + i} for i in (1, 2)]
    (other / "metrics.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    for pair in ([ring, other], [other, ring]):
        page = expect_one_file(report(pair)[0])
        assert "This run has no such values." in page.text
        assert "log_p -7" in page.text and "D ascends V" in page.text


def test_findings_stand_in_the_report_and_are_printed(ring, capsys):
    rows = [{"step": 20 * i, "V": -9.0, "J": 0.1, "D_x": 0.3, "D_Gz": 0.9} for i in
            range(1, 30)]  # fmt: skip
    (ring / "metrics.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    assert main(["report", str(ring)]) == 0
    out = capsys.readouterr().out
    assert "mlp-ring: step 200: D is fooled: V is -9, far below the -1.39" in out
    text = (ring / "report.html").read_text("utf-8")
    assert "step 200: D is fooled" in Page(text).text
    assert len(re.findall(r'class="alarm" d="', text)) == 2  # in both panels


def test_networks_that_grow_show_their_levels(here):
    text, (told,) = report([here / "runs" / "progan-digits"])
    page = expect_one_file(text)
    row = told.rows[-1]
    assert f"{row['pixels']:g}x{row['pixels']:g} pixels, alpha" in page.text
    assert len(page.of("rect", "fade")) >= 3


def test_measures_come_with_their_ceilings(ring, capsys):
    assert "was not evaluated" in Page(report([ring])[0]).text
    out = ring / "measures.json"
    assert main(["evaluate", str(ring), "--n", "50", "--out", str(out)]) == 0
    page = Page(report([ring])[0])
    (modes, *_) = json.loads(out.read_text())["measures"]
    line = f"modes {number(modes['value'])} {number(modes['ceiling'])} higher modes"
    assert line in page.text and "mlp-ring, step 60" in page.text


def test_a_run_of_text_shows_text_over_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["train", "gru-names", "--steps", "3", "--batch", "4", "--quiet"]) == 0
    folder = tmp_path / "runs" / "gru-names"
    page = expect_one_file((folder / "report.html").read_text("utf-8"))
    assert page.of("img") == []
    lines = (folder / "samples.txt").read_text("utf-8").splitlines()[:32]
    shown = " ".join(" ".join(lines).split())
    assert shown in page.text
    with Image.open(folder / "samples.png") as picture:
        assert picture.info[plots.TEXT].splitlines()[:32] == lines


def test_a_run_of_sounds_has_players(tmp_path, monkeypatch, small_pictures):
    monkeypatch.chdir(tmp_path)
    options = ["--size", "1024", "--steps", "1", "--batch", "2", "--quiet"]
    assert main(["train", "wavegan-tones", *options]) == 0
    folder = tmp_path / "runs" / "wavegan-tones"
    page = expect_one_file((folder / "report.html").read_text("utf-8"))
    assert len(page.of("audio")) == 8 and "220 Hz" in page.text


def test_a_run_of_an_earlier_version_has_no_facts(ring):
    config = json.loads((ring / "config.json").read_text())
    del config["game"]
    (ring / "config.json").write_text(json.dumps(config))
    page = expect_one_file(report([ring])[0])
    assert "D ascends V, and G descends J" in page.text and "log 4" not in page.text


def test_a_vae_and_a_game_of_the_users_own(ring):
    rows = [{"step": i, "ELBO": -9.0, "log_p": -7.0, "KL": 2.0} for i in (1, 2)]
    (ring / "metrics.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    config = json.loads((ring / "config.json").read_text())
    for panels, said in (
        ([{"ELBO": "ELBO", "log_p": "log p(x|z)"}, {"KL": "KL"}], "log p(x|z) -7"),
        ([{"ELBO": "my <b>value</b>"}], "my <b>value</b> -9"),
    ):
        config["game"] = {"kind": "game", "curves": panels}
        (ring / "config.json").write_text(json.dumps(config))
        assert said in expect_one_file(report([ring])[0]).text


# A stranger's folder

EVIL = "<script>alert(1)</script><img src=https://a.b/c onerror=x()>\"'&"


def test_every_text_of_the_folder_is_escaped(ring):
    config = json.loads((ring / "config.json").read_text())
    config |= {
        "recipe": EVIL,
        "tinygan": EVIL,
        "commit": [EVIL],
        "machine": {EVIL: EVIL},
    }
    config |= {"source": EVIL, "changes": [{"step": EVIL, EVIL: EVIL}], "cores": 1}
    config |= {"fingerprint": {EVIL: EVIL}, "run": EVIL}
    config["options"] = {EVIL: EVIL, "data": "/home/someone/secret/faces"}
    config["game"] = {"objective": EVIL, "curves": [{EVIL: EVIL, "V": EVIL}]}
    (ring / "config.json").write_text(json.dumps(config))
    rows, _ = read_rows(ring / "metrics.jsonl")
    rows = [{EVIL: 1.0, "step": r["step"], "V": r["V"], "level": 1} for r in rows]
    (ring / "metrics.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (ring / "recipe.py").write_text(EVIL)
    (ring / "samples.txt").write_text(EVIL)
    table = {"step": 3, "measures": [{"name": EVIL, "value": EVIL, "says": EVIL}]}
    (ring / "measures.json").write_text(json.dumps(table))
    shutil.move(ring, ring.with_name("a <b> & 'c'"))
    page = expect_one_file(report([ring.with_name("a <b> & 'c'")])[0])
    assert page.text.count("alert(1)") > 10 and "a <b> & 'c'" in page.text
    assert "faces" in page.text and "secret" not in page.text


@pytest.mark.parametrize(
    "facts",
    [
        *(None, 3, []),
        {"flat": [], "norms": [1], "modes": "8", "objective": {}, "curves": "abc"},
        {"flat": {"V": "x"}, "best": {}, "curves": [[], {}]},
    ],
)
def test_facts_that_are_nonsense_are_left_out(facts, ring):
    config = json.loads((ring / "config.json").read_text()) | {"game": facts}
    (ring / "config.json").write_text(json.dumps(config))
    assert "D(x)" in expect_one_file(report([ring])[0]).text


def test_links_and_damaged_pictures_are_left_out(here, ring):
    (here / "secret.txt").write_text("the secret of another folder")
    for name in ("recipe.py", "samples.txt", "measures.json"):
        (ring / name).unlink(missing_ok=True)
        (ring / name).symlink_to(here / "secret.txt")
    (ring / "samples" / "0000060.png").write_bytes(b"no picture")
    text, _ = report([ring])
    assert "secret" not in text and 'data-step="60"' not in text
    shutil.rmtree(ring / "samples")
    assert "no pictures" in expect_one_file(report([ring])[0]).text


# Small enough


def noise(path, side: int) -> None:
    rng = np.random.default_rng(0)
    plots.save_png(path, rng.integers(0, 256, (side, side, 3), np.uint8))


def test_large_pictures_are_thinned_and_shrunk(ring):
    noise(ring / "samples" / "0000001.png", 600)
    for step in range(2, 32):
        shutil.copy(ring / "samples" / "0000001.png", ring / f"samples/{step:07d}.png")
    page = expect_one_file(report([ring])[0])
    pictures = page.of("img")
    assert 8 <= len(pictures) <= film.MOST
    assert all(int(picture["width"]) <= 560 for picture in pictures)


def test_a_film_keeps_the_first_and_the_last_picture(tmp_path):
    for step in range(50):
        noise(tmp_path / f"{step:07d}.png", 60)
    frames = [(step, tmp_path / f"{step:07d}.png") for step in range(50)]
    for budget in (10**9, 300_000, 100_000, 30_000):
        shown = film.film(frames, budget)
        assert sum(len(frame.uri) for frame in shown) <= budget
        assert (shown[0].step, shown[-1].step) == (0, 49)
    assert film.film(frames, 10) == [] == film.film([], 10)


def test_long_logs_become_few_points_with_all_extremes():
    points = [(i, math.sin(i)) for i in range(100_000)]
    points[777] = (777, 5.0)
    found = curves.thinned(points)
    assert len(found) <= 2 * curves.BUCKETS and (777, 5.0) in found
    assert found == sorted(found) and curves.thinned(points[:9]) == points[:9]


def test_ticks_are_round_and_lie_inside():
    for low, high in ((0, 1), (-1.4, 0.3), (0, 3e5), (1e-9, 2e-9), (-5e12, 1e12)):
        found = curves.ticks(low, high, 5)
        assert 2 <= len(found) <= 6
        assert all(low <= tick <= high for tick in found)
        steps = np.diff(found)
        assert np.allclose(steps, steps[0])
        first = f"{steps[0]:e}"[0]
        assert first in "125"


def test_a_value_far_outside_does_not_flatten_the_others():
    points = [(i, math.sin(i)) for i in range(500)]
    view = curves.window([[curves.Curve("V", [*points, (500, 1e9)], 0)]], (), 500)
    assert -2 < view.y0 < view.y1 < 2
    two = [[curves.Curve("V", points, 0)], [curves.Curve("V", [(1, 0), (2, 1e12)], 0)]]
    assert curves.window(two, (), 500).y1 < 2
    assert curves.outside(two[1][0], curves.window(two, (), 500)) == 1
    flat = curves.window([[curves.Curve("V", [(1, 3.0)], 0)]], (), 1)
    assert flat.y0 < 3 < flat.y1


# The command


def test_where_the_report_goes(here, ring, capsys):
    assert main(["report", str(ring), "--out", "mine.html"]) == 0
    assert (here / "mine.html").exists()
    assert main(["report", str(ring), "--out", str(ring / "report.html")]) == 0
    capsys.readouterr()
    assert "ending in .html" in refused(capsys, ring, "--out", "mine.txt")
    assert "folder that exists" in refused(capsys, ring, "--out", "no/mine.html")
    both = [ring, here / "runs" / "progan-digits"]
    own = refused(capsys, *both, "--out", ring / "report.html")
    assert "a file of the run itself" in own


def test_folders_that_are_no_runs(here, ring, capsys):
    assert "found none (No such file" in refused(capsys, "runs/nothing")
    assert "expected a run's folder" in refused(capsys, "runs")
    (ring / "config.json").write_text("[1]")
    assert "expected a run's settings" in refused(capsys, ring)
    with pytest.raises(InputError, match="1 to 8 runs, got 9"):
        report([ring] * (MOST_RUNS + 1))


def test_a_run_whose_log_has_no_rows_yet(ring, capsys):
    (ring / "metrics.jsonl").write_text("")
    assert "expected a log with rows, found none yet" in refused(capsys, ring)
    (ring / "metrics.jsonl").unlink()
    assert "metrics.jsonl: expected a log with rows" in refused(capsys, ring)


def test_a_damaged_line_is_named_and_left_out(ring, capsys):
    lines = (ring / "metrics.jsonl").read_text().splitlines(keepends=True)
    (ring / "metrics.jsonl").write_text("".join([lines[0], "{nonsense\n", *lines[1:]]))
    assert main(["report", str(ring)]) == 0
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "found none in line 2; the report leaves" in err
    text = (ring / "report.html").read_text("utf-8")
    assert "no row of JSON in line 2" in Page(text).text


# It never costs a run


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left"), MemoryError(), KeyError]
)
def test_a_report_that_fails_loses_nothing(error, here, monkeypatch, capsys):
    def fails(*_):
        raise error

    monkeypatch.setattr(drawing, "write", fails)
    assert main(["train", "mlp-ring", "--steps", "2", "--out", "run", "--quiet"]) == 0
    err = capsys.readouterr().err
    assert "report.html: cannot be written" in err and "left out" in err
    assert RunFolder.open("run").step() == 2
    assert not (here / "run" / "report.html").exists()


def test_a_report_is_the_same_each_time_and_a_run_may_go_on(ring):
    before = (ring / "report.html").read_bytes()
    assert main(["report", str(ring)]) == 0
    assert (ring / "report.html").read_bytes() == before
    assert main(["train", "--resume", str(ring), "--steps", "61", "--quiet"]) == 0
    assert b"61 of 61" in (ring / "report.html").read_bytes()
    (ring / "report.html").unlink()  # as if the run had been ended before
    assert main(["train", "--resume", str(ring), "--quiet"]) == 0
    assert b"61 of 61" in (ring / "report.html").read_bytes()
    assert main(["train", "--resume", str(ring), "--quiet"]) == 2  # nothing is missing
