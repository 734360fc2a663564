from __future__ import annotations

import hashlib
import json
from pathlib import Path

import av
import pytest

from datalake.demo.messages import QUERIES, arrived, fresh_clip, messages
from datalake.errors import BadMessage
from datalake.ingest.messages import parse
from tests.clips import clip


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    return [clip(tmp_path / "clips"), clip(tmp_path / "clips", frames=45)]


def test_every_clip_is_a_message_that_the_pipeline_reads(clips: list[Path], tmp_path: Path) -> None:
    sent = list(messages(clips, tmp_path))[:2]
    read = [parse(message.payload, strict=True, max_bytes=10_000) for message in sent]
    assert [(one.video_id, one.uri, one.platform) for one in read] == [
        (path.stem, path.as_uri(), "demo") for path in clips
    ]
    assert [message.expected for message in sent] == [("done", "duplicate")] * 2
    assert sent[0].sha256 == hashlib.sha256(sent[0].payload).hexdigest()


def test_three_things_must_not_get_through(clips: list[Path], tmp_path: Path) -> None:
    truncated, text, cut_off = list(messages(clips, tmp_path))[2:]
    assert [(one.expected, one.reason) for one in (truncated, text, cut_off)] == [
        (("quarantined",), "truncated"),
        (("quarantined",), "not_a_video"),
        (("rejected",), "not_json"),
    ]
    whole = clips[0].read_bytes()
    written = Path(parse(truncated.payload, strict=True, max_bytes=10_000).uri.removeprefix("file://"))
    assert written.read_bytes() == whole[: len(whole) // 2]
    assert json.loads(text.payload)["uri"] == (tmp_path / "broken-text.mp4").as_uri()
    assert b"text file" in (tmp_path / "broken-text.mp4").read_bytes()
    with pytest.raises(BadMessage) as refused:
        parse(cut_off.payload, strict=True, max_bytes=10_000)
    assert refused.value.reason == "not_json"
    assert list(tmp_path.glob("*.part")) == []


def test_two_demos_send_different_payloads(clips: list[Path], tmp_path: Path) -> None:
    first, second = ({one.sha256 for one in messages(clips, tmp_path)} for _ in range(2))
    assert not first & second


def test_a_fresh_clip_has_other_bytes_and_plays_the_same(clips: list[Path], tmp_path: Path) -> None:
    one, two = fresh_clip(clips[0], tmp_path), fresh_clip(clips[0], tmp_path)
    assert len({path.read_bytes() for path in (clips[0], one, two)}) == 3
    with av.open(str(one)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 60
    message = arrived("fresh", one)
    assert (message.video_id, message.expected) == ("fresh", ("done",))


def test_queries_ask_for_different_videos() -> None:
    assert len({query.video_id for query in QUERIES}) == len(QUERIES)
