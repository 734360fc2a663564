from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import av
import pytest
from av.packet import Packet

from datalake.adapters.media.decode.clock import Clock
from datalake.adapters.media.decode.damage import Damage, Picture
from datalake.adapters.media.decode.left_out import LeftOut, OutOfOrder, SeekMisled
from datalake.adapters.media.decode.look_ahead import Coming, Upcoming
from datalake.adapters.media.decode.picture_decoder import PictureDecoder
from datalake.adapters.media.decode.planner import Planner
from datalake.contracts import VideoStream
from tests.datalake.adapters.media.decode.plans import linked

STREAM = VideoStream(index=0, codec="h264", width_px=2, height_px=2, time_base=(1, 1_000_000))
SECOND = 1_000_000


def left_out(container: str = "mp4", is_unreferenced: bool = True) -> LeftOut:
    """At ten pictures a second, wanted at 0 and at 9 s; a picture at 2 s was decoded already."""
    planner = Planner(10.0)
    planner.want([0, 9 * SECOND])
    decoder = cast("PictureDecoder", SimpleNamespace(is_unreferenced=lambda _: is_unreferenced))
    upcoming = cast("Upcoming", SimpleNamespace(ahead=list))
    found = LeftOut(planner, decoder, Clock(STREAM, container), upcoming, is_start=True)
    found.enter(0)
    assert not takes(found, packet(2), 2 * SECOND, None)
    return found


def takes(found: LeftOut, given: Packet, time_us: int, latest_us: int | None) -> bool:
    """True when nothing is to be decoded in the place of a packet."""
    return found.instead_of(Coming(given, time_us), time_us, latest_us) is None


def followed(number: int, refers_to: set[int], kept: set[int], *, is_start: bool = False) -> Coming:
    return linked(number, refers_to, kept, is_start=is_start, time_us=number * SECOND)


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


@pytest.mark.parametrize("enters", [False, True])
def test_nothing_is_decoded_that_may_refer_to_a_stand_in_unless_it_is_entered_anew(enters: bool) -> None:
    other = packet(1)
    decoder = SimpleNamespace(is_unreferenced=lambda _: False, stand_in=lambda *_: other)
    upcoming = SimpleNamespace(ahead=lambda: [followed(3, {4}, {3})])
    planner = Planner(10.0)
    planner.want([0, 9 * SECOND])
    clock, given = Clock(STREAM, "mp4"), (cast("PictureDecoder", decoder), cast("Upcoming", upcoming))
    found = LeftOut(planner, given[0], clock, given[1], is_start=True)
    for one in (followed(0, set(), {0}, is_start=True), followed(4, {0}, {0, 4})):
        assert found.instead_of(one, one.packet.pts * SECOND, None) is one.packet
    assert found.instead_of(followed(1, {0}, {0, 1, 4}), SECOND, 0) is other
    if enters:
        found.enter(0)
        found.instead_of(followed(9, {1}, {9}), 9 * SECOND, 4 * SECOND)
        return
    with pytest.raises(OutOfOrder):
        found.instead_of(followed(9, {1}, {9}), 9 * SECOND, 4 * SECOND)


@pytest.mark.parametrize(("is_start", "may_hold_fields"), [(True, False), (False, True), (False, False)])
def test_after_a_seek_whatever_is_decoded_has_to_come_out(is_start: bool, may_hold_fields: bool) -> None:
    """If each packet holds a picture; the first that are given come out unless they lead."""
    decoder = cast("PictureDecoder", SimpleNamespace(may_hold_fields=may_hold_fields))
    upcoming = cast("Upcoming", SimpleNamespace(ahead=list))
    found = LeftOut(Planner(10.0), decoder, Clock(STREAM, "mp4"), upcoming, is_start)
    found.enter(0)
    for second, latest_us in [(0, None), (1, 0), (2, 0)]:
        assert not takes(found, packet(second), second * SECOND, latest_us)
    if is_start or may_hold_fields:
        found.before(shown(2))
        return
    with pytest.raises(SeekMisled):
        found.before(shown(2))


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
