"""What is worth saying about a file: findings derived from its facts and its packets. Opens nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from av.video.stream import VideoStream as AvVideoStream

from datalake.adapters.media.containers import USUAL_RATE_FPS, time_base_of
from datalake.adapters.media.probe.container_index import Positions, wrong_positions
from datalake.adapters.media.probe.scanning import PictureTrack, Scan, SoundTrack
from datalake.adapters.media.transport_holes import Hole
from datalake.contracts import Finding, MediaFacts, VideoStream
from datalake.findings import finding

# Containers whose duration is written by the muxer; the others' is guessed from what is there.
_STATES_DURATION = ("mov", "matroska", "avi", "flv", "asf")
# Formats whose packets are stored in another order than they are shown, in a container of frame numbers.
_STORED_OUT_OF_ORDER = ("h264", "hevc")


def packets_noticed(
    media: MediaFacts, stream: AvVideoStream, track: PictureTrack, holes: Sequence[Hole]
) -> Iterator[Finding]:
    """What the packets of the picture say about times; a hole says nothing about the frame rate."""
    context = stream.codec_context
    if track.end_pts is None:
        if track.packets:
            yield finding("no_timestamps", f"{track.packets} packets without a presentation time")
        return
    if track.untimed:
        yield finding(
            "missing_timestamps", f"{track.untimed} of {track.packets} pictures have no presentation time"
        )
    elif media.container == "avi" and context.name in _STORED_OUT_OF_ORDER and context.has_b_frames:
        yield finding(
            "missing_timestamps", "AVI has no presentation times, and the pictures are stored out of order"
        )
    if track.continuity.jumps:
        more = f" (+{track.continuity.jumps - 1} more)" if track.continuity.jumps > 1 else ""
        yield finding("timestamps_jump", track.continuity.first_jump + more)
    elif not holes:
        yield from _variable(stream, track)
    yield from _negative(media, stream, track)


def holes_noticed(media: MediaFacts, track: PictureTrack, holes: Sequence[Hole]) -> Iterator[Finding]:
    """`damaged_container`, where nothing can be read in the middle of the file.

    Args:
        media: with the picture, where that is known.
        track: the picture's packets.
        holes: stretches of the file that hold no packets.
    """
    if not holes:
        return
    first, lost_bytes = holes[0], sum(hole.end - hole.start for hole in holes)
    more = f" (+{len(holes) - 1} more, {lost_bytes:,} bytes in all)" if len(holes) > 1 else ""
    yield finding(
        "damaged_container",
        f"bytes {first.start:,} to {first.end:,} cannot be read{_pause(media, track, first)}{more}",
    )


def facts_noticed(video: VideoStream) -> Iterator[Finding]:
    """What the picture is like."""
    if video.rotation_deg:
        yield finding("rotated", f"{video.rotation_deg} degrees clockwise")
    if video.colour.is_hdr:
        evidence = f"transfer {video.colour.transfer}, primaries {video.colour.primaries}"
        yield finding("hdr", f"{evidence}, {video.bit_depth} bit")
    if video.is_interlaced:
        yield finding("interlaced", f"{video.codec} codes two fields a picture")
    wide, high = video.pixel_aspect
    if wide != high:
        yield finding("non_square_pixels", f"pixels are {wide}:{high}")


def sound_noticed(sound: SoundTrack | None) -> Iterator[Finding]:
    """`no_audio`, where nothing can be heard because nothing is there."""
    if sound is None:
        yield finding("no_audio", "there is no sound track")
    elif not sound.packets:
        yield finding("no_audio", "the sound track is empty")


def index_noticed(track: PictureTrack, index: Positions | None) -> Iterator[Finding]:
    """`broken_index`, where the pictures are not at the places that an AVI's index names."""
    evidence = None if index is None else wrong_positions(track.positions, index)
    if evidence:
        yield finding("broken_index", evidence)


def ends_early(media: MediaFacts, stream: AvVideoStream, scan: Scan) -> Iterator[Finding]:
    """`truncated`, where what is there ends well before the container says.

    Where the container states how long each track is, the picture is compared, else the longest track
    of all: Matroska and FLV state the end of the last one, be it a second language or subtitles.
    """
    track = scan.picture
    if track is None or not media.container.startswith(_STATES_DURATION) or not media.duration_s:
        return
    there_s, what = (track.end_pts or 0) * float(time_base_of(stream)), "pictures end"
    if stream.duration and stream.start_time is not None:
        stated_s = float((stream.start_time + stream.duration) * time_base_of(stream))
    else:
        stated_s = media.duration_s
        sound_s = scan.sound.end_s if scan.sound else None
        for end_s in (sound_s, scan.others_end_s):
            if end_s is not None and end_s > there_s:
                there_s, what = end_s, "all tracks end"
    fps = float(stream.average_rate) if stream.average_rate else USUAL_RATE_FPS
    if stated_s - there_s > max(0.5, 2 / fps, stated_s / 100):
        yield finding("truncated", f"the container states {stated_s:.2f} s, {what} at {there_s:.2f} s")


def _negative(media: MediaFacts, stream: AvVideoStream, track: PictureTrack) -> Iterator[Finding]:
    """Pictures before time 0; in MP4 and MOV an edit list keeps them from being shown."""
    hidden = track.hidden
    if media.container.startswith("mov") and stream.frames:
        hidden += max(0, stream.frames - len(stream.index_entries))
    if hidden:
        yield finding("negative_timestamps", f"an edit list hides {hidden} of {stream.frames} pictures")
    elif track.start_pts is not None and track.start_pts < 0:
        start_s = track.start_pts * float(time_base_of(stream))
        yield finding("negative_timestamps", f"the first picture is at {start_s:.3f} s")


def _pause(media: MediaFacts, track: PictureTrack, hole: Hole) -> str:
    """The times of the pictures around a hole, for a person."""
    around = track.around(hole)
    if media.video is None or around is None:
        return ""
    numerator, denominator = media.video.time_base
    before_s, after_s = ((pts - (media.video.start_pts or 0)) * numerator / denominator for pts in around)
    return f", between the pictures at {before_s:.2f} s and {after_s:.2f} s"


def _variable(stream: AvVideoStream, track: PictureTrack) -> Iterator[Finding]:
    steps = track.intervals
    if steps is None or not steps.is_variable:
        return
    shortest_ms, usual_ms, longest_ms = (
        1000 * ticks * float(time_base_of(stream)) for ticks in (steps.shortest, steps.usual, steps.longest)
    )
    yield finding(
        "variable_frame_rate",
        f"pictures follow each other by {shortest_ms:.1f} to {longest_ms:.1f} ms; "
        f"{steps.odd_share:.0%} of the intervals differ from the usual {usual_ms:.1f} ms",
    )
