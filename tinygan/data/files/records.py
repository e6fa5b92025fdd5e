"""Captions in JSON: COCO's annotations, lists of records, JSON lines.

{"images": [{"id": 1, "file_name": "a.jpg"}],              COCO
 "annotations": [{"image_id": 1, "caption": "A dog."}]}
{"images": [{"filename": "a.jpg", "sentences": [{"raw": "A dog."}]}]}
[{"file_name": "a.jpg", "text": "A dog."}]                 records
{"a.jpg": ["A dog.", "A brown dog."]}                      by name
{"file_name": "a.jpg", "text": "A dog."}                   one per line: .jsonl
"""

import json
import reprlib
from textwrap import shorten

from ...errors import DataError
from .columns import MOST_COLUMNS, Row, Rows, named_captions, named_file
from .tables import lines_of, text_of

_LAYOUTS = "COCO's images and annotations, or a list of records {file_name, text}"


def read_json(data: bytes, where: str) -> Rows:
    """The captions of a JSON file. Raises DataError, which begins with `where`, if it
    holds none.
    """
    found = _parsed(text_of(data, where), where)
    rows = Rows([], [], [])
    if isinstance(found, dict):
        images, annotations = found.get("images"), found.get("annotations")
        if _has_records(images) and _has_records(annotations):
            return _coco(images, annotations, where, rows)
        lists = [part for part in found.values() if _has_records(part)]
        if len(lists) == 1:
            found = lists[0]
        else:
            found = [{"file": name, "caption": said} for name, said in found.items()]
    if not _has_records(found):
        raise DataError(f"{where}: expected {_LAYOUTS}, found {_kind(found)}")
    for n, record in enumerate(found, 1):
        _sort(record, f"{where}, record {n}", rows)
    return _some(rows, where)


def read_json_lines(data: bytes, where: str) -> Rows:
    """The captions of a file with one JSON record in each line. Raises DataError, which
    begins with `where`, if it holds none.
    """
    rows = Rows([], [], [])
    for n, line in enumerate(lines_of(text_of(data, where)), 1):
        if line.strip():
            at = f"{where}, line {n}"
            try:
                _sort(_parsed(line, at), at, rows)
            except DataError as e:
                rows.bad.append(str(e))
    return _some(rows, where)


def _some(rows: Rows, where: str) -> Rows:
    if not rows.good:
        why = rows.bad[0] if rows.bad else f"{where}: expected records, found none"
        raise DataError(why)
    return rows


def _parsed(text: str, where: str):
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as e:
        why = shorten(str(e), 100)
        raise DataError(f"{where}: expected JSON, found damage ({why})") from e


def _has_records(part) -> bool:
    return isinstance(part, list) and bool(part) and isinstance(part[0], dict)


def _coco(images: list, annotations: list, where: str, rows: Rows) -> Rows:
    """COCO's layout: an annotation has the number of its image."""
    if not any(isinstance(a, dict) and "caption" in a for a in annotations):
        raise DataError(
            f"{where}: expected annotations with a caption, found "
            f"{_kind(annotations)} (COCO's captions are in captions_*.json)"
        )
    said: dict = {}
    for n, annotation in enumerate(annotations, 1):
        try:
            caption, image = annotation["caption"], str(annotation["image_id"])
        except (KeyError, TypeError):
            rows.bad.append(
                f"{where}, annotation {n}: expected image_id and caption, "
                f"found {_kind(annotation)}"
            )
            continue
        said.setdefault(image, []).append(caption)
    for n, image in enumerate(images, 1):
        number = str(image.get("id")) if isinstance(image, dict) else None
        if number in said:
            record = {"file_name": image.get("file_name"), "caption": said[number]}
            _sort(record, f"{where}, image {number}", rows)
        elif number is None:
            rows.bad.append(
                f"{where}, image {n}: expected id and file_name, found {_kind(image)}"
            )
    return _some(rows, where)


def _sort(record, at: str, rows: Rows) -> None:
    """Put a record among the good rows, or a sentence about it among the bad ones."""
    names = [str(name) for name in record] if isinstance(record, dict) else []
    names = names[:MOST_COLUMNS]
    files, columns = named_file(names), named_captions(names)
    values = list(record.values())[:MOST_COLUMNS] if names else []
    texts = [text for k in columns for text in _texts(values[k])]
    file = values[files[0]] if files else None
    if not isinstance(file, str) or not texts:
        rows.bad.append(
            f"{at}: expected a record with file_name and text, found {_kind(record)}"
        )
        return
    facts = {
        names[k]: str(value)
        for k, value in enumerate(values)
        if k not in (*files, *columns) and isinstance(value, str | int | float)
    }
    rows.good.append(Row(file.strip(), texts, facts, at))


def _texts(value) -> list[str]:
    """The captions in a value: a text, or a list of texts or of records with one."""
    if isinstance(value, str):
        return [value.strip()]
    texts = []
    for part in value if isinstance(value, list) else []:
        if isinstance(part, dict):
            columns = named_captions(list(part))
            part = list(part.values())[columns[0]] if columns else None
        if isinstance(part, str):
            texts.append(part.strip())
    return texts


def _kind(value) -> str:
    """A value in a few words."""
    if isinstance(value, dict):
        return f"a record with {reprlib.repr([str(name)[:40] for name in value])}"
    return reprlib.repr(value)
