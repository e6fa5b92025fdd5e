"""Python files that users write: their own recipe, or a layer for `tinygan check`."""

from .blame import failure, is_users, placed
from .source import (
    MOST,
    MOST_FILES,
    Source,
    load_module,
    read_source,
    source_of,
)

__all__ = [
    "MOST",
    "MOST_FILES",
    "Source",
    "failure",
    "is_users",
    "load_module",
    "placed",
    "read_source",
    "source_of",
]
