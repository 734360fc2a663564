"""Reads client.properties: `key = value` lines, as Confluent and Apache Kafka write them."""

from __future__ import annotations

from pathlib import Path

from datalake.errors import ConfigurationError


def read_properties(path: Path) -> dict[str, str]:
    """The file's properties; every librdkafka key passes through.

    Raises:
        ConfigurationError: no such file, a line without `=`, or no bootstrap.servers.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{path} cannot be read ({type(error).__name__}): copy config/client.properties.example there, "
            "or name your file in KAFKA_CLIENT_PROPERTIES"
        ) from error
    properties = dict(
        _pair(path, number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and line.lstrip()[0] not in "#!"
    )
    if not properties.get("bootstrap.servers"):
        raise ConfigurationError(f"{path} does not set bootstrap.servers")
    return properties


def _pair(path: Path, number: int, line: str) -> tuple[str, str]:
    key, equals, value = line.partition("=")
    if not equals:
        raise ConfigurationError(f"{path} line {number}: expected `key=value`")
    return key.strip(), value.strip()
