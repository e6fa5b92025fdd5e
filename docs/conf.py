"""How Sphinx builds the book. Nothing in the built pages comes from elsewhere."""

import importlib.util
import pathlib
import sys

DOCS = pathlib.Path(__file__).parent
sys.path[:0] = [str(DOCS / "extensions"), str(DOCS.parent)]

import tinygan  # noqa: E402

project, author = "tinygan", "the tinygan authors"
version = release = tinygan.__version__
copyright = "the tinygan authors, MIT licence"

extensions = [
    "myst_parser",
    "sphinx.ext.mathjax",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinxcontrib.bibtex",
    "figures",  # draws docs/figures/*.py
    "ledger",  # ties displayed equations to the lines that compute them
    "captions",  # each listing has its file as caption
    "source_pages",  # the code, with links to and fro
    "notation",  # the index of the letters
    "citations",  # "Karras et al. 2018" leads to the bibliography
    "plain_docstrings",  # docstrings are plain text, not reStructuredText
    "commands",  # the options of the command line
    "editions",  # each page leads to the other language
]
exclude_patterns = ["_build", "extensions", "figures", "locale"]

# The Chinese edition: sphinx -D language=zh_CN, see docs/extensions/editions.py.
locale_dirs = ["locale"]
gettext_compact = False  # a file of messages for each page
gettext_location = gettext_uuid = False

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
myst_dmath_double_inline = False

bibtex_bibfiles = ["references.bib"]
bibtex_cite_id = "cite-{key}"

autodoc_member_order = "bysource"
autodoc_default_options = {
    "members": True,
    "special-members": "__call__",
    "show-inheritance": True,
}
add_module_names = False  # each module has a section of its own
autodoc_inherit_docstrings = False
autodoc_typehints = "signature"
autodoc_preserve_defaults = True

html_theme = "furo"
html_title = "tinygan"
html_baseurl = ""
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
templates_path = ["_templates"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/edition.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
        "sidebar/variant-selector.html",
    ]
}
html_css_files = ["book.css"]
html_js_files = ["book.js"]
# What is copied of a session is what was typed.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# MathJax comes with a Python package, and goes into the build as one file.
_mathjax = pathlib.Path(importlib.util.find_spec("sphinx-mathjax-offline").origin)
html_static_path = ["_static", str(_mathjax.parent / "static/mathjax/tex-svg.js")]
mathjax_path = "tex-svg.js"
math_numfig = False
math_number_all = False
mathjax3_config = {
    "tex": {
        "macros": {
            "E": r"\mathbb{E}",
            "R": r"\mathbb{R}",
            "norm": [r"\lVert #1\rVert", 1],
            "inner": [r"\langle #1,\, #2\rangle", 2],
            "d": [r"\mathrm{d}#1", 1],
            "softplus": r"\operatorname{softplus}",
            "KL": r"\operatorname{KL}",
            "JSD": r"\operatorname{JSD}",
            "diag": r"\operatorname{diag}",
            "std": r"\operatorname{std}",
            "tr": r"\operatorname{tr}",
        }
    },
    "options": {"enableMenu": False},
}
