"""The HTTP application: routes from the table, Qdrant's JSON envelope around every answer."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from datalake.embedded.qdrant.catalog import Catalog
from datalake.embedded.qdrant.endpoints import ENDPOINTS, Endpoint
from datalake.embedded.qdrant.errors import NotSupported, Refused, TooLarge
from datalake.embedded.qdrant.handlers import Call

MAX_BODY_BYTES = 32 * 1024**2
"""Largest request body, as in a Qdrant server."""

_ALL_METHODS = ["GET", "PUT", "POST", "PATCH", "DELETE"]


def application(catalog: Catalog) -> Starlette:
    """The application over an open catalog, which it closes at shutdown."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(catalog.close)

    routes = [Route(e.path, _served(e, catalog), methods=[e.method]) for e in ENDPOINTS]
    routes += [Route("/{path:path}", _unknown, methods=_ALL_METHODS)]
    handlers: Any = {Refused: _refused, ClientDisconnect: _hung_up, Exception: _broken}
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)


def _served(endpoint: Endpoint, catalog: Catalog) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        call = Call(catalog, request.path_params, await _body(request))
        return await run_in_threadpool(_answer, endpoint, call)

    return serve


def _answer(endpoint: Endpoint, call: Call) -> Response:
    start_s = time.perf_counter()
    result = endpoint.handle(call)
    if endpoint.answer == "text":
        return PlainTextResponse(result)
    if endpoint.answer == "result":
        result = {"result": result, "status": "ok", "time": time.perf_counter() - start_s}
    return Response(to_json(result), media_type="application/json")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise TooLarge(f"the body is larger than {MAX_BODY_BYTES} bytes; send smaller batches")
    return bytes(body)


async def _unknown(request: Request) -> Response:
    raise NotSupported(f"{request.method} {request.url.path}")


async def _refused(_: Request, error: Refused) -> Response:
    return _error(error.status, str(error))


async def _hung_up(_: Request, __: ClientDisconnect) -> Response:
    return _error(400, "the client left before its request was complete")


async def _broken(_: Request, error: Exception) -> Response:  # the traceback is logged by the HTTP server
    return _error(500, f"Service internal error: {error}")


def _error(status: int, message: str) -> Response:
    body = to_json({"result": None, "status": {"error": message}, "time": 0.0})
    return Response(body, status_code=status, media_type="application/json")
