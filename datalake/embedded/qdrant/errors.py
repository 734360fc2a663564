"""Answers that are not 200.

Refused
├── BadRequest    400  the request is wrong
├── NotFound      404  the collection or point is not there
├── Conflict      409  the collection is there already
├── TooLarge      413  the body is larger than the server takes
└── NotSupported  501  a Qdrant server can do it, this one cannot
"""

from __future__ import annotations

from typing import ClassVar


class Refused(Exception):
    """A request that is answered with an error; its text goes to the client."""

    status: ClassVar[int] = 400


class BadRequest(Refused):
    """The request is wrong."""


class NotFound(Refused):
    """The collection or point is not there."""

    status = 404


class Conflict(Refused):
    """The collection is there already."""

    status = 409


class TooLarge(Refused):
    """The body is larger than the server takes."""

    status = 413


class NotSupported(Refused):
    """A Qdrant server can do it, this one cannot."""

    status = 501

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} is not supported by the embedded Qdrant; point QDRANT_URL at a Qdrant server"
        )


class DataFolderError(Exception):
    """The data folder cannot be served; the text says why and what to do."""
