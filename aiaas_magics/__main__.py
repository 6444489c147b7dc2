"""``python -m aiaas_magics`` is ``aiaas``."""

import sys

from aiaas_magics.cli import main

if __name__ == "__main__":
    sys.exit(main())
