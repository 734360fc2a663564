"""Reading one stream by time: going forward it decodes on, else it seeks; damage is noted, not raised."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import suppress

from av.error import FFmpegError
from av.video.frame import VideoFrame

from datalake.adapters.media.containers import USUAL_RATE_FPS
from datalake.adapters.media.decode.alone import Keyframes
from datalake.adapters.media.decode.clock import Clock
from datalake.adapters.media.decode.coded_video import CodedVideo
from datalake.adapters.media.decode.damage import BEFORE_ALL_US, Damage, Picture
from datalake.adapters.media.decode.hardware import Hardware, StreamOpener
from datalake.adapters.media.decode.keyframes import is_indexed, keyframe_times, shown_keyframe_times_us
from datalake.adapters.media.decode.left_out import OutOfOrder, SeekMisled
from datalake.adapters.media.decode.picture_decoder import PictureDecoder
from datalake.adapters.media.decode.pictures import PictureStream, StartElsewhere
from datalake.adapters.media.decode.planner import FARTHEST_BACK_US, Planner
from datalake.adapters.media.decode.seeking import seek
from datalake.adapters.media.decode.upright import Upright, in_planes
from datalake.adapters.media.packets import packets
from datalake.adapters.media.transport_holes import holes_of


class Reader:
    """Whole frames of one stream at wanted times, and the damage met on the way.

    What is decoded on the way is planned. Where a wanted picture was left out, or pictures come out of
    order, nothing is left out from then on. What a GPU stumbles over is left to software. Threads notice
    damage some packets early: from the first on one decodes, and nothing is left out.

    Attributes:
        keyframes_us: keyframe times, in order; about, until it was looked when they are shown.
        opener: knows whether a GPU decodes, and why not.

    Raises:
        av.error.FFmpegError: the file cannot be opened.
    """

    def __init__(self, path: str, video: CodedVideo, threads: int, gpu: Hardware | None = None) -> None:
        self._path, self._video, self._threads = path, video, threads
        self._noted: dict[int, Damage] = {}
        self._upright, self._start_us = Upright(video), 0
        self._current: Picture | None = None
        self._ahead: Picture | None = None
        self._pictures: Iterator[Picture] = iter(())
        self._is_first = self._is_alone = False  # nothing before `_current`; nothing known of what follows it
        self.opener = StreamOpener(path, video, gpu)
        self._container, self._stream = self.opener()
        self._clock = Clock(video, self._container.format.name)
        self._planner = Planner(video.frame_rate_fps or USUAL_RATE_FPS)
        # before a decoder listens: reading the packets makes FFmpeg complain
        found = keyframe_times(path, self._stream, self._clock)
        self._note_keyframes(found.times_us, are_shown=not is_indexed(self._stream))
        self._can_seek = not found.has_other_headers
        self._holes = holes_of(self._container)
        self._keyframes = Keyframes(self._clock, self._holes)
        self._decoder = PictureDecoder(self._stream, video.pixel_format, threads)

    def close(self) -> None:
        """Close the file; its filters' memory goes with the next collection of garbage."""
        self._decoder.close()
        self._container.close()

    def look_when_keyframes_are_shown(self) -> None:
        """Make `keyframes_us` exact, reading every keyframe of the file unless they are."""
        if not self._planner.are_shown:
            with self._decoder.not_listening():
                times_us = shown_keyframe_times_us(self._path, self._stream, self._clock)
            self._note_keyframes(times_us, are_shown=True)

    def _note_keyframes(self, times_us: array[int], are_shown: bool) -> None:
        self._planner.know_keyframes(times_us, are_shown)
        self.keyframes_us = times_us if self._planner.keyframes_us else array("q", sorted(times_us))

    @property
    def damage(self) -> list[Damage]:
        """What could not be had at the times last asked for, and what begins on the way to them."""
        return list(self._noted.values())

    def upright(self, frame: VideoFrame) -> memoryview:
        """RGB pixels as they are to be seen, (height, width, 3) of the video."""
        return self._upright(frame if self._decoder.is_software else in_planes(frame))

    def pictures(self, start_us: int, end_us: int, wanted_us: list[int]) -> Iterator[Picture]:
        """The whole picture on screen at each wanted time, once, if it began in [start_us, end_us).

        The first picture of a file is also on screen before it begins.
        """
        self._noted, self._start_us = {}, start_us
        self._planner.want(wanted_us)
        last_us = start_us - 1
        for time_us in wanted_us:
            picture = self._picture_at(time_us)
            if picture is None:
                self._note(Damage("no picture can be decoded", 0, 0))
                return
            if picture.frame is not None and last_us < picture.time_us < end_us:
                last_us = picture.time_us
                yield picture

    def every_picture(self, start_us: int, end_us: int) -> Iterator[Picture]:
        """The picture on screen at the start, then every whole one that begins in [start_us, end_us)."""
        self._noted, self._start_us = {}, start_us
        if self._planner.wants_some:  # some of what follows may have been left out: stand nowhere
            self._current, self._ahead, self._is_alone = Picture(BEFORE_ALL_US), None, True
        self._planner.want([])
        picture = self._picture_at(start_us)
        if picture is None:
            self._note(Damage("no picture can be decoded", 0, 0))
        while picture is not None and picture.time_us < end_us:
            if picture.frame is not None:
                yield picture
            picture = None if self._ahead is None else self._picture_at(self._ahead.time_us)

    def _picture_at(self, time_us: int) -> Picture | None:
        try:
            self._move_as_planned(time_us)
        except StartElsewhere as trouble:
            self._start_again(time_us, str(trouble))
        if (current := self._current) is not None and current.damage is not None:
            self._note(current.damage)
        return self._current

    def _start_again(self, time_us: int, trouble: str) -> None:
        """From the start: in software; where it was that, with one thread that leaves nothing out."""
        if not self._decoder.is_software:
            self.opener.give_up_hardware(trouble)
            with suppress(StartElsewhere, OutOfOrder):
                self._reopen()
                self._keyframes = Keyframes(self._clock, self._holes)  # only the GPU may have taken none
                self._move_as_planned(time_us)
                return
        self._threads, self._planner.leaves_out = 1, False
        self._move_as_planned(time_us, anew=True)

    def _move_as_planned(self, time_us: int, anew: bool = False) -> None:
        """The same; what has gone wrong with leaving out, or with a seek, is not done any more."""
        try:
            if anew:
                self._reopen()
            return self._move_to(time_us)
        except OutOfOrder:
            self._planner.leaves_out = False
        except SeekMisled:
            self._can_seek = False
        return self._move_as_planned(time_us, anew=True)

    def _move_to(self, time_us: int) -> None:
        """Make current what is on screen at a time, seeking where it must or saves something.

        Raises:
            OutOfOrder: it was left out, or may have been.
            SeekMisled: a seek led where it cannot be told.
        """
        if self._has_taken_alone(time_us):
            return
        if self._current is None:
            self._step_in(is_start=True)
        if self._is_behind(time_us):
            self._seek(time_us)
        while self._ahead is not None and self._ahead.time_us <= time_us:
            self._current, self._ahead = self._ahead, next(self._pictures, None)
            self._is_first = False
            damage = self._current.damage
            if damage is not None and damage.start_us >= self._start_us:  # else it was told of before
                self._note(damage)
        left_out_us = None if self._ahead is None else self._ahead.left_out_us
        if left_out_us is not None and left_out_us <= time_us:
            raise OutOfOrder

    def _is_behind(self, time_us: int) -> bool:
        """True when a seek is needed, or saves decoding groups of pictures that nobody wants."""
        if self._is_alone:
            return True
        if self._current is None or self._current.time_us > time_us:
            return not self._is_first
        if self._ahead is None or not self._can_seek:
            return False
        return self._planner.is_seek_cheaper(self._ahead.time_us, time_us)

    def _has_taken_alone(self, time_us: int) -> bool:
        """True when the keyframe of this very time is current, decoded without anything behind it."""
        if self._is_alone and self._current is not None and self._current.time_us == time_us:
            return True
        if not (self._keyframes.are_alone and self._can_seek and self._planner.is_alone(time_us)):
            return False
        picture = self._keyframes.at(time_us, self._container, self._stream, self._decoder)
        if picture is None:
            self._reopen()
            return False
        self._current, self._ahead, self._pictures = picture, None, iter(())
        self._is_alone, self._is_first = True, False
        return True

    def _seek(self, time_us: int) -> None:
        """Stand at a picture not after `time_us`; a seek may land late, so look, and go further back."""
        tries = [(place_us, False) for place_us in self._planner.places_us(time_us)]
        for place_us, may_be_damaged in [*tries, (time_us, True)] if self._can_seek else []:
            self._can_seek = self._has_sought(place_us)
            if self._can_seek and self._has_entered(may_be_damaged):
                if self._current is not None and self._current.time_us <= time_us:
                    return
                self._planner.came_late()
        self._can_seek = self._can_seek and time_us < FARTHEST_BACK_US  # then the start is as near as any
        self._reopen()

    def _has_sought(self, time_us: int) -> bool:
        try:
            seek(self._container, self._stream, self._clock.ticks(time_us), self._decoder)
        except MemoryError:
            raise
        except FFmpegError:
            return False
        return True

    def _has_entered(self, may_be_damaged: bool) -> bool:
        """False when it cannot be told whether damage was met, and there are places left to look from."""
        try:
            self._step_in(is_start=False, may_be_damaged=may_be_damaged)
        except StartElsewhere:
            if not self._decoder.is_exact:
                raise
            return False
        return True

    def _step_in(self, is_start: bool, may_be_damaged: bool = True) -> None:
        """Start decoding at the next keyframe."""
        self._decoder.sought()
        self._clock.restart()
        found, entry = packets(self._container, self._stream), (is_start, may_be_damaged, self._holes)
        self._pictures = iter(PictureStream(found, self._decoder, self._clock, self._planner, *entry))
        self._is_alone = False
        self._current, self._ahead = next(self._pictures, None), next(self._pictures, None)
        self._is_first = is_start

    def _reopen(self) -> None:
        """Stand at the start of the file, with as many threads as are good for it now."""
        self.close()
        self._container, self._stream = self.opener()
        self._clock = Clock(self._video, self._container.format.name)
        self._decoder = PictureDecoder(self._stream, self._video.pixel_format, self._threads)
        self._step_in(is_start=True)

    def _note(self, damage: Damage) -> None:
        self._noted[id(damage)] = damage
