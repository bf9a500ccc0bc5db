"""``python -m figures`` is ``quod figure``."""

import sys


def main() -> int:
    """Run ``quod figure``, or refuse in one line where one of our packages is shadowed.

    Returns
    -------
    int
        The exit status.
    """
    from verification.entry import pin_threads, shadowed

    problem = shadowed()
    if problem is not None:
        sys.stderr.write(f"quod: {problem}\n")
        return 2
    pin_threads()
    from verification.cli import execute

    return execute(["figure", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
