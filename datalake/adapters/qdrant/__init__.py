"""Qdrant: the vector index, and what its client's errors mean."""

from datalake.adapters.qdrant.index import QdrantVectorIndex

__all__ = ["QdrantVectorIndex"]
