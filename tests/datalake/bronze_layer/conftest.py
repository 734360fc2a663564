from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from datalake.contracts import VideoArrived


@pytest.fixture
def arrived() -> Callable[..., VideoArrived]:
    """A message about a video at a URI."""

    def message(uri: str, **fields: Any) -> VideoArrived:
        return VideoArrived(event_id=uuid4(), video_id="clip", uri=uri, **fields)

    return message
