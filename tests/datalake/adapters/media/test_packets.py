from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av

from datalake.adapters.media.packets import packets
from tests.clips.damage import with_hole


def test_a_hole_in_a_transport_stream_is_read_past(make_clip: Callable[..., Path], tmp_path: Path) -> None:
    whole = make_clip(suffix=".ts", frames=600, scale=2, audio="tone")
    (tmp_path / "hole.ts").write_bytes(with_hole(whole.read_bytes(), lost_packets=0, zeros=200_000))
    with av.open(str(tmp_path / "hole.ts")) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        found = list(packets(container, picture, sound))
    assert sum(packet.stream is picture for packet in found) >= 599
    assert max(float(one.pts * one.time_base) for one in found if one.stream is sound) > 19
    assert all(packet.size for packet in found)


def test_without_a_stream_there_are_no_packets(make_clip: Callable[..., Path]) -> None:
    with av.open(str(make_clip())) as container:
        assert list(packets(container)) == []


def test_a_stream_that_appears_on_the_way_ends_nothing(
    make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    silent = make_clip(suffix=".ts", frames=600, scale=2).read_bytes()
    sounding = make_clip(suffix=".ts", audio="tone").read_bytes()
    (tmp_path / "late.ts").write_bytes(silent * 20 + sounding + silent * 3)
    with av.open(str(tmp_path / "late.ts")) as container:
        assert len(container.streams) == 1  # no packet of the other is near either end
        found = list(packets(container, *container.streams))
    assert len(found) == 23 * 600 + 60
