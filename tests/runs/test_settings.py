"""config.json: a run's settings, or one sentence that says what is wrong with them."""

import json
import os

import pytest

from tinygan.errors import InputError
from tinygan.runs.folder import RunFolder
from tinygan.runs.settings import MOST_BYTES, blamed, read_config

SOUND = {
    "recipe": "mlp-ring",
    "options": {"steps": 6, "batch": 8, "seed": 1, "lr": 1e-3},
    **{"steps": 6, "batch": 8, "seed": 1, "cores": 2, "machine": {"cpu": "x"}},
}


def written(folder, config) -> None:
    data = config if isinstance(config, bytes) else json.dumps(config).encode()
    (folder / "config.json").write_bytes(data)


def refused(folder) -> str:
    with pytest.raises(InputError) as e:
        read_config(folder)
    sentence = str(e.value)
    with pytest.raises(InputError) as e:
        RunFolder.open(folder)
    assert str(e.value) == sentence
    assert sentence.startswith(str(folder)) and "expected" in sentence
    assert len(sentence) <= 500 and sentence.isprintable()
    return sentence


def test_sound_settings_come_back(tmp_path):
    written(tmp_path, SOUND)
    assert read_config(tmp_path) == RunFolder.open(tmp_path).config == SOUND
    few = {"recipe": "mlp-ring", "options": {}}  # as version 0.1 wrote them
    written(tmp_path, few)
    assert read_config(tmp_path) == few
    own = {**SOUND, "options": {"lr": [1e-3, 2e-3], "batch": None, "size": "large"}}
    written(tmp_path, own)  # a user's own recipe may take anything
    assert read_config(tmp_path) == own


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"null", b"[]", b'"x"', b"{}", b"\xff\xfe", b"{", b"[" * 100_000),
        *(b'{"a":' * 100_000, b"9" * 5000, b"\0" * 50, b'{"recipe": "x"}'),
        b" " * (MOST_BYTES + 1) + b"{}",
    ],
    ids=lambda data: repr(data[:9]),
)
def test_a_file_that_holds_no_settings(tmp_path, data):
    written(tmp_path, data)
    assert "config.json: expected a run's settings as JSON" in refused(tmp_path)


@pytest.mark.parametrize(
    "where, value",
    [
        *(("recipe", value) for value in (None, 3, "", " ", ["x"], {})),
        *(("options", value) for value in (None, 3, "x", [])),
        *((k, v) for k in ("steps", "batch") for v in (0, -5, 1.5, True, 10**30)),
        *(("options.batch", v) for v in (0, -5, 2.0, 16_000_000, 9, float("nan"))),
        *(("options.steps", v) for v in (0, 7, 10**16)),
        *(("options.seed", v) for v in (-1, 2, 2**63, 0.5)),
        *(("options.lr", v) for v in (0, -1.0, float("nan"), float("inf"), -(10**400))),
        *(("cores", v) for v in (0, -3, 10**9, "x", 1.5, True, [2])),
        *(("options.data", v) for v in ("", "a\0b")),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_settings_that_cannot_be(tmp_path, where, value):
    config = json.loads(json.dumps(SOUND))
    table = config["options"] if where.startswith("options.") else config
    table[where.removeprefix("options.")] = value
    written(tmp_path, config)
    sentence = refused(tmp_path)
    assert "config.json" in sentence and where.rpartition(".")[2] in sentence


def test_control_characters_of_a_file_do_not_reach_the_sentence(tmp_path):
    written(tmp_path, {**SOUND, "cores": "\x1b[31m\u202e"})
    assert r"\x1b[31m" in refused(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_what_is_no_file_is_not_read(tmp_path):
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a" / "config.json")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "config.json").symlink_to("/dev/zero")
    (tmp_path / "c" / "config.json").mkdir(parents=True)
    for name in "abc":
        refused(tmp_path / name)
    assert "found none" in refused(tmp_path / "nowhere")


def test_an_error_of_the_settings_names_them(tmp_path):
    with (
        pytest.raises(InputError, match=r"config\.json: .*this recipe does not"),
        blamed(tmp_path),
    ):
        raise InputError("this recipe does not take --x")
    with pytest.raises(ZeroDivisionError), blamed(tmp_path):
        1 / 0  # noqa: B018
