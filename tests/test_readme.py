"""What the README says is so: its code runs, its lines and its map are right."""

import pathlib
import re

import numpy as np
import pytest

from tinygan import recipes
from tinygan.check import file_rows
from tinygan.runs.run import Run

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(name: str, folder: pathlib.Path) -> pathlib.Path:
    """The README's code block that begins with a comment of that name, as a file."""
    text = re.search(rf"```python\n(# {name}\n.*?)```", README, re.DOTALL)[1]
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["my_layer.py", "my_loss.py"])
def test_the_readmes_layer_and_loss_are_right(name, tmp_path):
    rows = file_rows(block(name, tmp_path))
    assert rows
    assert all(row.ok for row in rows)


def test_the_readmes_recipe_trains_on_an_npz_of_images(tmp_path):
    data = tmp_path / "my_images.npz"
    pixels = np.random.default_rng(0).integers(0, 256, (20, 16, 16, 3), np.uint8)
    np.savez(data, images=pixels)
    module = recipes.find(str(block("my_recipe.py", tmp_path)))
    options = {"steps": 1, "batch": 4, "data": str(data)}
    run = Run(recipes.build(module, options))
    before = run.G.theta.copy()
    run.turn()
    assert (run.G.theta != before).any()
    assert run.samples(2).shape == (2, 16, 16, 3)


def test_the_first_block_is_one_line_and_the_tests_are_the_next():
    blocks = re.findall(r"(?:^    .*\n)+", README, re.MULTILINE)
    assert blocks[0].strip() == "pip install . && tinygan train"
    assert blocks[1].strip() == 'pip install -e ".[test]" && pytest -n auto'
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert blocks[0].strip() in run and 'install --quiet -e ".[test' in run


def test_every_line_of_algorithm_1_stands_in_gan_py():
    source = (ROOT / "tinygan" / "gan.py").read_text(encoding="utf-8")
    table = README.split("| On paper |")[1].split("\n\n")[0]
    lines = re.findall(r"\| `([^`]+)` \|", table)
    assert len(lines) == 9
    assert [line for line in lines if line not in source] == []


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_map_names_every_file_with_its_length(name):
    text = (ROOT / name).read_text("utf-8")
    rows = re.findall(r"\| \[(tinygan/\S+)\]\(\S+\) \| (\d+) \|", text)
    stated = {path: int(lines) for path, lines in rows}
    files = {}
    for path in (ROOT / "tinygan").rglob("*.py"):
        folder = "/".join(path.relative_to(ROOT).parts[:2])
        folder = "tinygan" if folder.endswith(".py") else folder
        name = path.relative_to(ROOT).as_posix() if folder == "tinygan" else folder
        files[name] = files.get(name, 0) + len(path.read_text().splitlines())
    for name in ("tinygan/__init__.py", "tinygan/__main__.py"):
        del files[name]
    assert stated.keys() == files.keys()
    off = {
        n: (stated[n], files[n]) for n in files if abs(stated[n] / files[n] - 1) > 0.1
    }
    assert off == {}, "stated and real lengths differ by more than a tenth"


def test_a_recipe_may_import_a_file_beside_it(tmp_path):
    block("my_loss.py", tmp_path)
    recipe = block("my_recipe.py", tmp_path)
    text = recipe.read_text().replace("objective=NonSaturating()", "objective=Mine()")
    recipe.write_text("from my_loss import PearsonChi2 as Mine\n" + text)
    experiment = recipes.build(recipes.find(str(recipe)), {})
    assert type(experiment.objective).__name__ == "PearsonChi2"


def test_every_link_in_the_readme_leads_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    local = [link for link in links if "://" not in link]
    assert len(local) > 20
    assert [link for link in local if not (ROOT / link).exists()] == []
