"""`python -m tinygan` is `tinygan`."""

import sys

from .cli.arguments import main

sys.exit(main())
