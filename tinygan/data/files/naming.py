"""Classes from the names of files: 7_jackson_32.wav is a 7.

A template such as "{label}_*_*" says where the class stands in a name. `*` stands for
any text, the shortest that fits. The name goes without its folder and its ending.
"""

import re

from ...errors import DataError, InputError, shown
from ..examples import MOST_CLASSES
from .albums import Album, quoted

_USUAL = re.compile(r"([^_]+)_[^_]+_\d+")  # LABEL_WORD_NUMBER
_LEAST = 2  # files of a class, on average: fewer are rather numbers of the files


def label_by_names(album: Album, template: str | None, where) -> None:
    """Give the files of the album classes by their names.

    A template decides. Without one, names of the form LABEL_WORD_NUMBER do, if there
    are no class folders, if all names have this form, and if there are two labels or
    more, with two files each on average.

    Raises DataError if a name does not fit the template, or if there are more than 1000
    labels. Raises InputError for a template without {label}, or with two.
    """
    stems = [_stem(name) for name in album.names]
    if template is not None:
        labels = _by_template(stems, template, where, album.names)
    elif album.folders is None:
        found = [_USUAL.fullmatch(stem) for stem in stems]
        labels = [match[1] for match in found if match]
        number = len(set(labels))
        if len(labels) < len(stems) or not 2 <= number <= len(stems) // _LEAST:
            return
        if number > MOST_CLASSES:
            return
    else:
        return
    album.folders = labels
    first = album.names[0].rpartition("/")[2]
    album.by = f"by name ({quoted(first)} is {quoted(labels[0], 24)})"


def _by_template(stems: list[str], template: str, where, names) -> list[str]:
    if not isinstance(template, str) or template.count("{label}") != 1:
        raise InputError(
            f'labels expects a template such as "{{label}}_*_*", got {shown(template)}'
        )
    pattern = _pattern(template)
    found = [pattern.fullmatch(stem) for stem in stems]
    if not all(found):
        odd = [name for name, match in zip(names, found, strict=True) if not match]
        raise DataError(
            f'{where}: expected names as "{template}", but {len(odd)} of {len(names)} '
            f"are not so: {quoted(odd[0])}"
        )
    labels = [match[1] for match in found if match]
    if len(set(labels)) > MOST_CLASSES:
        raise DataError(
            f"{where}: expected at most {MOST_CLASSES} classes, found "
            f'{len(set(labels))} by "{template}"'
        )
    return labels


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
