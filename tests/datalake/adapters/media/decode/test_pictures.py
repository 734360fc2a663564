from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from types import SimpleNamespace
from typing import cast

import av
import pytest
from av.packet import Packet

from datalake.adapters.media.decode.clock import Clock
from datalake.adapters.media.decode.picture_decoder import Decoded, PictureDecoder
from datalake.adapters.media.decode.pictures import PictureStream, StartElsewhere
from datalake.adapters.media.decode.planner import Planner
from datalake.adapters.media.decode.reader import Reader
from datalake.adapters.media.transport_holes import Hole
from datalake.contracts import VideoStream

CLOCK = Clock(VideoStream(index=0, codec="x", width_px=2, height_px=2, time_base=(1, 1)), "x")
Shown = list[tuple[int, bool]]


class Script:
    """A decoder and its packets, as a test writes them: `k0 1 !2 3 k4` is keyframes 0 and 4 and damage at 2.

    Frames come out with their packet; `~` is a hole in the file that is heard of, `_` one at a known place.
    """

    may_hold_fields = has_broken_off = False

    def __init__(self, text: str, is_exact: bool = True) -> None:
        self._words = text.split()
        self.is_exact, self.holes = is_exact, 0
        self.places = [Hole(at, at + 1) for at, word in enumerate(self._words) if word == "_"]

    def packets(self) -> Iterator[Packet]:
        for at, word in enumerate(self._words):
            self.holes += word == "~"
            if word not in "~_":
                pts = int(word.strip("k!"))
                facts = {"is_keyframe": "k" in word, "is_discard": False, "pos": at}
                yield cast("Packet", SimpleNamespace(pts=pts, word=word, **facts))

    def frames(self, packet: Packet) -> Decoded:
        if "!" in packet.word:
            return Decoded([], "told so")
        frame = av.VideoFrame(2, 2)
        frame.pts = packet.pts
        return Decoded([frame])

    def is_unreferenced(self, packet: Packet) -> bool:
        return "k" not in packet.word

    def is_entry(self, packet: Packet) -> bool:
        return True

    def references(self) -> None:
        return None

    def reach(self, packet: Packet) -> None:
        pass

    def meet(self, packet: Packet) -> None:
        pass

    def units(self, packet: Packet) -> Iterator[bytes]:
        return iter(())

    def rest(self) -> Decoded:
        return Decoded([])

    def restart(self) -> None:
        pass


def shown(text: str, is_start: bool = True, **known: bool) -> Shown:
    """(seconds, is whole) of what the stream shows."""
    script = Script(text, known.pop("is_exact", True))
    decoder = cast("PictureDecoder", script)
    planner = Planner(frame_rate_fps=1.0)
    stream = PictureStream(script.packets(), decoder, CLOCK, planner, is_start, holes=script.places, **known)
    return [(one.time_us // 1_000_000, one.frame is not None) for one in stream]


def whole(*seconds: int) -> Shown:
    return [(second, True) for second in seconds]


def damaged(*seconds: int) -> Shown:
    return [(second, False) for second in seconds]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k0 1 2 k3 4", whole(0, 1, 2, 3, 4)),
        ("k0 1 !2 3 k4 5", whole(0, 1) + damaged(2, 3) + whole(4, 5)),
        ("k0 1 !4 2 3 k5", whole(0, 1) + damaged(2, 3, 4) + whole(5)),
        ("!k0 1 !k2 3 k4", damaged(0, 1, 2, 3) + whole(4)),
        ("k0 !1 2", whole(0) + damaged(1, 2)),
        ("0 1 k2 3", damaged(0, 1) + whole(2, 3)),
        ("k0 !1 k4 2 3 5", whole(0) + damaged(1) + whole(4, 5)),  # 2 and 3 lead 4, and refer to 1
        ("k2 0 1 3", whole(2, 3)),
        ("k0 1 ~ 5 6 k7", [*whole(0, 1), *damaged(1, 5, 6), *whole(7)]),
        ("k0 1 ~ k7 8", [*whole(0, 1), *damaged(1), *whole(7, 8)]),
        ("k0 1 2 _ 5 6 k7 8", whole(0, 1) + damaged(2, 5, 6) + whole(7, 8)),  # 2 may reach into the hole
        ("k0 _ k7 _ 8 k9", damaged(0, 7, 8) + whole(9)),
        ("_ k0 1 !2 _ 3 k4 5 _", whole(0, 1) + damaged(2, 3) + whole(4, 5)),
        ("k0 1 90000 2 3", whole(0, 1, 2, 3)),
        ("k0 1 60 120 180", whole(0, 1, 60, 120, 180)),  # pictures minutes apart are no strays
        ("k50 51 k0 1 k52", whole(50, 51, 52)),
        ("k50 51 k0 1", whole(50, 51)),
    ],
)
def test_what_is_whole(text: str, expected: Shown) -> None:
    assert shown(text) == expected


def test_leading_pictures_are_not_shown_after_a_seek() -> None:
    assert shown("3 k5 4 6 7", is_start=False) == whole(5, 6, 7)


def test_a_seek_to_a_damaged_keyframe_had_better_be_tried_elsewhere() -> None:
    with pytest.raises(StartElsewhere):
        shown("!k5 6", is_start=False, may_be_damaged=False)
    assert shown("!k5 6 k7", is_start=False) == damaged(5, 6) + whole(7)
    assert shown("k5 !6 k7", is_start=False, may_be_damaged=False) == whole(5) + damaged(6) + whole(7)


def test_threads_cannot_tell_where_damage_is() -> None:
    with pytest.raises(StartElsewhere):
        shown("k0 !1 2", is_exact=False)


def test_damage_that_threads_notice_late_is_not_carried_over_a_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Script, "rest", lambda _: Decoded([], "an error at the end"))
    with pytest.raises(StartElsewhere):
        shown("k0 1 ~ k7 8", is_exact=False)
    assert shown("k0 1 ~ k7 8 !9 k10")[:5] == [*whole(0, 1), *damaged(1), *whole(7, 8)]


def test_a_long_group_is_not_kept() -> None:
    later = " ".join(str(second) for second in range(2, 2000))
    assert shown(f"k0 !1 {later} k2000") == whole(0) + damaged(*range(1, 33)) + whole(2000)


def test_a_hole_in_a_real_file_is_no_still_picture(read: Callable[..., Reader]) -> None:
    def holed(content: bytes) -> bytes:
        start, end = len(content) // 3, len(content) // 2
        return content[:start] + bytes(end - start) + content[end:]

    video = read(holed, suffix=".mkv", frames=300, gop=30, scale=4)
    found = [one.time_us for one in video.pictures(0, 10**9, [n * 100_000 + 2000 for n in range(100)])]
    gap_us = max(later - time for time, later in pairwise(found))
    assert gap_us > 500_000
    assert video.damage
