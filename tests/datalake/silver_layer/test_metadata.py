from __future__ import annotations

import pytest

from datalake.contracts import AudioStream, Colour, VideoMetadata
from datalake.findings import finding
from datalake.silver_layer import metadata
from tests.datalake.silver_layer.records import bronze_video, media, sound, stream


@pytest.mark.parametrize(
    ("short_side_px", "name"),
    [
        (479, "below_sd"),
        (480, "sd"),
        (719, "sd"),
        (720, "hd"),
        (1080, "full_hd"),
        (1440, "full_hd"),
        (2160, "4k"),
        (4319, "4k"),
        (4320, "8k"),
    ],
)
def test_a_class_begins_at_its_shorter_side(short_side_px: int, name: str) -> None:
    assert metadata.resolution_class(short_side_px) == name


def test_a_portrait_video_is_in_the_class_of_its_landscape_twin() -> None:
    portrait = stream(width_px=1080, height_px=1920)
    assert metadata.short_side_px(portrait) == metadata.short_side_px(stream()) == 1080
    assert metadata.orientation(portrait) == "portrait"
    assert metadata.orientation(stream()) == "landscape"
    assert metadata.orientation(stream(width_px=1080)) == "square"


@pytest.mark.parametrize(("measured_s", "stated_s", "expected"), [(8.0, 10.0, 8.0), (None, 10.0, 10.0)])
def test_what_was_measured_counts_more_than_what_is_stated(
    measured_s: float | None, stated_s: float, expected: float
) -> None:
    facts = media(measured_duration_s=measured_s, duration_s=stated_s)
    assert metadata.duration_s(bronze_video(media=facts)) == expected


@pytest.mark.parametrize(
    ("pictures", "duration_s", "expected"), [(250, 10.0, 25.0), (None, 10.0, None), (250, None, None)]
)
def test_the_effective_frame_rate_counts_pictures_that_are_there(
    pictures: int | None, duration_s: float | None, expected: float | None
) -> None:
    measured = stream(measured_frames=pictures, frame_rate_fps=60.0)
    assert metadata.effective_frame_rate_fps(measured, duration_s) == expected


def test_the_transfer_curve_makes_hdr() -> None:
    assert metadata.is_hdr(stream(colour=Colour(transfer="smpte2084")))
    assert not metadata.is_hdr(stream())


@pytest.mark.parametrize(
    ("audio", "expected"),
    [(sound(duration_s=12.5), 2.5), (sound(duration_s=9.0), -1.0), (sound(), None), (None, None)],
)
def test_the_gap_is_how_much_longer_the_sound_is(audio: AudioStream | None, expected: float | None) -> None:
    video = bronze_video(media=media(measured_duration_s=10.0))
    assert metadata.audio_gap_s(video, audio) == expected


def test_there_is_no_gap_to_pictures_that_are_not_there() -> None:
    only_sound = media(video=None, duration_s=10.0, measured_duration_s=None)
    assert metadata.audio_gap_s(bronze_video(media=only_sound), sound(duration_s=9.0)) is None


def test_a_varying_frame_rate_is_what_the_probe_found() -> None:
    assert metadata.is_variable_frame_rate(bronze_video(findings=(finding("variable_frame_rate", ""),)))
    assert not metadata.is_variable_frame_rate(bronze_video(findings=(finding("no_audio", ""),)))


def test_nothing_is_known_of_what_is_no_media_file() -> None:
    video = bronze_video()
    assert metadata.video_stream(video) is None
    assert metadata.duration_s(video) is None
    assert metadata.audio_stream(video) is None
    assert metadata.audio_gap_s(video, sound(duration_s=9.0)) is None
    assert not metadata.is_hdr(None)
    assert metadata.video_metadata(video, None, None, None, None, None, None, False, False) == VideoMetadata()


def test_sound_alone_has_no_size() -> None:
    video = bronze_video(media=media(video=None, audio=sound(), tags={"title": "speech"}))
    described = metadata.video_metadata(video, None, sound(), 10.0, None, None, None, False, False)
    assert (described.audio_codec, described.tags, described.duration_s) == ("aac", {"title": "speech"}, 10.0)
    assert (described.width_px, described.video_codec) == (None, None)
