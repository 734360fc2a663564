"""The parent's side of a child that opens untrusted bytes: ask, wait so long, kill, replace.

A decoder may hang, ignore SIGTERM, eat memory or die; each costs one child and gives one finding.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from datalake.adapters.media.answers import Answer, answer_in, no_room
from datalake.adapters.media.limits import Limits
from datalake.adapters.media.pixel_files import PixelFile, PixelFiles, Pixels
from datalake.adapters.media.process_memory import held_bytes, resident_bytes
from datalake.errors import BadVideo, MachineBusy
from datalake.findings import finding
from datalake.stopping import current_stop

ENTRY = "datalake.adapters.media.child"
ENDED = frozenset({"decoder_died", "decoder_hung", "decoder_out_of_memory"})  # findings: it is done for
_MAX_PACKET_BYTES = 128 * 1024
_START_TIMEOUT_S = 60.0
_LAST_WORDS_S = 2.0  # from hanging up to the end of a traceback
_INHERITED = ("PATH", "LD_LIBRARY_PATH", "TMPDIR", "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]


class Child:
    """One child process; requests go one at a time, `send` then `receive`.

    Raises:
        MachineBusy: this machine has nothing left to start it with.
    """

    def __init__(self, limits: Limits, entry: str = ENTRY) -> None:
        self._limits = limits
        with ExitStack() as opened, _enough_left("the media child cannot start"):
            self._stderr = opened.enter_context(tempfile.TemporaryFile())
            self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            opened.enter_context(self._channel)
            with theirs:
                given = (theirs.fileno(), os.getpid(), limits.memory_bytes, limits.threads, limits.uses_gpu)
                self._process = subprocess.Popen(
                    [sys.executable, "-m", entry, *map(str, given)],
                    env=_bare_environment(),
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=self._stderr,
                )
            opened.pop_all()  # from here on kill() closes them
        self._pixel_files = PixelFiles()
        self._deadline_s = 0.0  # of the request under way
        self._target: PixelFile | None = None  # of the last `send`
        self._is_ready = self._is_killed = False
        self._excess_bytes = 0  # what it held when that was too much
        self.is_busy = False  # True from `send` to a good answer; a child left busy is not used again

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """True while the process runs; False from `kill_at_once` on."""
        return not self._is_killed and self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Wait until it takes requests; the clock runs from here.

        Raises:
            MachineBusy: the child cannot start; no video is to blame.
            Stopped: the video that this thread works on must not go on.
        """
        if self._is_ready:
            return
        self._channel.settimeout(_START_TIMEOUT_S)
        try:
            self._is_ready = bool(self._channel.recv(_MAX_PACKET_BYTES))
        except (TimeoutError, ConnectionResetError):
            self._is_ready = False
        if not self._is_ready:
            why = self._obituary()
            current_stop().check()
            raise MachineBusy(f"the media child cannot start: {why}")

    def request(self, op: str, timeout_s: float | None = None, **arguments: Any) -> Any:
        """Ask and wait for the JSON result.

        Raises:
            BadVideo: the child refused the file, hung, died or ran out of memory, or our code failed in it.
            MachineBusy: this machine has no room for what the child does.
        """
        self._send(op, timeout_s, [], arguments)
        answer = self._received()
        self.is_busy = False
        return answer.result

    def send(self, op: str, timeout_s: float | None = None, **arguments: Any) -> None:
        """Ask for something that has pixels; the clock runs from here.

        Raises:
            BadVideo: the child has ended.
            MachineBusy: this machine has no room for pixels.
        """
        with _enough_left("there is no room for pixels"):
            self._target = self._pixel_files.take()
        self._send(op, timeout_s, [self._target.fd], arguments)

    def receive(self) -> tuple[Any, Pixels]:
        """The result of the last `send`, and its pixels.

        Raises:
            BadVideo: the child refused the file, hung, died or ran out of memory, or our code failed in it.
            MachineBusy: this machine has no room for pixels, or for what the child does.
        """
        target, self._target = self._target, None
        if target is None:
            raise RuntimeError("`send` comes first")
        answer = self._received()
        if answer.pixels_bytes is None:
            raise self.disbelieved("nothing about pixels")
        try:
            with _enough_left("there is no room for pixels"):
                pixels = self._pixel_files.mapped(target, answer.pixels_bytes)
        except ValueError as lie:
            raise self.disbelieved(str(lie)) from None
        self.is_busy = False
        return answer.result, pixels

    def disbelieved(self, why: str) -> BadVideo:
        """Ends a child whose answer cannot be true."""
        self.kill()
        return BadVideo(finding("decoder_died", f"it gave an answer that cannot be true: {why}; killed"))

    def _send(self, op: str, timeout_s: float | None, files: list[int], arguments: dict[str, Any]) -> None:
        limit_s = timeout_s or self._limits.timeout_s
        packet = {"op": op, "cpu_s": limit_s * self._limits.threads, **arguments}
        self._deadline_s, self.is_busy = time.monotonic() + limit_s, True
        try:
            socket.send_fds(self._channel, [json.dumps(packet).encode()], files)
        except BrokenPipeError:
            raise self._end() from None

    def _received(self) -> Answer:
        self._channel.settimeout(max(self._deadline_s - time.monotonic(), 0.001))
        try:
            packet = self._channel.recv(_MAX_PACKET_BYTES)
        except TimeoutError:
            self.kill()
            current_stop().check()
            raise BadVideo(finding("decoder_hung", "no answer within the time limit; killed")) from None
        except ConnectionResetError:
            packet = b""
        if not packet:
            raise self._end()
        return answer_in(packet, self.disbelieved)

    def kill(self) -> None:
        """End the process at once (SIGKILL: decoders ignore SIGTERM) and free what it held."""
        self._process.kill()
        self._process.wait()
        self._channel.close()
        self._stderr.close()
        self._pixel_files, self._target = PixelFiles(), None

    def kill_at_once(self) -> None:
        """Send SIGKILL and return: for any thread, also while another one waits for the answer."""
        self._is_killed = True
        self._process.kill()

    def kill_if_too_large(self) -> None:
        """Kill the process if more memory is in use than it may have: for any thread."""
        limit_bytes = self._limits.resident_bytes
        # looked at ten times a second: pages of files count here, but this costs a fifth
        if not self.is_alive or resident_bytes(self.pid) <= limit_bytes:
            return
        if (excess_bytes := held_bytes(self.pid)) > limit_bytes:
            self._excess_bytes = excess_bytes
            self.kill_at_once()

    def _end(self) -> BadVideo:
        """What the end of the process says of its video.

        Raises:
            Stopped: it says nothing: this thread's video must not go on, and somebody ended its child.
        """
        how = self._obituary()
        current_stop().check()
        if self._excess_bytes:
            held_mib, allowed_mib = self._excess_bytes >> 20, self._limits.resident_bytes >> 20
            told = f"{held_mib} MiB in use, CHILD_RESIDENT_BYTES allows {allowed_mib} MiB; killed"
            return BadVideo(finding("decoder_out_of_memory", told))
        return BadVideo(finding("decoder_died", how))

    def _obituary(self) -> str:
        """How the process ended: signal or exit code, and the last line it wrote."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_WORDS_S)
        self._process.kill()
        code = self._process.wait()
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines() or ["no last words"]
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        self.kill()
        return f"{how}: {lines[-1][:500]}"


@contextmanager
def _enough_left(trouble: str) -> Iterator[None]:
    """ENOSPC, ENOMEM, EAGAIN and EMFILE are all of the machine, and pass."""
    try:
        yield
    except OSError as error:
        raise no_room(trouble, str(error.strerror)) from error


def _bare_environment() -> dict[str, str]:
    """The child's environment: our code on the path, and none of the parent's secrets."""
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return kept | {
        "PYTHONPATH": str(_PACKAGE_ROOT),
        "PYTHONIOENCODING": "utf-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",  # an arena reserves address space, and that is what is limited
        # glibc raises this with what is freed; packets of a long video then fragment the heap, 9 kB a picture
        "MALLOC_MMAP_THRESHOLD_": "131072",
    }
