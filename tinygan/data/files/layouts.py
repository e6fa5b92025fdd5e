"""Where the captions of a folder are: the layouts of published sets.

    captions.csv (.tsv, .txt, .json), metadata.csv, metadata.jsonl, results.csv
    Flickr8k.token.txt     name.jpg#0<tab>caption, with the pictures in any folder
    annotations/captions_val2014.json                            COCO
    text/class/name.txt with images/class/name.jpg               CUB, flowers
    name.txt beside name.png                                     a line is a caption

The table may lie in a folder of its own. A picture that is not beside the table is
found by its name.
"""

import itertools
from pathlib import PurePosixPath, PureWindowsPath

from ...errors import DataError
from ..words import split_words
from .columns import Row, Rows
from .records import read_json, read_json_lines
from .tables import lines_of, read_table, text_of
from .tree import Tree, quoted, shown, stem_and_ending

MOST_TABLE_BYTES = 64 << 20
MOST_JSON_BYTES = 144 << 20  # COCO's captions of 2017 have 92 MB
MOST_TABLES = 12  # that are tried
MOST_TEXT_BYTES = 1 << 20  # of a text beside a picture

SEPARATORS = {".csv": ",", ".tsv": "\t", ".txt": ",", ".token": "\t"}
TABLES = (*SEPARATORS, ".json", ".jsonl")
_BESIDE = (".txt", ".caption")
_USUAL = ("metadata", "annotations", "annotation", "descriptions", "description")
_USUAL += ("prompts", "sentences", "texts", "results")
_NO_TABLE = ("readme", "license", "licence", "requirements", "copying", "notice")
_SAMPLE = 300  # rows that show whether a table fits the pictures


def find_rows(files, tree: Tree, only: str | None = None) -> Rows:
    """The captions of a folder: the rows of its table, or of the texts beside pictures.

    `only` is the one table to read. Raises DataError if there are no captions, or if
    several tables fit the pictures.
    """
    if only is not None:
        return _read(files, tree, only)
    error, unfit = None, None
    for group in _groups(tree):
        fit, rank = [], _rank(group[0], tree)
        for table in group:
            try:
                rows = _read(files, tree, table)
            except DataError as e:
                if rank < 2 or not table.endswith((".json", ".txt")):
                    error = error or e
                continue
            if _fits(rows, tree):
                fit.append((table, rows))
            elif rank < 2:
                unfit = unfit or rows
        if fit:
            return _the_one(files, fit)
        if rank == 0 and (error or unfit):
            break  # a table called captions is meant, even if it is wrong
    else:
        rows = _texts_beside(files, tree)
        if rows.good:
            return rows
    if unfit is not None:  # its first missing picture will be told
        return unfit
    raise error or DataError(_nothing(files, tree))


def has_captions(files) -> bool:
    """Whether a folder or an archive has captions: a table called so, which may be
    wrong, or sentences, which are not the labels of classes.
    """
    tree = Tree(files)
    if any(_rank(table, tree) == 0 for group in _groups(tree) for table in group):
        return True
    try:
        rows = find_rows(files, tree).good[:_SAMPLE]
    except DataError:
        return False
    long = sum(any(len(split_words(c)) > 1 for c in row.captions) for row in rows)
    return 2 * long > len(rows)


def _groups(tree: Tree) -> list[list[str]]:
    """The tables that may hold captions. Those of a group are equally likely, and the
    likelier groups come first.
    """
    likely = []
    for name in tree.names:
        rank, depth = _rank(name, tree), name.count("/") - tree.depth
        if rank + depth <= 3 and depth <= 2:
            likely.append(((rank > 1, depth, rank), name))
    likely = sorted(likely)[:MOST_TABLES]
    grouped = itertools.groupby(likely, key=lambda pair: pair[0])
    return [[name for _, name in group] for _, group in grouped]


def _rank(name: str, tree: Tree) -> int:
    """How likely a file is a table of captions: 0 by its name, 1 by a usual name, 2 by
    its ending, 3 perhaps, and 9 not at all.
    """
    stem, ending = stem_and_ending(name.lower())
    if ending not in TABLES or stem in _NO_TABLE:
        return 9
    if ending == ".txt" and tree.picture_of(name) is not None:
        return 9
    if stem in ("caption", "captions"):
        return 0
    is_token = ending == ".token" or stem.endswith(".token")
    if is_token and "lemma" not in stem:
        return 1
    if ending == ".json" and stem.startswith(("captions_", "dataset_")):
        return 1
    if stem in _USUAL:
        return 1
    return 3 if ending == ".txt" else 2


