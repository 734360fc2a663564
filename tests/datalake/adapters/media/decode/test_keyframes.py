from __future__ import annotations

from collections.abc import Callable

import pytest

from datalake.adapters.media.decode import keyframes as keyframes_module
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


@pytest.mark.parametrize("suffix", [".ts", ".mkv", ".mp4"])
def test_a_file_is_looked_through_for_keyframes_once(
    read: Callable[..., Reader], monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    opened, paths = keyframes_module.opened, []
    monkeypatch.setattr(keyframes_module, "opened", lambda path: paths.append(path) or opened(path))
    video = read(suffix=suffix, b_frames=2)
    for _ in range(2):
        video.look_when_keyframes_are_shown()
    assert len(paths) == 1
    assert video.keyframes_us.tolist() == pytest.approx([0, 500_000, 1_000_000, 1_500_000], abs=1000)
