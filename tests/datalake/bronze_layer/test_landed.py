from __future__ import annotations

from datalake.bronze_layer.landed import LandedObject
from datalake.contracts import SourceFacts


def test_the_key_is_the_hash() -> None:
    assert LandedObject("ab" * 32, 7, SourceFacts(uri="u")).key == f"bronze/ab/{'ab' * 32}/raw"
