"""``python -m verification`` is ``quod``."""

import sys

from verification.entry import main

if __name__ == "__main__":
    sys.exit(main())
