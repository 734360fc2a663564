"""Our own code as a task finds it: loaded ahead, and loaded anew once a file of it has changed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

Stamps = Mapping[str, tuple[int, int]]


def stamps(package: str) -> Stamps:
    """When the file of each loaded module of a package was written (ns), and its length; 0 if it is gone."""
    files = {name: getattr(sys.modules[name], "__file__", None) for name in loaded(package)}
    return {name: _stamp(Path(file)) for name, file in files.items() if file}


def forget_if_changed(package: str, seen: Stamps) -> bool:
    """Forget all modules of a package that were loaded ahead, if the file of one has changed since.

    Only for a process that has made nothing of them yet.

    Args:
        package: name of the package; it stays itself.
        seen: its `stamps` when it was loaded ahead.

    Returns:
        True if it was forgotten: the next import reads the files.
    """
    now = stamps(package)
    if all(now.get(name) == stamp for name, stamp in seen.items()):
        return False
    forget(seen.keys() - {package})
    return True


def forget(modules: Iterable[str]) -> None:
    """Forget modules, so that the next import of each reads its file."""
    for name in modules:
        parent, _, child = name.rpartition(".")
        sys.modules.pop(name, None)
        if parent in sys.modules:
            vars(sys.modules[parent]).pop(child, None)


def loaded(package: str) -> list[str]:
    """Names of a package and of its modules, as far as they are imported."""
    return [name for name in sys.modules if name == package or name.startswith(f"{package}.")]


def _stamp(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
