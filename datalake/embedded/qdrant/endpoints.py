"""What the embedded Qdrant can do: the one table that the routes are built from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from datalake.embedded.qdrant import handlers
from datalake.embedded.qdrant.handlers import Call


@dataclass(frozen=True)
class Endpoint:
    """One method and path, the handler, and what its return value becomes.

    `result`: the `result` of Qdrant's JSON envelope; `json`: the whole JSON body; `text`: plain text.
    """

    method: Literal["GET", "PUT", "POST", "DELETE"]
    path: str
    handle: Callable[[Call], Any]
    answer: Literal["result", "json", "text"] = "result"

    @property
    def operation(self) -> str:
        """Name of what it does."""
        return self.handle.__name__


_NAMED = "/collections/{collection_name}"

ENDPOINTS = (
    Endpoint("GET", "/", handlers.about, "json"),
    Endpoint("GET", "/healthz", handlers.healthz, "text"),
    Endpoint("GET", "/livez", handlers.livez, "text"),
    Endpoint("GET", "/readyz", handlers.readyz, "text"),
    Endpoint("GET", "/collections", handlers.list_collections),
    Endpoint("PUT", _NAMED, handlers.create_collection),
    Endpoint("GET", _NAMED, handlers.get_collection),
    Endpoint("DELETE", _NAMED, handlers.delete_collection),
    Endpoint("GET", f"{_NAMED}/exists", handlers.collection_exists),
    Endpoint("PUT", f"{_NAMED}/index", handlers.create_payload_index),
    Endpoint("DELETE", f"{_NAMED}/index/{{field_name}}", handlers.delete_payload_index),
    Endpoint("PUT", f"{_NAMED}/points", handlers.upsert_points),
    Endpoint("POST", f"{_NAMED}/points", handlers.retrieve_points),
    Endpoint("POST", f"{_NAMED}/points/delete", handlers.delete_points),
    Endpoint("POST", f"{_NAMED}/points/payload", handlers.set_payload),
    Endpoint("POST", f"{_NAMED}/points/count", handlers.count_points),
    Endpoint("POST", f"{_NAMED}/points/scroll", handlers.scroll_points),
    Endpoint("POST", f"{_NAMED}/points/query", handlers.query_points),
    Endpoint("POST", f"{_NAMED}/points/query/batch", handlers.query_batch_points),
)
"""Everything that is not here answers 501 by name."""
