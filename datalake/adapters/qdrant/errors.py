"""The errors of qdrant-client as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError

import httpx
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from datalake.errors import ConfigurationError, PipelineError, VectorStoreUnavailable

_WRONG_ADDRESS = (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects)
_RETRIED = {408, 425, 429}


class MissingCollection(ConfigurationError):
    """The collection that a request names is not there."""


class CollectionExists(ConfigurationError):
    """The collection that a request would create is there already."""


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Raise our errors instead of the client's.

    Raises:
        VectorStoreUnavailable: no connection, a time-out, or the server says that it is unwell.
        MissingCollection: 404.
        CollectionExists: 409.
        ConfigurationError: the server refuses the request, or what answers is no Qdrant server.
    """
    try:
        yield
    except (ApiException, QdrantException, JSONDecodeError) as error:
        raise ours(error, url) from error


def ours(error: Exception, url: str) -> PipelineError:
    """The error of ours that says the same."""
    if isinstance(error, UnexpectedResponse):
        return _of_answer(error, url)
    cause = error.source if isinstance(error, ResponseHandlingException) else error
    if isinstance(cause, _WRONG_ADDRESS):
        return ConfigurationError(f"QDRANT_URL {url!r} cannot be called: {cause}")
    if isinstance(cause, ValueError):  # JSON or its shape
        return ConfigurationError(
            f"what answers at {url} is not a Qdrant server that we know: {cause}; check QDRANT_URL"
        )
    detail = str(cause) or type(cause).__name__
    return VectorStoreUnavailable(
        f"Qdrant at {url} cannot be reached: {detail}; check that it runs and QDRANT_URL"
    )


def _of_answer(error: UnexpectedResponse, url: str) -> PipelineError:
    status = error.status_code or 500
    said = f"{status} {error.reason_phrase}: {error.content.decode(errors='replace')[:500]}"
    if status == 404:
        return MissingCollection(
            f"Qdrant at {url} does not have it: {said}; nothing was indexed with this model yet, or EMBEDDER "
            "or QDRANT_URL names another one"
        )
    if status == 409:
        return CollectionExists(f"Qdrant at {url} has it already: {said}")
    if status in (401, 403):
        return ConfigurationError(f"Qdrant at {url} refuses us: {said}; check QDRANT_API_KEY")
    if status == 501:
        return ConfigurationError(f"Qdrant at {url} cannot do this: {said}")
    if status >= 500 or status in _RETRIED:
        return VectorStoreUnavailable(f"Qdrant at {url} is unwell: {said}; see its log")
    return ConfigurationError(
        f"Qdrant at {url} refuses the request: {said}; check that its version is 1.16 or newer"
    )
