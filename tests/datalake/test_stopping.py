from __future__ import annotations

import threading

import pytest

from datalake.errors import Stopped
from datalake.stopping import StopSign, current_stop, stoppable


def test_a_video_goes_on_until_its_sign_is_set() -> None:
    sign = StopSign()
    with stoppable(sign):
        current_stop().check()
        sign.set()
        with pytest.raises(Stopped, match="cancelled"):
            current_stop().check()
    current_stop().check()


def test_what_waits_is_ended_once_and_only_while_it_waits() -> None:
    sign, ended = StopSign(), []
    with sign.calling(lambda: ended.append("too early")):
        pass
    with sign.calling(lambda: ended.append("waiting")):
        sign.set()
        sign.set()
    assert ended == ["waiting"]


def test_nothing_begins_to_wait_once_the_sign_is_set() -> None:
    sign = StopSign()
    sign.set()
    with pytest.raises(Stopped), sign.calling(lambda: None):
        pytest.fail("the block was entered")


def test_each_thread_has_its_own_video() -> None:
    sign, seen = StopSign(), []
    sign.set()
    with stoppable(sign):
        other = threading.Thread(target=lambda: seen.append(current_stop() is sign))
        other.start()
        other.join()
    assert seen == [False]
