"""Bring the messages of the Chinese edition up to date with the English pages.

    python docs/locale/update.py

A page of the book is a list of messages: its paragraphs, headings, cells and items.
`zh_CN/LC_MESSAGES/PAGE.po` has each of them beside its translation. Sphinx extracts the
messages, and Babel merges them into the files. A message whose English has changed a
little keeps its translation and is marked `fuzzy`: look at it, mend it and take the
mark away. Until then the Chinese page shows it in English. A message that another file
has translated already is taken from there, and one without words stays as it is.

The reference (docs/api) stays in English, as the docstrings are that it shows.
"""

import datetime
import pathlib
import re
import subprocess
import sys
import tempfile

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

LOCALE = pathlib.Path(__file__).parent
DOCS = LOCALE.parent
MESSAGES = LOCALE / "zh_CN" / "LC_MESSAGES"
ENGLISH = ("api/",)  # these pages stay as they are
NO_WORDS = re.compile(r"`+[^`]*`+|\$[^$]*\$|\b\d[\d.,]*e[+-]\d+")
WHEN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)  # no date that changes


def extracted(folder: pathlib.Path) -> dict[str, Catalog]:
    """page -> its messages, as Sphinx extracts them."""
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "gettext"]
    command += ["-D", "suppress_warnings=image.not_readable"]  # no figures are drawn
    subprocess.run([*command, str(DOCS), str(folder)], check=True)
    found = {}
    for path in sorted(folder.rglob("*.pot")):
        page = path.relative_to(folder).with_suffix("").as_posix()
        if not page.startswith(ENGLISH):
            found[page] = read(path)
    return found


def read(path: pathlib.Path) -> Catalog:
    """The messages of a file."""
    with path.open("rb") as file:
        return read_po(file, locale="zh_CN")


def translated(page: str) -> Catalog:
    """The translation of a page; without messages if there is none."""
    path = MESSAGES / f"{page}.po"
    return read(path) if path.exists() else Catalog(locale="zh_CN")


def merged(page: str, template: Catalog) -> Catalog:
    """The messages of a page as they are now, with their translations."""
    old, new = translated(page), Catalog(locale="zh_CN", fuzzy=False)
    new.project, new.version = "tinygan", ""
    new.copyright_holder = "the tinygan authors"
    new.header_comment = f"# {page}, in Chinese. docs/locale/update.py writes it."
    for message in old:
        if message.id:
            new[message.id] = message
    new.update(template)
    new.creation_date = new.revision_date = WHEN
    new.obsolete.clear()
    for message in new:
        message.locations, message.auto_comments, message.previous_id = [], [], ()
    return new


def fill(catalogs: dict[str, Catalog]) -> None:
    """Give each message the translation that another page has for the same words."""
    known = {
        m.id: m.string
        for catalog in catalogs.values()
        for m in catalog
        if m.id and m.string and not m.fuzzy
    }
    for catalog in catalogs.values():
        for message in catalog:
            if message.fuzzy or not message.string:
                same = message.id if wordless(message.id) else None
                message.string = known.get(message.id) or same or message.string
                if message.id in known or same:
                    message.flags.discard("fuzzy")


def wordless(text: str) -> bool:
    """True if a message is formulas, code and numbers alone."""
    return not re.search("[A-Za-z]", re.sub(NO_WORDS, "", text))


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        templates = extracted(pathlib.Path(folder))
    catalogs = {page: merged(page, template) for page, template in templates.items()}
    fill(catalogs)
    for page, catalog in catalogs.items():
        path = MESSAGES / f"{page}.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalog, width=0, no_location=True)
        messages = [m for m in catalog if m.id]
        left = sum(m.fuzzy or not m.string for m in messages)
        if left:
            print(f"{page}: {left} of {len(messages)} messages to translate")
    for path in MESSAGES.rglob("*.po"):
        if path.relative_to(MESSAGES).with_suffix("").as_posix() not in catalogs:
            print(f"{path.relative_to(LOCALE)}: its page is gone")
    return 0


if __name__ == "__main__":
    sys.exit(main())
