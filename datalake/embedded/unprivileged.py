"""Become a user without privileges before turning into another program.

PostgreSQL refuses to run as root. Started by root, `become` changes to the user `nobody`; where a folder
on the way is closed to that user, the program keeps the one Linux capability that lets it pass (ambient,
so that it survives exec). Started by anybody else it only replaces the process.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import sys
from pathlib import Path
from typing import NoReturn

from datalake.common_func import die_with_parent

_PR_CAPBSET_READ, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT = 23, 8, 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2
_CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def owner_ids() -> tuple[int, int] | None:
    """User and group id that an unprivileged server's files belong to; None: those of this process."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def _raise_ambient(libc: ctypes.CDLL, capability: int) -> None:
    """Keep exactly one capability, through exec."""
    header = _Header(_CAPABILITY_VERSION_3, 0)
    data = (_Data * 2)()
    bit = 1 << capability
    data[0] = _Data(bit, bit, bit)
    if libc.capset(ctypes.byref(header), data) == 0:
        libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)


def _drop_privileges(paths: list[Path]) -> None:
    """Become `nobody` for good, still able to reach `paths`; does nothing unless we are root."""
    ids = owner_ids()
    if ids is None:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(ids[1], ids[1], ids[1])
    os.setresuid(ids[0], ids[0], ids[0])
    if all(os.access(path, os.R_OK) for path in paths):
        return
    for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):
        if libc.prctl(_PR_CAPBSET_READ, capability, 0, 0, 0) == 1:
            _raise_ambient(libc, capability)
            return


def become(program: str, arguments: list[str]) -> NoReturn:
    """Replace this process by a program without privileges that dies (SIGINT) with its parent."""
    parent = os.getppid()
    _drop_privileges([Path(word) for word in [program, *arguments] if word.startswith("/")])
    # only now: a change of user clears it
    die_with_parent(parent, signal.SIGINT)
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    become(sys.argv[1], sys.argv[2:])
