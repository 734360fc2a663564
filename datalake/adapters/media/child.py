"""The process that opens untrusted bytes: no model, no secrets, hard limits, killed without a word.

`process.Child` runs it as `python -m datalake.adapters.media.child SOCKET PARENT MEMORY_BYTES THREADS GPU`.
A packet on the socket is one JSON request, answered by one JSON packet; pixels travel in a memfd that goes
along with the answer, so nothing outlives a kill.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import socket
import sys
from typing import Any

from datalake.adapters.media.answer import Handlers
from datalake.adapters.media.decode.decoding import Decoding
from datalake.adapters.media.decode.hardware import Hardware
from datalake.adapters.media.probe.probing import probe
from datalake.adapters.media.proxy.transcoding import Transcoding
from datalake.common_func import die_with_parent
from datalake.errors import BadVideo
from datalake.findings import finding

MAX_PACKET_BYTES = 128 * 1024


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
        channel.send(b"{}")  # ready: from here on, a failure is the video's
        while packet := channel.recv(MAX_PACKET_BYTES):
            _reply(channel, handlers, json.loads(packet))


def _reply(channel: socket.socket, handlers: Handlers, request: dict[str, Any]) -> None:
    _limit_cpu(request.pop("cpu_s"))
    try:
        answer = handlers[request.pop("op")](**request)
    except BadVideo as bad:
        channel.send(json.dumps({"finding": bad.finding.model_dump()}).encode())
    except MemoryError:
        refusal = finding("decoder_out_of_memory", "the decoder asked for more than CHILD_MEMORY_BYTES")
        channel.send(json.dumps({"finding": refusal.model_dump()}).encode())
    else:
        files = [] if answer.pixels_fd is None else [answer.pixels_fd]
        socket.send_fds(channel, [json.dumps({"result": answer.result}).encode()], files)
        for file in files:
            os.close(file)


def _limit_memory(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_cpu(seconds: float) -> None:
    """Let this request use so many CPU-seconds more; the kernel kills what goes on."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(usage.ru_utime + usage.ru_stime + seconds), hard))


if __name__ == "__main__":
    threads = int(sys.argv[4])
    hardware = Hardware() if sys.argv[5] == "True" else None
    decoding, transcoding = Decoding(threads, hardware), Transcoding(threads)
    main(
        {
            "probe": probe,
            "open": decoding.open,
            "keyframes": decoding.keyframes,
            "frames": decoding.frames,
            "shots": decoding.shots,
            "close": decoding.close,
            "proxy_open": transcoding.open,
            "proxy_step": transcoding.step,
            "proxy_close": transcoding.close,
        },
        sys.argv[1:],
        hardware,
    )
