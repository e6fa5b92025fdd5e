"""{commands}: what `tinygan COMMAND --help` says, of every command."""

from docutils import nodes
from docutils.parsers.rst import Directive

from tinygan.cli import arguments as cli


class Commands(Directive):
    """A section for each command, with its help."""

    def run(self):
        out = []
        for name, parser in commands().items():
            section = nodes.section(ids=[f"tinygan-{name}"])
            section += nodes.title(text=f"tinygan {name}")
            text = parser.format_help()
            section += nodes.literal_block(text, text, language="text")
            out.append(section)
        return out


def commands() -> dict:
    """The parser of each command, by name."""
    (actions,) = cli._parser()._subparsers._group_actions
    return actions.choices


def setup(app):
    app.add_directive("commands", Commands)
    return {"version": "1", "parallel_read_safe": True}
