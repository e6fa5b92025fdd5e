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
        f"<figure><figcaption>{html.escape(caption)}</figcaption>"
        f'<audio controls preload="metadata" src="data:audio/wav;base64,'
        f'{base64.b64encode(wav).decode("ascii")}"></audio></figure>'
        for caption, wav in sounds
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{STYLE}\n</style>\n</head>\n"
        f"<body>\n<h1>{html.escape(title)}</h1>\n<main>\n{players}\n</main>\n"
        "</body>\n</html>\n"
    )
