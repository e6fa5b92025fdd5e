"""Classes from the names of files: 7_jackson_32.wav is a 7.

A template such as "{label}_*_*" says where the class stands in a name. `*` stands for
any text, the shortest that fits. The name goes without its folder and its ending.
"""

import re
from collections import Counter

from ...errors import DataError, InputError, shown
from ..examples import MOST_CLASSES
from .albums import Album, listed, plural, quoted

TEMPLATE = "{label}_*_*"
_USUAL = re.compile(r"([^_]+)_[^_]+_\d+")  # LABEL_WORD_NUMBER
_LEAST = 2  # files of a class, on average: fewer are rather numbers of the files


def label_by_names(album: Album, template: str | None, where) -> list[tuple[str, str]]:
    """Give the files of the album classes by their names.

    A template decides. A file whose name does not fit it leaves the album; these are
    returned as pairs (name, what was found).

    Without a template, names of the form LABEL_WORD_NUMBER decide, if there are no
    class folders, if all names have this form, and if there are two labels or more,
    with two files each on average. If some names have another form, but no more than
    half of them, the album says so, and has no classes.

    Raises DataError if most names do not fit the template, or if there are more than
    1000 labels. Raises InputError for a template without {label}, or with two.
    """
    odd: list[tuple[str, str]] = []
    if template is not None:
        labels, odd = _by_template(album, template, where)
    elif album.folders is None:
        labels = _by_usual_names(album)
    else:
        return odd
    if labels:
        if album.unclassed in album.notes:  # of the folders
            album.notes.remove(album.unclassed)
        album.folders, album.unclassed = labels, ""
        first = album.names[0].rpartition("/")[2]
        album.by = f"by name ({quoted(first)} is {quoted(labels[0], 24)})"
        album.notes += _alone(album.names, labels)
    return odd


def _by_usual_names(album: Album) -> list[str]:
    """The labels of names LABEL_WORD_NUMBER, or none at all."""
    found = [_USUAL.fullmatch(_stem(name)) for name in album.names]
    labels = [match[1] for match in found if match]
    odd = [n for n, match in zip(album.names, found, strict=True) if not match]
    if not 2 <= len(set(labels)) <= min(MOST_CLASSES, len(labels) // _LEAST):
        return []
    if odd and len(odd) <= len(labels):
        are = "is" if len(odd) == 1 else "are"
        album.unclassed = (
            f"{len(odd)} of {plural(len(found), 'name')} {are} not LABEL_WORD_NUMBER: "
            f'{listed(odd)}; labels="{TEMPLATE}" (--labels) leaves out what does not '
            "fit"
        )
        album.notes.append(f"read without classes: {album.unclassed}")
    return [] if odd else labels


def _by_template(album: Album, template: str, where):
    """(labels, files that do not fit). The latter leave the album."""
    if not isinstance(template, str) or template.count("{label}") != 1:
        raise InputError(
            f'labels expects a template such as "{TEMPLATE}", got {shown(template)}'
        )
    pattern, names = _pattern(template), album.names
    found = [pattern.fullmatch(_stem(name)) for name in names]
    labels = [match[1] for match in found if match]
    odd = [name for name, match in zip(names, found, strict=True) if not match]
    if len(odd) > len(labels):
        raise DataError(
            f'{where}: expected names as "{template}", but {len(odd)} of {len(names)} '
            f"are not so: {quoted(odd[0])}"
        )
    if len(set(labels)) > MOST_CLASSES:
        raise DataError(
            f"{where}: expected at most {MOST_CLASSES} classes, found "
            f'{len(set(labels))} by "{template}"'
        )
    album.names = [name for name, match in zip(names, found, strict=True) if match]
    return labels, [(name, f'a name that is not as "{template}"') for name in odd]


def _alone(names: list[str], labels: list[str]) -> list[str]:
    """A note, if some classes have one file, and others more: it may be a slip."""
    counts = Counter(labels)
    alone = [
        f"{quoted(label, 24)} ({quoted(name)})"
        for name, label in zip(names, labels, strict=True)
        if counts[label] == 1
    ]
    if not alone or len(alone) == len(counts):
        return []
    several = "class" if len(alone) == 1 else "classes"
    return [f"{len(alone)} {several} of one sound: {listed(alone)}"]


def _pattern(template: str) -> re.Pattern:
    """The template as a regular expression with one group.

    Groups (?>...) are not entered again. So no name takes long, however many `*` there
    are, and the first text that fits a `*` leaves the most for the others.
    """
    before, after = (
        [re.escape(text) for text in part.split("*")]
        for part in template.split("{label}")
    )
    head = before[0] + "".join(f"(?>.*?{text})" for text in before[1:])
    tail = after[0] + "".join(f"(?>.*?{text})" for text in after[1:-1])
    tail += f".*{after[-1]}" if len(after) > 1 else ""
    return re.compile(f"{head}(.+?){tail}", re.DOTALL)


def _stem(name: str) -> str:
    """The name of a file without its folder and its ending."""
    base = name.rpartition("/")[2]
    return base.rpartition(".")[0] or base
