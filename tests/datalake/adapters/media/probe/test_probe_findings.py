from __future__ import annotations

import pytest

from datalake.adapters.media.probe.probe_findings import facts_noticed, sound_noticed
from datalake.contracts import Colour, VideoStream

PLAIN = VideoStream(index=0, codec="h264", width_px=160, height_px=96, time_base=(1, 1000), bit_depth=8)


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        ({}, []),
        ({"pixel_aspect": (2, 2)}, []),
        ({"colour": Colour(primaries="bt2020", transfer="bt2020-10")}, []),  # wide, but not high
        ({"colour": Colour(transfer="smpte2084")}, ["hdr"]),
        ({"colour": Colour(transfer="arib-std-b67"), "rotation_deg": 90}, ["rotated", "hdr"]),
        ({"is_interlaced": True, "pixel_aspect": (16, 11)}, ["interlaced", "non_square_pixels"]),
    ],
)
def test_what_is_said_of_facts(facts: dict[str, object], codes: list[str]) -> None:
    assert [one.code for one in facts_noticed(PLAIN.model_copy(update=facts))] == codes


def test_no_sound_is_said_once() -> None:
    (found,) = sound_noticed(None)
    assert (found.code, found.severity) == ("no_audio", "info")
