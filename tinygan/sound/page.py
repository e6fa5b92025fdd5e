"""A page with players, for a browser: one file that loads nothing from elsewhere."""

import base64
import html

STYLE = """\
body { font-family: sans-serif; margin: 2em; background: #fff; color: #111 }
main { display: grid; grid-template-columns: repeat(auto-fill, 17em); gap: 1em }
figure { margin: 0 }
audio { width: 100%; height: 2.2em }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee } }"""


def sound_page(title: str, sounds: list[tuple[str, bytes]]) -> str:
    """HTML with a player for each sound: (its caption, the bytes of a WAV file)."""
    players = "\n".join(
        player(caption, base64.b64encode(wav).decode("ascii"))
        for caption, wav in sounds
    )
    heading = f"<h1>{html.escape(title)}</h1>"
    return document(title, STYLE, f"{heading}\n<main>\n{players}\n</main>")


def player(caption: str, wav: str) -> str:
    """HTML that plays a WAV file, given in base 64, below its caption."""
    return (
        f"<figure><figcaption>{html.escape(caption)}</figcaption>"
        f'<audio controls preload="metadata" src="data:audio/wav;base64,'
        f'{wav}"></audio></figure>'
    )


def document(title: str, style: str, body: str, policy: str = "") -> str:
    """A whole page. `style` is CSS and `body` HTML, in which every text is escaped
    already; `policy` tells the browser what the page may load and which script may run.
    """
    rule = ""
    if policy:
        content = html.escape(policy)
        rule = f'<meta http-equiv="Content-Security-Policy" content="{content}">\n'
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{rule}'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{style}\n</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )
