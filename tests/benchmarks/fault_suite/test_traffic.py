from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.fault_suite.traffic import Traffic, plan
from datalake.errors import BadMessage
from datalake.ingest.messages import parse


def test_shares_are_kept(traffic: Traffic) -> None:
    assert len(traffic.messages) == len(traffic.by_sha256) == 40
    assert len(traffic.order) == 52
    assert sum(message.clip is None for message in traffic.messages) == 12
    assert max(Counter(traffic.order).values()) == 2


def test_a_repeat_comes_after_its_original_and_in_its_partition(traffic: Traffic) -> None:
    assert {message.sha256 for message in traffic.order} == set(traffic.by_sha256)
    assert len({message.key for message in traffic.messages}) == len(traffic.messages)


def test_poison_is_what_it_says(traffic: Traffic) -> None:
    reasons = Counter(message.first for message in traffic.messages if message.clip is None)
    assert set(reasons.values()) == {2}
    for message in traffic.messages:
        outcome, reason = message.first
        if outcome == "rejected":
            with pytest.raises(BadMessage) as bad:
                parse(message.payload, strict=True, max_bytes=10**6)
            assert bad.value.reason == reason
        else:
            assert parse(message.payload, strict=True, max_bytes=10**6).video_id == message.video_id


def test_some_videos_have_the_bytes_of_another(clips: list[Path], tmp_path: Path) -> None:
    many = plan(200, repeats=0, poison=0, chance=random.Random(5), clips=clips, folder=tmp_path)
    uris = {parse(message.payload, strict=True, max_bytes=10**6).uri for message in many.messages}
    assert 150 < len(uris) < 200


def test_the_same_seed_plans_the_same(traffic: Traffic, clips: list[Path], tmp_path: Path) -> None:
    again = plan(40, repeats=0.3, poison=0.3, chance=random.Random(1), clips=clips, folder=tmp_path)
    assert again == traffic
    other = plan(40, repeats=0.3, poison=0.3, chance=random.Random(2), clips=clips, folder=tmp_path)
    assert other.order != traffic.order