def _read(files, tree: Tree, table: str) -> Rows:
    """The rows of a table, of any format. DataError if it is none, or names files
    elsewhere.
    """
    where = f"{files.path}: {shown(table)}"
    base = table[: table.rindex("/") + 1] if "/" in table else ""
    ending = stem_and_ending(table)[1]
    is_json = ending == ".json"
    data = files.read(table, MOST_JSON_BYTES if is_json else MOST_TABLE_BYTES)
    if is_json:
        rows = read_json(data, where)
    elif ending == ".jsonl":
        rows = read_json_lines(data, where)
    else:
        separator = SEPARATORS.get(ending, ",")
        rows = read_table(data, separator, where, lambda s: tree.has_picture(s, base))
    for row in rows.good:
        _check_name(row.name, row.at)
    return rows._replace(base=base)


def _check_name(name: str, at: str) -> None:
    """Raise DataError for a name that leaves the folder or the archive."""
    inside = (
        name
        and not PurePosixPath(name).is_absolute()
        and not PureWindowsPath(name).drive
        and not {"..", ""} & set(name.split("/"))
        and "\\" not in name
        and "\0" not in name
    )
    if not inside:
        raise DataError(
            f"{at}: expected a file below the table, with / between folders, "
            f"found {quoted(name)}"
        )


def _fits(rows: Rows, tree: Tree) -> bool:
    """Whether half of the pictures that a table names are there, by a sample."""
    sample = rows.good[:: -(-len(rows.good) // _SAMPLE) or 1]
    found = sum(tree.has_picture(row.name, rows.base) for row in sample)
    return 2 * found >= len(sample) > 0


def _the_one(files, fit: list[tuple[str, Rows]]) -> Rows:
    """The only table that fits, or the only one for training. DataError if there are
    several.
    """
    names = ", ".join(shown(table) for table, _ in fit[:4])
    training = [pair for pair in fit if "train" in pair[0].lower()]
    if len(fit) == 1:
        return fit[0][1]
    if len(training) != 1:
        raise DataError(
            f"{files.path}: expected one table of captions, found {names} "
            f"(give the path of one of them)"
        )
    table, rows = training[0]
    rows.notes.append(f"of the tables {names} only {shown(table)} is read")
    return rows


def _texts_beside(files, tree: Tree) -> Rows:
    """A row for each text with letters that belongs to a picture: each line is a
    caption.
    """
    rows = Rows([], [], [])
    for name in sorted(tree.names):
        if stem_and_ending(name)[1] not in _BESIDE:
            continue
        picture = tree.picture_of(name)
        if picture is None:
            continue
        where = f"{files.path}: {shown(name)}"
        try:
            text = text_of(files.read(name, MOST_TEXT_BYTES), where)
        except DataError as e:
            rows.bad.append(str(e))
            continue
        captions = [line.strip() for line in lines_of(text) if line.strip()]
        if not any(c.isalpha() for c in "".join(captions)):
            continue  # numbers alone are boxes around things, as YOLO has them
        rows.good.append(Row(picture, captions, {}, where))
    told = len({row.name for row in rows.good})
    if 0 < told < tree.pictures:
        if 2 * told < tree.pictures:
            raise DataError(
                f"{files.path}: expected a text for each picture, found {told} texts "
                f"for {tree.pictures:,} pictures"
            )
        rows.notes.append(
            f"{tree.pictures - told:,} of {tree.pictures:,} pictures have no text and "
            f"are left out"
        )
    return rows


def _nothing(files, tree: Tree) -> str:
    others = (".xlsx", ".xls", ".ods", ".parquet", ".arrow")
    found = [name for name in sorted(tree.names) if name.lower().endswith(others)]
    what = f"{tree.pictures:,} pictures and no table"
    if found:
        what = f"{shown(found[0])} (save it as CSV in UTF-8)"
    elif tree.pictures:
        what += "; without captions, the recipe pictures trains on them"
    return (
        f"{files.path}: expected captions, in a table (captions.csv, captions.txt, "
        f"metadata.csv, metadata.jsonl, captions_*.json) or in a text beside each "
        f"picture, found {what}"
    )
