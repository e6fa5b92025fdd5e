"""`python -m tinygan` is `tinygan`."""

import sys

from .cli import main

sys.exit(main())
