"""Every error of the library has one of ours."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import httpx
import pytest
import qdrant_client.common
import qdrant_client.http
from pydantic import TypeAdapter, ValidationError
from qdrant_client.common.client_exceptions import QdrantException, ResourceExhaustedResponse
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from datalake.adapters.qdrant.errors import CollectionExists, MissingCollection, ours, translated
from datalake.adapters.qdrant.index import QdrantVectorIndex
from datalake.errors import ConfigurationError, PipelineError, VectorStoreUnavailable

URL = "http://qdrant:6333"


def _answer(status: int | None) -> UnexpectedResponse:
    return UnexpectedResponse(status, "Reason", b'{"status": {"error": "why"}}', httpx.Headers())


def _shape_error() -> ValidationError:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(int).validate_python("x")
    return error.value


EXAMPLES: dict[type[Exception], Exception] = {
    ApiException: ApiException("?"),
    UnexpectedResponse: _answer(500),
    ResponseHandlingException: ResponseHandlingException(httpx.ConnectError("refused")),
    QdrantException: QdrantException("?"),
    ResourceExhaustedResponse: ResourceExhaustedResponse("slow down", 3),
}


def _exceptions_of_the_library() -> set[type[Exception]]:
    found: set[type[Exception]] = set()
    for package in (qdrant_client.common, qdrant_client.http):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            members = vars(importlib.import_module(module.name)).values()
            found |= {m for m in members if inspect.isclass(m) and issubclass(m, Exception)}
    return {error for error in found if error.__module__.startswith("qdrant_client")}


def test_no_exception_of_the_library_is_forgotten() -> None:
    assert _exceptions_of_the_library() == EXAMPLES.keys()


@pytest.mark.parametrize("kind", EXAMPLES, ids=lambda kind: kind.__name__)
def test_each_becomes_ours_and_names_the_address(kind: type[Exception]) -> None:
    with pytest.raises(PipelineError, match=URL) as raised, translated(URL):
        raise EXAMPLES[kind]
    assert raised.value.__cause__ is EXAMPLES[kind]


def _subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)


TRANSPORT = [k for k in _subclasses(httpx.TransportError) if k is not httpx.UnsupportedProtocol]


@pytest.mark.parametrize("kind", TRANSPORT, ids=lambda kind: kind.__name__)
def test_a_broken_connection_is_unavailable(kind: type[Exception]) -> None:
    error = ours(ResponseHandlingException(kind("no luck")), URL)
    assert type(error) is VectorStoreUnavailable
    assert "no luck" in str(error)


@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        (400, ConfigurationError, "why"),
        (401, ConfigurationError, "QDRANT_API_KEY"),
        (403, ConfigurationError, "QDRANT_API_KEY"),
        (404, MissingCollection, "EMBEDDER"),
        (408, VectorStoreUnavailable, "why"),
        (409, CollectionExists, "why"),
        (413, ConfigurationError, "why"),
        (422, ConfigurationError, "why"),
        (429, VectorStoreUnavailable, "why"),
        (500, VectorStoreUnavailable, "why"),
        (501, ConfigurationError, "why"),
        (502, VectorStoreUnavailable, "why"),
        (503, VectorStoreUnavailable, "why"),
        (None, VectorStoreUnavailable, "why"),
    ],
)
def test_answers(status: int | None, kind: type[PipelineError], word: str) -> None:
    error = ours(_answer(status), URL)
    assert type(error) is kind
    assert word in str(error)


@pytest.mark.parametrize("cause", [httpx.UnsupportedProtocol("ftp"), httpx.InvalidURL("?"), _shape_error()])
def test_a_wrong_address_is_a_configuration_error(cause: Exception) -> None:
    error = ours(ResponseHandlingException(cause), URL)
    assert type(error) is ConfigurationError
    assert "QDRANT_URL" in str(error)


class _SomethingElse(BaseHTTPRequestHandler):
    """Answers 200 with a body that no Qdrant would send."""

    body: ClassVar[bytes] = b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.mark.parametrize("body", [b"<html>hello</html>", json.dumps({"result": [1]}).encode()])
def test_another_kind_of_server_is_a_configuration_error(body: bytes) -> None:
    handler = type("Handler", (_SomethingElse,), {"body": body})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        url = f"http://127.0.0.1:{server.server_port}"
        try:
            with QdrantVectorIndex(url, str) as index, pytest.raises(ConfigurationError, match="QDRANT_URL"):
                index.count("conse")
        finally:
            server.shutdown()
