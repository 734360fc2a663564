"""The process that opens untrusted bytes: no model, no secrets, hard limits, killed without a word.

`process.Child` runs it as `python -m datalake.adapters.media.child SOCKET PARENT MEMORY_BYTES THREADS GPU`.
A packet on the socket is one JSON request, answered by one JSON packet; pixels are written into the memfd
that has come along with their request, so nothing outlives a kill.
"""

from __future__ import annotations

import errno
import gc
import json
import math
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from functools import cache
from io import FileIO
from typing import TYPE_CHECKING, Any

from av.error import FFmpegError

from datalake.adapters.media.decode.decoding import Decoding
from datalake.adapters.media.decode.hardware import Hardware
from datalake.adapters.media.refusals import Noticed, Refusal
from datalake.common_func import die_with_parent, storable

if TYPE_CHECKING:
    from datalake.adapters.media.proxy.transcoding import Transcoding

MAX_PACKET_BYTES = 128 * 1024
_MAX_ERROR_CHARS = 8 * 1024
_OF_THE_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EAGAIN)

Handlers = Mapping[str, Callable[..., Any]]
"""What answers each request; one that has come with a file is given it as `pixels`."""


def main(handlers: Handlers, arguments: list[str], hardware: Hardware | None = None) -> None:
    """Serve requests on the socket handed over, until the parent hangs up.

    Args:
        handlers: who answers which request.
        arguments: of the command line.
        hardware: a GPU's decoder, opened first: what its driver reserves is no memory of a file's.
    """
    channel_fd, parent_pid, memory_bytes = (int(argument) for argument in arguments[:3])
    die_with_parent(parent_pid, signal.SIGKILL)
    if hardware is not None:
        hardware.open()
        memory_bytes += hardware.reserved_bytes
    _limit_memory(memory_bytes)
    with socket.socket(fileno=channel_fd) as channel:
        gc.freeze()  # collecting what one file leaves behind need not look at the libraries
        channel.send(b"{}")  # ready: what fails from here on is no want of a child
        while True:
            packet, files, _, _ = socket.recv_fds(channel, MAX_PACKET_BYTES, 1)
            if not packet:
                return
            _reply(channel, handlers, json.loads(packet), *files)


def _reply(
    channel: socket.socket, handlers: Handlers, request: dict[str, Any], pixels_fd: int | None = None
) -> None:
    _limit_cpu(request.pop("cpu_s"))
    try:
        answer = _answer(handlers[request.pop("op")], request, pixels_fd)
    except Refusal as refusal:
        channel.send(json.dumps({"finding": refusal.noticed.as_json()}).encode())
    except MemoryError:
        noticed = Noticed("decoder_out_of_memory", "the decoder asked for more than CHILD_MEMORY_BYTES")
        channel.send(json.dumps({"finding": noticed.as_json()}).encode())
    except FFmpegError:
        raise  # one that no handler expects: this process ends, and its last words are told
    except Exception as error:  # noqa: BLE001 - a boundary: the parent is told, and ends this process
        channel.send(json.dumps(_trouble(error)).encode())
    else:
        channel.send(json.dumps(answer).encode())


def _trouble(error: Exception) -> dict[str, str]:
    """What the parent is told of an error that no decoder made: the machine's, or one of our own code."""
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        return {"machine": os.strerror(error.errno)}
    if isinstance(error, ImportError):  # of what only some requests need
        return {"machine": storable(str(error)[:500])}
    trace = "".join(traceback.format_exception(error))[-_MAX_ERROR_CHARS:]
    return {"error": storable(f"{type(error).__name__}: {error}"[:500]), "trace": storable(trace)}


def _answer(handler: Callable[..., Any], request: dict[str, Any], pixels_fd: int | None) -> dict[str, Any]:
    if pixels_fd is None:
        return {"result": handler(**request)}
    with FileIO(pixels_fd, "w") as pixels:
        pixels.seek(0)
        return {"result": handler(**request, pixels=pixels), "pixels_bytes": pixels.tell()}


def _limit_memory(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_cpu(seconds: float) -> None:
    """Let this request use so many CPU-seconds more; the kernel kills what goes on."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(usage.ru_utime + usage.ru_stime + seconds), hard))


# Decoding does without what these two need; with it a child takes more than twice as long to start.
def _probe(**request: Any) -> dict[str, Any]:
    from datalake.adapters.media.probe.probing import probe

    return probe(**request)


@cache
def _transcoding(threads: int) -> Transcoding:
    from datalake.adapters.media.proxy.transcoding import Transcoding

    return Transcoding(threads)


if __name__ == "__main__":
    threads = int(sys.argv[4])
    hardware = Hardware() if sys.argv[5] == "True" else None
    decoding = Decoding(threads, hardware)
    main(
        {
            "probe": _probe,
            "open": decoding.open,
            "keyframes": decoding.keyframes,
            "frames": decoding.frames,
            "shots": decoding.shots,
            "close": decoding.close,
            "proxy_open": lambda **request: _transcoding(threads).open(**request),
            "proxy_step": lambda **request: _transcoding(threads).step(**request),
            "proxy_close": lambda: _transcoding(threads).close(),
        },
        sys.argv[1:],
        hardware,
    )
