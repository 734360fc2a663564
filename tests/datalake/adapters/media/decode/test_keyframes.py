from __future__ import annotations

from collections.abc import Callable

import pytest

from datalake.adapters.media.decode.reader import Reader


@pytest.mark.parametrize(
    "recipe",
    [
        {"suffix": ".mp4", "b_frames": 2},
        {"suffix": ".mkv", "b_frames": 2},
        {"suffix": ".ts"},
        {"suffix": ".avi", "codec": "mpeg4"},
        {"movflags": "frag_keyframe+empty_moov"},
        {"start_ms": 5000},
    ],
    ids=str,
)
def test_keyframes_from_an_index_or_from_the_packets(
    read: Callable[..., Reader], recipe: dict[str, object]
) -> None:
    assert read(**recipe).keyframes_us.tolist() == pytest.approx([0, 500_000, 1_000_000, 1_500_000], abs=1000)


def test_keyframes_up_to_where_a_file_breaks_off(read: Callable[..., Reader]) -> None:
    half = read(lambda content: content[: len(content) // 2], suffix=".mkv", frames=120)
    assert 3 <= len(half.keyframes_us) <= 5
