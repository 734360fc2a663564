"""What the bootstrap says, and how it runs commands. Standard library only."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED_GB = 10

# Settings of the caller's shell that would send packages elsewhere than into the folder we name.
_MISLEADING = (
    *("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONSAFEPATH"),
    *("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_HASHES"),
)
_OPERATION = re.compile(r"^\s*- (Installing|Updating|Downgrading|Removing) (\S+) \(")
_OPERATIONS = re.compile(r"(\d+) installs?, (\d+) updates?, (\d+) removals?")
_NETWORK = re.compile(
    r"ConnectionError|ConnectTimeout|ReadTimeout|NewConnectionError|MaxRetryError|ProxyError|SSLError"
    r"|Name or service not known|name resolution|All attempts to connect|Network is unreachable"
    r"|\(from versions: none\)"  # all that pip says when it is told not to retry
)


class BootstrapError(Exception):
    """Something only the person at the keyboard can put right; the text says what."""


def say(text: str) -> None:
    """One line to stderr, so that a launcher's stdout stays its own."""
    sys.stderr.write(f"bootstrap: {text}\n")
    sys.stderr.flush()


@contextmanager
def step(what: str) -> Iterator[None]:
    """Announce a step and, when it succeeds, say how long it took."""
    say(f"{what} ...")
    start = time.monotonic()
    yield
    say(f"{what}: done in {time.monotonic() - start:.0f} s")


class Progress:
    """Packages done so far: one moving line on a terminal, a line every ten seconds in a log."""

    def __init__(self) -> None:
        self.total = 0
        self.done = 0
        self._moving = sys.stderr.isatty()
        self._last = time.monotonic()

    def feed(self, line: str) -> None:
        """Read one line of Poetry's output."""
        if counts := _OPERATIONS.search(line):
            self.total = sum(map(int, counts.groups()))
        elif operation := _OPERATION.match(line):
            self.done += 1
            self._show(operation[2])

    def _show(self, package: str) -> None:
        text = f"  package {self.done} of {self.total}: {package}"
        if self._moving:
            sys.stderr.write(f"\r\033[K{text}")
        elif time.monotonic() - self._last >= 10:
            self._last = time.monotonic()
            say(text)

    def close(self) -> None:
        """End the moving line."""
        if self._moving and self.done:
            sys.stderr.write("\r\033[K")


def environment(**extra: str) -> dict[str, str]:
    """The caller's environment without what would lead pip and Poetry astray."""
    env = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
    return env | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONNOUSERSITE": "1"} | extra


def run(command: Sequence[str | Path]) -> str:
    """Run a command to its end and return its output.

    Raises:
        BootstrapError: it failed; carries the end of what it said.
    """
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        what = " ".join(map(str, command[1:4]))
        raise BootstrapError(explain(f"{what} failed", done.stdout.splitlines()[-30:]))
    return done.stdout


def is_network_failure(lines: Iterable[str]) -> bool:
    """True when a failed command's words blame the network."""
    return _NETWORK.search("\n".join(lines)) is not None


def explain(what: str, lines: Sequence[str]) -> str:
    """A failed command's last words, without passwords, and the remedy where the cause is plain."""
    words = re.sub(r"//[^/@\s]+@", "//***@", "\n".join(f"    {line}" for line in lines))
    if is_network_failure(lines):
        return (
            f"{what}: the package index cannot be reached.\n{words}\n  Check the network, HTTPS_PROXY and "
            "pip's index settings, then run again: finished downloads are kept."
        )
    if "No space left" in words:
        return f"{what}: the disk is full.\n{words}\n  Free {NEEDED_GB} GB, then run again."
    return f"{what}:\n{words}"
