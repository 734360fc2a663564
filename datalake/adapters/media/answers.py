"""What a child's answer says: a result, a refusal, want of room, or that our own code failed in it."""

from __future__ import annotations

import json
import logging
from typing import Any

from datalake.common_func import storable
from datalake.contracts import Finding
from datalake.errors import BadVideo, MachineBusy
from datalake.findings import finding

_log = logging.getLogger(__name__)


def answer_in(packet: bytes) -> dict[str, Any]:
    """The answer with its result.

    Raises:
        BadVideo: the child refuses the file, or our own code failed over it.
        MachineBusy: this machine has no room for what the child does.
    """
    answer: dict[str, Any] = json.loads(packet)
    if refusal := answer.get("finding"):
        raise BadVideo(Finding.model_validate(refusal))
    if trouble := answer.get("machine"):
        raise no_room("the media child", trouble)
    if error := answer.get("error"):
        _log.error("Our code failed in a media child: %s", storable(answer["trace"]))
        raise BadVideo(finding("code_failed", storable(error)))
    return answer


def no_room(trouble: str, why: str) -> MachineBusy:
    """This machine has nothing left, with what to do about it."""
    return MachineBusy(f"{trouble}: {why}; free memory, files or space in TMPDIR")
