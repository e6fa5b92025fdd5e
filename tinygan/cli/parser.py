"""The parser of the command line: an error is one sentence, and names what is near."""

import argparse
import difflib
import re
import sys

from ..errors import one_line
from .terminal import say


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one sentence, with the names that are near. It
    takes --range -1,1.
    """

    def parse_known_args(self, args=None, namespace=None):
        """As in argparse, except that the word after --range is its value."""
        words = list(sys.argv[1:] if args is None else args)
        for n in [n for n, word in enumerate(words[:-1]) if word == "--range"]:
            words[n : n + 2] = [f"--range={words[n + 1]}"]
        return super().parse_known_args(words, namespace)

    def error(self, message):
        unknown = re.search(
            r"(?:unrecognized arguments:|invalid choice:) (\S+)", message
        )
        near = self._near(unknown[1].strip("',")) if unknown else None
        hint = f"did you mean {near}?" if near else f"see {self.prog} --help"
        message = re.sub(r" \(choose from [^)]*\)$", "", message) if near else message
        say(one_line(f"{self.prog}: {message} ({hint})"), sys.stderr)
        self.exit(2)

    def _near(self, word: str) -> str | None:
        names = set()
        for action in self._actions:
            for choice in action.choices or ():
                names.add(str(choice))
                if isinstance(action, argparse._SubParsersAction):
                    names.update(action.choices[choice]._option_string_actions)
        found = difflib.get_close_matches(word.partition("=")[0], names, 1)
        return found[0] if found else None
