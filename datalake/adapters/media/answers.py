"""What a child's answer says: a result, a refusal, want of room, or that our own code failed in it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, NonNegativeInt, TypeAdapter, ValidationError, model_validator

from datalake.adapters.media.refusals import Noticed
from datalake.common_func import storable
from datalake.contracts import Finding
from datalake.errors import BadVideo, MachineBusy
from datalake.findings import finding

_log = logging.getLogger(__name__)
Disbelieve = Callable[[str], BadVideo]  # ends the child that said it
Shape = TypeVar("Shape")


class Answer(BaseModel):
    """What a child may say; it has read untrusted bytes, so nothing else is believed.

    Attributes:
        result: of what was asked; whoever asked knows its shape.
        pixels_bytes: how many it has written; None where it says nothing of pixels.
        finding: why it refuses the file.
        machine: what this machine has run out of.
        error: what our own code stumbled over.
        trace: where that was.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    result: Any = None
    pixels_bytes: NonNegativeInt | None = None
    finding: Noticed | None = None
    machine: str | None = None
    error: str | None = None
    trace: str = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set & {"result", "finding", "machine", "error"}:
            raise ValueError("neither a result nor why there is none")
        return self


def answer_in(packet: bytes, disbelieve: Disbelieve) -> Answer:
    """The answer with its result.

    Raises:
        BadVideo: the child refuses the file, our own code failed over it, or this is no answer.
        MachineBusy: this machine has no room for what the child does.
    """
    try:
        answer = Answer.model_validate_json(packet)
    except ValidationError as lie:
        raise disbelieve(_why_not(lie)) from None
    if answer.finding is not None:
        raise BadVideo(finding_of(answer.finding))
    if answer.machine is not None:
        raise no_room("the media child", answer.machine)
    if answer.error is not None:
        _log.error("Our code failed in a media child: %s", storable(answer.trace))
        raise BadVideo(finding("code_failed", storable(answer.error)))
    return answer


def believed(result: Any, shape: TypeAdapter[Shape], disbelieve: Disbelieve) -> Shape:
    """A result in the shape that is due.

    Raises:
        BadVideo: it has another one.
    """
    try:
        return shape.validate_python(result)
    except ValidationError as lie:
        raise disbelieve(_why_not(lie)) from None


def finding_of(noticed: Noticed) -> Finding:
    """The finding that a child means."""
    return finding(noticed.code, noticed.evidence)


def _why_not(lie: ValidationError) -> str:
    """What is wrong with an answer or its result, in a few words that do not repeat it."""
    first = lie.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc']))[:100] or 'all of it'}: {first['msg'][:200]}"


def no_room(trouble: str, why: str) -> MachineBusy:
    """This machine has nothing left, with what to do about it."""
    return MachineBusy(f"{trouble}: {why}; free memory, files or space in TMPDIR")
