from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import av

from datalake.adapters.media.packets import packets


def test_a_hole_in_a_transport_stream_is_read_past(make_clip: Callable[..., Path], tmp_path: Path) -> None:
    whole = make_clip(suffix=".ts", frames=600, scale=2)
    content = whole.read_bytes()
    middle = len(content) // 2 // 188 * 188
    (tmp_path / "hole.ts").write_bytes(content[:middle] + bytes(200_000) + content[middle:])
    with av.open(str(tmp_path / "hole.ts")) as container:
        found = list(packets(container, container.streams.video[0]))
    assert len(found) >= 599
    assert all(packet.size for packet in found)
