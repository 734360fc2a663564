"""What a child's answer says: a result, a refusal, want of room, or that our own code failed in it."""

from __future__ import annotations

import logging
from typing import Any

from pydantic import BaseModel, ConfigDict, NonNegativeInt, ValidationError

from datalake.common_func import storable
from datalake.contracts import Finding
from datalake.errors import BadVideo, MachineBusy
from datalake.findings import finding

_log = logging.getLogger(__name__)


class Answer(BaseModel):
    """What a child may say; it has read untrusted bytes, so nothing else is believed.

    Attributes:
        result: of what was asked; whoever asked knows its shape.
        pixels_bytes: how many it has written.
        finding: why it refuses the file.
        machine: what this machine has run out of.
        error: what our own code stumbled over.
        trace: where that was.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    result: Any = None
    pixels_bytes: NonNegativeInt = 0
    finding: Finding | None = None
    machine: str | None = None
    error: str | None = None
    trace: str = ""


def answer_in(packet: bytes) -> Answer:
    """The answer with its result.

    Raises:
        BadVideo: the child refuses the file, or our own code failed over it.
        MachineBusy: this machine has no room for what the child does.
        ValidationError: it is no answer.
    """
    answer = Answer.model_validate_json(packet)
    if answer.finding is not None:
        raise BadVideo(answer.finding)
    if answer.machine is not None:
        raise no_room("the media child", answer.machine)
    if answer.error is not None:
        _log.error("Our code failed in a media child: %s", storable(answer.trace))
        raise BadVideo(finding("code_failed", storable(answer.error)))
    return answer


def why_not(lie: ValidationError) -> str:
    """What is wrong with an answer or its result, in a few words that do not repeat it."""
    first = lie.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc']))[:100] or 'all of it'}: {first['msg'][:200]}"


def no_room(trouble: str, why: str) -> MachineBusy:
    """This machine has nothing left, with what to do about it."""
    return MachineBusy(f"{trouble}: {why}; free memory, files or space in TMPDIR")
