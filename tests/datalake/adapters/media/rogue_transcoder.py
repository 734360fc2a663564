"""A child whose proxies go wrong after half a file, in the way that a tag names."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from datalake.adapters.media.child import main
from datalake.adapters.media.refusals import Refusal

wish = ""


def proxy_open(target: str, tags: dict[str, str], **_: Any) -> dict[str, Any]:
    global wish
    wish = tags["wish"]
    Path(target).write_bytes(b"half")
    return {}


def proxy_step(seconds: float) -> dict[str, Any]:
    if wish == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if wish == "go on for ever":
        return {"is_finished": False}
    if wish == "refuse":
        raise Refusal("decode_failed", "in the middle")
    if wish == "fill the disk":
        return {"cannot_write": "No space left on device"}
    if wish == "interrupt":
        os.kill(os.getppid(), signal.SIGINT)
    signal.pause()
    return {"is_finished": True}


if __name__ == "__main__":
    main({"proxy_open": proxy_open, "proxy_step": proxy_step}, sys.argv[1:])
