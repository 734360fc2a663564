from __future__ import annotations

import time

from datalake.embedded.restarts import FORGIVEN_AFTER_S, LONGEST_PAUSE_S, Restart, RestartBook


def test_restarts_are_there_for_the_next_process(tmp_path):
    path = tmp_path / "restarts.json"
    first, other = Restart("kafka", "not healthy for 95 s", 1.0), Restart("smtp", "why", 2.0)
    RestartBook(path).write(first)
    RestartBook(path).write(other)
    assert RestartBook(path).restarts() == [first, other]
    assert RestartBook(path).restarts("smtp") == [other]


def test_only_the_newest_are_kept(tmp_path):
    book = RestartBook(tmp_path / "restarts.json")
    for at in range(205):
        book.write(Restart("kafka", "why", at))
    assert [restart.at for restart in book.restarts()] == list(range(5, 205))


def test_what_was_never_restarted_may_be(tmp_path):
    book = RestartBook(tmp_path / "restarts.json")
    book.write(Restart("kafka", "why", 1000))
    assert book.is_allowed("smtp", 1001)
    assert not book.is_allowed("kafka", 1001)


def test_pauses_have_a_limit_and_old_restarts_are_forgiven(tmp_path):
    book = RestartBook(tmp_path / "restarts.json")
    for at in range(20):
        book.write(Restart("kafka", "why", at))
    assert not book.is_allowed("kafka", 19 + LONGEST_PAUSE_S - 1)
    assert book.is_allowed("kafka", 19 + LONGEST_PAUSE_S)
    book.write(Restart("kafka", "why", 5000))
    assert book.is_allowed("kafka", 5000 + FORGIVEN_AFTER_S)


def test_it_is_told_for_people():
    now = time.time()
    assert Restart("kafka", "it hung", now - 200).told(now) == "it hung, 3 minutes ago"
    assert Restart("kafka", "it hung", now - 70).told(now) == "it hung, 1 minute ago"
    assert Restart("kafka", "it hung", 0.0).told(now).startswith("it hung, 19")
