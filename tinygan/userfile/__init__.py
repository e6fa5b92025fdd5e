"""Python files that users write: their own recipe, or a layer for `tinygan check`."""

from .blame import failure, is_library, is_users, placed, users_line
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
    "is_library",
    "is_users",
    "load_module",
    "placed",
    "read_source",
    "source_of",
    "users_line",
]
