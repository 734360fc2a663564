"""Bytes to a request's model, and why not."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from datalake.embedded.qdrant.errors import BadRequest, NotSupported
from datalake.embedded.qdrant.requests import Body

BodyT = TypeVar("BodyT", bound=Body)


def parsed(model: type[BodyT], body: bytes) -> BodyT:
    """The request body as its model.

    Raises:
        BadRequest: not JSON, or a field has a wrong type or value.
        NotSupported: it has a field that the embedded Qdrant does not know.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(error) from error


def _refusal(error: ValidationError) -> BadRequest | NotSupported:
    findings = error.errors(include_url=False, include_input=False, include_context=False)
    worst = next((finding for finding in findings if finding["type"] == "extra_forbidden"), findings[0])
    where = ".".join(str(part) for part in worst["loc"]) or "body"
    if worst["type"] == "extra_forbidden":
        return NotSupported(f"field `{where}`")
    return BadRequest(f"`{where}`: {worst['msg']}")
