"""Sources: the bytes that a message's URI names, from allowed schemes, folders and hosts only."""

from datalake.adapters.sources.allowed import AllowedSources

__all__ = ["AllowedSources"]
