"""Folders and archives for the readers: `laid`, and pictures as bytes."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def drawn():
    """drawn(k): the bytes of a PNG, 4 x 5, whose pixels are all k."""

    def draw(k: int, kind="PNG", shape=(4, 5)) -> bytes:
        file = io.BytesIO()
        Image.fromarray(np.full((*shape, 3), k, np.uint8)).save(file, kind)
        return file.getvalue()

    return draw


@pytest.fixture(params=["folder", "zip"])
def lay(request, tmp_path):
    """lay(files) puts {name: bytes or text} into a folder or zip; it returns where."""
    count = iter(range(1000))

    def put(files):
        path = tmp_path / f"set-{next(count)}"
        files = {k: v.encode() if isinstance(v, str) else v for k, v in files.items()}
        if request.param == "zip":
            with zipfile.ZipFile(path, "w") as archive:
                for member, data in files.items():
                    archive.writestr(member, data)
            return path
        path.mkdir()
        for member, data in files.items():
            (path / member).parent.mkdir(parents=True, exist_ok=True)
            (path / member).write_bytes(data)
        return path

    return put
