"""``python -m notebookgen``."""

import sys

from notebookgen.cli import main

sys.exit(main())
