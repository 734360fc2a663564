"""What every DAG has in common. Imported by DAG files: nothing heavy may come in here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

# A service that is away is retried for about half an hour; work already done is skipped.
SERVICE_RETRIES: dict[str, Any] = {
    "retries": 10,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
}
