from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import av
import pytest
from av.packet import Packet

from datalake.adapters.media.decode.clock import Clock
from datalake.adapters.media.decode.damage import Damage, Picture
from datalake.adapters.media.decode.left_out import LeftOut, OutOfOrder
from datalake.adapters.media.decode.look_ahead import Coming, Upcoming
from datalake.adapters.media.decode.picture_decoder import PictureDecoder
from datalake.adapters.media.decode.planner import Planner
from datalake.contracts import VideoStream

STREAM = VideoStream(index=0, codec="h264", width_px=2, height_px=2, time_base=(1, 1_000_000))
SECOND = 1_000_000


def left_out(container: str = "mp4", is_unreferenced: bool = True) -> LeftOut:
    """At ten pictures a second, wanted at 0 and at 9 s; a picture at 2 s was decoded already."""
    planner = Planner(10.0)
    planner.want([0, 9 * SECOND])
    decoder = cast("PictureDecoder", SimpleNamespace(is_unreferenced=lambda _: is_unreferenced))
    upcoming = cast("Upcoming", SimpleNamespace(ahead=list))
    found = LeftOut(planner, decoder, Clock(STREAM, container), upcoming)
    found.enter()
    assert not takes(found, packet(2), 2 * SECOND, None)
    return found


def takes(found: LeftOut, given: Packet, time_us: int, latest_us: int | None) -> bool:
    """True when nothing is to be decoded in the place of a packet."""
    return found.instead_of(Coming(given, time_us), time_us, latest_us) is None


def packet(second: int | None, is_discard: bool = False) -> Packet:
    return cast("Packet", SimpleNamespace(pts=second, is_discard=is_discard))


def shown(second: int) -> Picture:
    return Picture(second * SECOND, second, av.VideoFrame(2, 2))


def test_a_picture_between_two_others_is_left_out() -> None:
    found = left_out()
    assert takes(found, packet(1), SECOND, 0)
    assert found.before(shown(2)).left_out_us == SECOND
    assert found.before(shown(3)).left_out_us is None


@pytest.mark.parametrize(
    ("time_us", "latest_us"),
    [
        (3 * SECOND, 0),  # nothing decoded comes out behind it
        (SECOND, SECOND),  # it is late
        (SECOND, None),  # nothing has come out yet
        (9 * SECOND - 1, 0),  # it may be wanted
    ],
)
def test_others_are_not(time_us: int, latest_us: int | None) -> None:
    assert not takes(left_out(), packet(1), time_us, latest_us)


def test_neither_is_one_that_others_refer_to_nor_where_pictures_are_counted() -> None:
    assert not takes(left_out(is_unreferenced=False), packet(1), SECOND, 0)
    assert not takes(left_out(container="avi"), packet(1), SECOND, 0)


def test_what_an_edit_list_cuts_off_is_decoded_and_no_neighbour() -> None:
    found = left_out()
    assert not takes(found, packet(1, is_discard=True), SECOND, 0)
    assert not takes(found, packet(5, is_discard=True), 5 * SECOND, 0)
    assert not takes(found, packet(4), 4 * SECOND, 0)


def test_a_picture_decoded_after_others_were_left_out_has_to_come_out() -> None:
    """H.264 that does not say how far it reorders: FFmpeg guesses from what it is given."""
    found = left_out()
    takes(found, packet(1), SECOND, 0)
    found.before(shown(2))
    takes(found, packet(4), 4 * SECOND, 2 * SECOND)
    takes(found, packet(8), 8 * SECOND + 900_000, 2 * SECOND)
    with pytest.raises(OutOfOrder):
        found.before(shown(9))


def test_damage_explains_why_one_did_not_come_out() -> None:
    found = left_out()
    takes(found, packet(1), SECOND, 0)
    found.before(shown(2))
    takes(found, packet(3), 3 * SECOND, 2 * SECOND)
    damage = Damage("told so", 4 * SECOND, 4 * SECOND)
    assert found.before(Picture(4 * SECOND, damage=damage)).damage is damage


def test_times_that_follow_from_what_came_out_before_forbid_it() -> None:
    found = left_out()
    takes(found, packet(1), SECOND, 0)
    with pytest.raises(OutOfOrder):
        takes(found, packet(None), 3 * SECOND, 0)
    fresh = left_out()
    assert not takes(fresh, packet(None), SECOND, 0)
    assert not takes(fresh, packet(1), SECOND, 0)


def test_two_pictures_of_one_time_are_out_of_order() -> None:
    found = left_out()
    takes(found, packet(1), SECOND, 0)
    with pytest.raises(OutOfOrder):
        found.before(shown(1))


def test_what_none_has_come_behind_may_be_wanted() -> None:
    found = left_out()
    found.end()
    takes(found, packet(1), SECOND, 0)
    with pytest.raises(OutOfOrder):
        found.end()
