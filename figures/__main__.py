"""``python -m figures`` is ``quod figure``."""

import sys

from verification.entry import main

if __name__ == "__main__":
    sys.exit(main("figure"))
