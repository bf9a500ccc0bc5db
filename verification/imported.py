"""Which files of a folder a Python file imports, at any depth, found without running it."""

from __future__ import annotations

from importlib.machinery import PathFinder
from modulefinder import ModuleFinder
from pathlib import Path
from typing import Any

PACKAGE = 5
"""What the standard library calls a package in what it returns here."""


class _Finder(ModuleFinder):
    """Knows packages without an ``__init__.py`` too, at which that of the standard library fails."""

    def find_module(self, name: str, path: Any, parent: Any = None) -> Any:
        """Return where a module is."""
        spec = PathFinder.find_spec(name, self.path if path is None else path)
        if spec is not None and spec.loader is None:
            return None, list(spec.submodule_search_locations or ()), ("", "", PACKAGE)
        return super().find_module(name, path, parent)

    def load_package(self, fqname: str, pathname: Any) -> Any:
        """Return a package, whose modules are found when they are imported."""
        if isinstance(pathname, str):
            return super().load_package(fqname, pathname)
        module: Any = self.add_module(fqname)
        module.__path__ = pathname
        return module


def imported_by(path: Path) -> set[Path]:
    """Return the files beside a Python file, at any depth below its folder, that it imports, and those that they import.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    set of Path
        Their resolved paths.
    """
    finder = _Finder(path=[str(path.parent)])
    finder.run_script(str(path))
    places = (getattr(module, "__file__", None) for module in finder.modules.values())
    return {Path(place).resolve() for place in places if place}
