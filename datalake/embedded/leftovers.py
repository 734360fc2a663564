"""Find and end every process of a stack, whoever its parent is now.

Each process of a stack inherits an environment variable with the stack's folder, so one that outlived a
crashed supervisor is found in /proc.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import psutil

STACK_MARK = "DATALAKE_STACK"
COMPONENT_MARK = "DATALAKE_COMPONENT"


def marked_processes(folder: Path, component: str | None = None) -> list[psutil.Process]:
    """Live processes of the stack in `folder` (of one component of it) and their descendants.

    This process and its ancestors are never among them.
    """
    marks = {f"{STACK_MARK}={folder}"}
    if component is not None:
        marks.add(f"{COMPONENT_MARK}={component}")
    ours = {process.pid for process in [psutil.Process(), *psutil.Process().parents()]}
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        if process.pid not in ours and marks <= _environment(process.pid):
            found[process.pid] = process
            found.update((child.pid, child) for child in _descendants(process))
    return [process for process in found.values() if process.pid not in ours and _is_alive(process)]


def end(processes: Iterable[psutil.Process], grace_s: float = 5.0) -> None:
    """SIGTERM, and SIGKILL for those that are still there after `grace_s`."""
    rest = list(processes)
    if grace_s > 0:
        _signal(rest, "terminate")
        rest = psutil.wait_procs(rest, timeout=grace_s)[1]
    _signal(rest, "kill")
    psutil.wait_procs(rest, timeout=5)


def _signal(processes: Iterable[psutil.Process], method: str) -> None:
    for process in processes:
        try:
            getattr(process, method)()
        except psutil.NoSuchProcess:
            continue


def _environment(pid: int) -> set[str]:
    """What /proc tells; empty for processes of others and for those that just ended."""
    try:
        content = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return set()
    return {item.decode(errors="surrogateescape") for item in content.split(b"\0")}


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
