"""``python -m emotion``: the command line."""

import sys

from emotion.cli import main

sys.exit(main())
