"""The twelve kinds of files: a mutant of each, and how tinygan reads it.

A target is made in an empty folder. `mutant(rng)` gives the bytes of a file that is
damaged in some way, and `read(data)` reads them as a user's command would.
"""

import contextlib
import gzip
import io
import json
import pathlib
import struct
from unittest import mock

import numpy as np
from pictures import small_losses, small_picture
from PIL import Image

from tinygan import (
    Adam,
    BatchNorm,
    Dense,
    LeakyReLU,
    NonSaturating,
    ReLU,
    Sequential,
    SpectralNorm,
    plots,
)
from tinygan.backend import NUMPY
from tinygan.cli import main
from tinygan.data import (
    load_captioned,
    load_images,
    read_array,
    read_idx,
    read_lines,
    read_sounds,
    read_wav,
    ring,
    write_wav,
)
from tinygan.data.files.pictures import decoded
from tinygan.errors import InputError
from tinygan.runs import Experiment, Latent
from tinygan.runs.folder import RunFolder
from tinygan.runs.metrics import read_rows
from tinygan.runs.run import Run
from tinygan.runs.sampling import expect_finite, generate
from tinygan.runs.turn import Turns

from . import mutants

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 8), np.uint8)


class Target:
    """A kind of files, in an empty folder of its own."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.path = self.folder / "file"
        self.seeds = self.sound()

    def sound(self) -> list[bytes]:
        """Files without faults."""
        return []

    def mutant(self, rng) -> bytes:
        """A file with faults."""
        return mutants.raw(rng, rng.choice(self.seeds), rng.choice(self.seeds))

    def write(self, data: bytes, path=None) -> pathlib.Path:
        """The data as a file."""
        path = self.path if path is None else path
        path.write_bytes(data)
        return path

    def read(self, data: bytes) -> None:
        """Read the file; any error but InputError is a fault."""
        images = load_images(self.write(data))
        assert np.isfinite(images.batches(2, 0)(0)).all()


class Idx(Target):
    def sound(self):
        found = []
        for array in (PIXELS, PIXELS[0, 0], PIXELS.astype(">f4") / 255):
            code = {"u1": 8, "f4": 13}[array.dtype.str[1:]]
            head = struct.pack(f">2xBB{array.ndim}I", code, array.ndim, *array.shape)
            found += [head + array.tobytes(), gzip.compress(head + array.tobytes())]
        return found

    def read(self, data):
        if len(data) % 2:
            read_idx(self.write(data))
        else:
            super().read(data)


class Npy(Target):
    arrays = (
        *(PIXELS, PIXELS / 255, PIXELS[..., None].astype("f4") / 127.5 - 1),
        *(PIXELS.reshape(6, -1), PIXELS > 9, np.asfortranarray(PIXELS)),
    )

    def sound(self):
        return [mutants.npy(array) for array in self.arrays]

    def mutant(self, rng):
        if rng.random() < 0.3:
            array = mutants.with_odd_numbers(rng, rng.choice(self.arrays[:3]))
            return mutants.npy(array)
        if rng.random() < 0.4:
            return mutants.npy(rng.choice(self.arrays), rng)
        return super().mutant(rng)

    def read(self, data):
        if len(data) % 2:
            read_array(self.write(data))
        else:
            super().read(data)


class Npz(Npy):
    def sound(self):
        labels = np.arange(6)
        found = []
        for save in (np.savez, np.savez_compressed):
            file = io.BytesIO()
            save(file, images=PIXELS, labels=labels)
            found.append(file.getvalue())
        return found

    def mutant(self, rng):
        if rng.random() < 0.3:
            return Target.mutant(self, rng)
        array = rng.choice(self.arrays)
        if rng.random() < 0.3:
            array = mutants.with_odd_numbers(rng, self.arrays[0])
        names = rng.choice((("images", "labels"), ("x", "y"), ("arr_0", "b")))
        labels = mutants.with_odd_numbers(rng, np.arange(6))
        pair = mutants.npy(array), mutants.npy(labels)
        if rng.random() < 0.4:
            pair = mutants.npy(array, rng), pair[1]
        members = {f"{k}.npy": v for k, v in zip(names, pair, strict=True)}
        return mutants.archive(rng, members, rng.random() < 0.5)


ROWS = [
    ["file", "caption", "colour"],
    *(["0.png", "a small red house", "red"], ["1.png", "two dogs", "blue"]),
    *(["2.png", '"a, b"', "red"], ["d/3.png", "\u0915\u093f \u4e00\u4e2a", "green"]),
]


def png(image, kind="png", **options) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    if not isinstance(image, Image.Image):
        image = Image.fromarray(image)
    image.save(file, kind, **options)
    return file.getvalue()


class Captions(Target):
    """A table of captions beside four pictures."""

    def sound(self):
        (self.folder / "set" / "d").mkdir(parents=True)
        for name in ("0.png", "1.png", "2.png", "d/3.png"):
            self.write(png(PIXELS[0]), self.folder / "set" / name)
        tables = [(ROWS, ","), (ROWS, "\t"), (ROWS, ";"), ([r[:2] for r in ROWS], ",")]
        return [
            "\n".join(separator.join(row) for row in rows).encode()
            for rows, separator in tables
        ]

    def mutant(self, rng):
        if rng.random() < 0.5:
            return super().mutant(rng)
        return mutants.table(rng, ROWS, rng.choice(",\t;"))

    def read(self, data):
        name = "captions.tsv" if b"\t" in data[:40] else "captions.csv"
        for old in ("captions.tsv", "captions.csv"):
            (self.folder / "set" / old).unlink(missing_ok=True)
        self.write(data, self.folder / "set" / name)
        data = load_captioned(self.folder / "set")
        data.batches(2, 0)(0)


class ImageZip(Target):
    """A zip archive of pictures, with a table of captions or without."""

    def sound(self):
        table = "\n".join(",".join(row) for row in ROWS).encode()
        self.members = {"captions.csv": table}
        for i, name in enumerate(("0.png", "1.png", "2.png", "d/3.png")):
            self.members[name] = png(PIXELS[i])
        self.alone = {f"{'ab'[i % 2]}/{i}.png": png(PIXELS[i]) for i in range(5)}
        return [b"PK"]

    def mutant(self, rng):
        members = rng.choice((self.members, self.alone))
        return mutants.archive(rng, members, rng.random() < 0.5)

    def read(self, data):
        path = self.write(data, self.folder / "file.zip")
        if b"captions.csv" in data:
            load_captioned(path).batches(2, 0)(0)
        else:
            load_images(path).batches(2, 0)(0)


class Pictures(Target):
    """PNG, JPEG, GIF, BMP, WebP and TIFF, of several modes."""

    def sound(self):
        rgb = Image.fromarray(
            np.random.default_rng(1).integers(0, 256, (12, 9, 3), "u1")
        )
        exif = Image.Exif()
        exif[0x0112] = 6
        kinds = ("png", "jpeg", "gif", "bmp", "webp", "tiff")
        found = [png(rgb, kind) for kind in kinds]
        found += [
            png(rgb.convert(mode)) for mode in ("L", "LA", "RGBA", "P", "1", "I;16")
        ]
        found += [
            png(rgb, "jpeg", progressive=True, exif=exif),
            png(rgb, "jpeg", quality=5),
        ]
        found += [png(rgb.convert("CMYK"), "jpeg"), png(rgb.convert("RGBA"), "webp")]
        found += [png(rgb, "gif", save_all=True, append_images=[rgb.rotate(90)])]
        found += [png(rgb, "tiff", compression=how) for how in ("tiff_lzw", "jpeg")]
        return found

    def read(self, data):
        size = (None, 8, 32)[len(data) % 3]
        image = decoded(data, size, "'a.png'")
        image = getattr(image, "pixels", image)
        assert np.asarray(image).dtype == np.uint8


class Text(Target):
    """A text file in several scripts and encodings."""

    def sound(self):
        text = "One line of text.\r\nzwei \u00fc, q\u0303\n\n\tthe last"
        text += "\u6625\u7720\u4e0d\u89c9\u6681" * 3
        codes = "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030"
        return [text.encode(code) for code in codes]

    def read(self, data):
        lines = read_lines(self.write(data), 8)
        assert (lines.batches(2, 0)(0).sum(axis=2) == 1).all()
        assert all(0 < len(text) <= 8 for text in lines.texts)


class Wav(Target):
    """WAV of several formats, alone and among sound files."""

    def sound(self):
        self.set = self.folder / "set"
        self.set.mkdir()
        x = np.sin(np.arange(300) / 9) * np.linspace(1, 0.1, 300)
        for name in ("a", "c"):
            write_wav(self.set / f"{name}.wav", x, 8000)
        found = [(self.set / "a.wav").read_bytes()]
        found += [found[0][:4] + b"\xff" * 4 + found[0][8:40] + b"\xff" * 4]
        found[1] += found[0][44:]  # as a program writes into a pipe
        note = struct.pack("<4sI4s", b"LIST", 4, b"INFO")
        for code, kind in ((1, "u1"), (1, "<i4"), (3, "<f4"), (3, "<f8")):
            scale = {"u1": 127.5, "<i4": 2.0**31 - 1}.get(kind, 1)
            data = ((x + (kind == "u1")) * scale).astype(kind).tobytes()
            width = np.dtype(kind).itemsize
            frame = code, 2, 8000, 16_000 * width, 2 * width, 8 * width
            head = struct.pack("<HHIIHH", *frame)
            body = b"WAVE" + struct.pack("<4sI", b"fmt ", 16) + head + note
            body += struct.pack("<4sI", b"data", len(data)) + data + note
            found += [struct.pack("<4sI", b"RIFF", len(body)) + body]
        return found

    def read(self, data):
        if len(data) % 3:
            x, rate = read_wav(self.write(data))
        else:
            self.write(data, self.set / "b.wav")
            sounds = read_sounds(self.set, 128)
            x, rate = sounds.batches(2, 0)(0)[0], sounds.rate
        assert x.dtype == np.float32 and np.abs(x).max() <= 1 and rate > 0


# The folder of a run


def experiment(steps: int = 40) -> Experiment:
    """Small networks with every kind of state."""
    G = Sequential(Dense(8), BatchNorm(), ReLU(), Dense(2))
    D = Sequential(SpectralNorm(Dense(8)), LeakyReLU(0.2), Dense(1))
    return Experiment(
        **{"G": G, "D": D, "shape": (2,), "data": ring, "latent": Latent(4)},
        **{"objective": NonSaturating(), "opt_G": Adam(1e-3), "opt_D": Adam(1e-3)},
        **{"steps": steps, "batch": 8, "ema": 0.9, "log_every": 1, "picture_every": 39},
    )


class RunTarget(Target):
    """A run after a few turns, and its folder."""

    def sound(self):
        self.experiment = experiment()
        self.run = Run(self.experiment, cores=1)
        for _ in range(5):
            self.run.turn()
        config = {"recipe": "mlp-ring", "options": {}}
        self.run_folder = RunFolder(self.folder / "run", config)
        self.run_folder.path.mkdir()
        (self.run_folder.path / "samples").mkdir()
        self.run_folder.save_checkpoint(self.run.on_host(self.run.state()))
        return [self.run_folder.checkpoint.read_bytes()]


class Checkpoint(RunTarget):
    """checkpoint.npz: loaded, played on from, sampled from."""

    def mutant(self, rng):
        if rng.random() < 0.4:
            return super().mutant(rng)
        state = self.run.on_host(self.run.state())
        about = {"format": "tinygan-checkpoint", "version": 1, "tinygan": "0.2.0"}
        manifest = {**about, "step": 5, "recipe": "mlp-ring"}
        hit = rng.choice(list(state))
        for _ in range(rng.choice((0, 1, 1, 3))):
            state[hit] = mutants.with_odd_numbers(rng, state[hit])
            hit = rng.choice(list(state))
        text = json.dumps(manifest).encode()
        if rng.random() < 0.3:
            text = mutants.json_text(rng, manifest)
        members = {"manifest.json": text}
        members |= {f"{name}.npy": mutants.npy(a) for name, a in state.items()}
        if rng.random() < 0.3:
            members[f"{hit}.npy"] = mutants.npy(state[hit], rng)
        if rng.random() < 0.3:
            file = mutants.archive(rng, members, True)
            return file
        return _stored(members)

    def read(self, data):
        folder, run = self.run_folder, Run(self.experiment, cores=1)
        self.write(data, folder.checkpoint)
        step = folder.step()
        like = run.on_host(run.state())
        run.load(folder.load_checkpoint(like))
        assert run.step == step >= 0
        assert run.finite(run.state()), "it takes numbers over that are none"
        with np.errstate(all="ignore"):
            run.turn()
        inputs = self.experiment.latent.draw(4, np.random.default_rng(0))
        expect_finite(generate(self.experiment, folder, NUMPY, inputs), folder)


def _stored(members: dict) -> bytes:
    import zipfile

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as z:
        for name, data in members.items():
            z.writestr(name, data)
    return file.getvalue()


class Config(Target):
    """config.json, as `tinygan sample` and `tinygan train --resume` read it."""

    def sound(self):
        options = ["--steps", "6", "--batch", "8", "--seed", "1", "--lr", "0.001"]
        out = ["--cores", "1", "--quiet", "--out", str(self.folder / "run")]
        small = {"picture": small_picture, "plot_losses": small_losses}
        with mock.patch.multiple(plots, **small), _quiet():
            assert main(["train", "mlp-ring", *options, *out]) == 0
        self.path = self.folder / "run" / "config.json"
        sound = self.path.read_bytes()
        self.config = json.loads(sound)
        return [sound]

    def mutant(self, rng):
        if rng.random() < 0.4:
            return super().mutant(rng)
        return mutants.json_text(rng, self.config)

    def read(self, data):
        self.write(data)
        run, out = str(self.folder / "run"), str(self.folder / "x.npy")
        commands = {
            "sample": ["sample", run, "--n", "2", "--out", out],
            "resume": ["train", "--resume", run, "--steps", "9", "--quiet"],
        }
        for name, command in commands.items():
            with (
                mock.patch("tinygan.runs.train.train", _one_turn),
                mock.patch("tinygan.cli.commands._report", lambda run: ()),
                _quiet() as said,
            ):
                status = main(command)
            if status == 2:
                sentence = said.getvalue().rstrip("\n").splitlines()[-1]
                raise InputError(sentence.removeprefix("tinygan: "))
            assert status == 0, f"{name} ends with {status}: {said.getvalue()[-300:]}"


def _one_turn(run, folder, resume=False, progress=False, **_) -> None:
    run.load(folder.load_checkpoint(run.on_host(run.state())))
    run.turn()
    if hasattr(folder, "let_go"):
        folder.let_go()


@contextlib.contextmanager
def _quiet():
    said = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
        yield said


class Metrics(RunTarget):
    """metrics.jsonl, as a resumed run reads, rewrites and draws it."""

    def sound(self):
        super().sound()
        names = ("V", "J", "D_x", "D_Gz", "sliced_wasserstein", "high_quality")
        self.rows = [
            {"step": s, **dict.fromkeys(names, 0.25 + s / 100), "seconds": 0.1 * s}
            for s in range(1, 13)
        ]
        self.drawn = set()
        return [b"".join(json.dumps(row).encode() + b"\n" for row in self.rows)]

    def mutant(self, rng):
        if rng.random() < 0.4:
            return super().mutant(rng)
        return mutants.json_lines(rng, self.rows)

    def read(self, data):
        folder = self.run_folder
        self.write(data, folder.metrics)
        with _quiet() as said:
            folder.rewind(self.run)
        _expect_notes(said)
        rows, bad = read_rows(folder.metrics)
        assert not bad and all(0 <= row["step"] <= self.run.step for row in rows)
        self.write(data, folder.metrics)
        rows, _ = read_rows(folder.metrics)
        items = [item for row in rows for item in row.items()]
        kinds = {_kind(*item) for item in items if item[0] in self.rows[0]}
        if kinds <= self.drawn:  # what takes time is drawn once for each kind of value
            return
        self.drawn |= kinds
        with mock.patch.object(plots, "_figure", _small_figure):
            plots.plot_losses(folder.path / "losses.png", rows, Turns.curves)


def _kind(name: str, value) -> tuple:
    """The name, type, sign and size of a value, of which all are drawn alike."""
    if type(value) not in (int, float) or not abs(value) < 1e40:
        return name, type(value).__name__
    return name, value > 0, round(np.log10(abs(value) + 1e-300) / 5)


def _small_figure(width, height, rows=1):
    figure = plots.blank(width, height, dpi=20, layout="none")
    return figure, figure.subplots(rows, 1)


def _expect_notes(said) -> None:
    for line in said.getvalue().splitlines():
        InputError(line)
        assert len(line) <= 520 and line.isprintable(), line[:600]


class Samples(RunTarget):
    """samples/*.png, as a resumed run reads them for its film."""

    def sound(self):
        super().sound()
        rgb = np.random.default_rng(1).integers(0, 256, (20, 30, 3), "u1")
        self.frames = [png(rgb + np.uint8(step)) for step in (0, 20, 40)]
        image = Image.fromarray(rgb)
        found = [self.frames[1], png(image.convert("P")), png(image.convert("RGBA"))]
        found += [png(image, "jpeg"), png(image, "gif"), png(image.resize((9, 9)))]
        found += [bomb(20_000, 20_000), bomb(5000, 5000), bomb(60_000, 3)]
        return found

    def mutant(self, rng):
        data = rng.choice(self.seeds[:1] * 4 + self.seeds)
        return mutants.raw(rng, data, rng.choice(self.seeds))

    def read(self, data):
        folder = self.run_folder.path / "samples"
        names = ("0000001", "0000003", "²²³", "9" * 40, "٣٣٣٣٣٣٣")
        odd = names[1 if len(data) % 3 else len(data) % len(names)]
        for old in folder.iterdir():
            old.unlink()
        for step, frame in zip((0, 2, 4), self.frames, strict=True):
            self.write(frame, folder / f"{step:07d}.png")
        self.write(data, folder / f"{odd}.png")
        with _quiet() as said:
            self.run_folder.rewind(self.run)
            self.run_folder.finish(self.run)
        _expect_notes(said)
        with Image.open(self.run_folder.path / "training.gif") as film:
            assert film.size == (30, 20) and film.n_frames >= 2


def bomb(width: int, height: int) -> bytes:
    """A PNG of one colour, small as a file and large as a picture."""
    import zlib

    squeezed = zlib.compressobj(9)
    row = bytes(1 + 3 * width)
    data = b"".join(squeezed.compress(row) for _ in range(min(height, 300)))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = b"IHDR" + head, b"IDAT" + data + squeezed.flush(), b"IEND"
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c))
        for c in chunks
    )


TARGETS = {
    "idx": Idx,
    "npy": Npy,
    "npz": Npz,
    "captions": Captions,
    "zip": ImageZip,
    "pictures": Pictures,
    "text": Text,
    "wav": Wav,
    "checkpoint": Checkpoint,
    "config": Config,
    "metrics": Metrics,
    "samples": Samples,
}
