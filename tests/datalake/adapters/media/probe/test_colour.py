from __future__ import annotations

import av
import pytest
from av.video.reformatter import ColorPrimaries, ColorTrc

from datalake.adapters.media.probe.colour import colour
from datalake.contracts import Colour


def frame(primaries: int, transfer: int, matrix: int, span: int) -> av.VideoFrame:
    made = av.VideoFrame(16, 16, "yuv420p")
    made.color_primaries, made.color_trc, made.colorspace, made.color_range = (
        primaries,
        transfer,
        matrix,
        span,
    )
    return made


@pytest.mark.parametrize(
    ("numbers", "names"),
    [
        ((1, 1, 1, 1), Colour(primaries="bt709", transfer="bt709", matrix="bt709", range="tv")),
        ((9, 16, 9, 2), Colour(primaries="bt2020", transfer="smpte2084", matrix="bt2020nc", range="pc")),
        (
            (6, 13, 6, 1),
            Colour(primaries="smpte170m", transfer="iec61966-2-1", matrix="smpte170m", range="tv"),
        ),
        ((2, 2, 2, 0), Colour()),
        ((99, 99, 99, 99), Colour()),
    ],
    ids=str,
)
def test_numbers_have_names(numbers: tuple[int, int, int, int], names: Colour) -> None:
    assert colour(frame(*numbers)) == names


@pytest.mark.parametrize("one", [one for one in ColorPrimaries if 2 != one.value < 256])
def test_every_kind_of_primaries_has_a_name(one: ColorPrimaries) -> None:
    assert colour(frame(one.value, 2, 2, 0)).primaries is not None


@pytest.mark.parametrize("one", [one for one in ColorTrc if 2 != one.value < 256])
def test_every_transfer_has_a_name(one: ColorTrc) -> None:
    assert colour(frame(2, one.value, 2, 0)).transfer is not None


def test_hdr_is_one_of_two_transfers() -> None:
    assert [one.value for one in ColorTrc if colour(frame(9, one.value, 9, 1)).is_hdr] == [16, 18]
