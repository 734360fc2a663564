"""A decoder that says when it is damage that it decodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple, cast

from av.codec.context import CodecContext, ThreadType
from av.error import FFmpegError
from av.packet import Packet, PacketSideData
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvStream

from datalake.adapters.media.decode.decoder_log import DecoderLog
from datalake.adapters.media.decode.h264.blank import blank_picture
from datalake.adapters.media.decode.h264.parameters import Parameters, Untold
from datalake.adapters.media.decode.h264.references import Links, References
from datalake.adapters.media.decode.h264.stand_in import stand_in
from datalake.adapters.media.decode.nal_units import PacketCheck
from datalake.adapters.media.packets import header_in

# FFmpeg's own VP9 decoder takes damaged bytes for good ones; libvpx refuses them, and is as fast.
_STRICTER = {"vp9": "libvpx-vp9"}
# libvpx as PyAV bundles it decodes 8 bits only.
_STRICTER_FORMATS = ("yuv420p", "yuv422p", "yuv440p", "yuv444p")
_ONE_FOR_ONE = ("mpeg4",)  # once frames come out, each packet brings one; a repeated picture is a tiny packet
_REPEAT_BYTES = 19
_OPTIONS = {"hevc": {"err_detect": "crccheck"}}  # compare a picture with its checksum, where it has one


class Decoded(NamedTuple):
    """Frames that came out, whole unless flagged; `damage` says what was noticed meanwhile."""

    frames: list[VideoFrame]
    damage: str | None = None


class PictureDecoder:
    """Packets in, frames out; damage is told, not raised.

    Where H.264 broke off in a block a blank picture is decoded before the next keyframe: FFmpeg adds what it
    had read of this block to a later one. Each of several threads may hold such a rest: they do not go on.

    Attributes:
        is_software: False where a GPU decodes.
        is_exact: True when damage is noticed at its own packet; threads may notice it some packets early, and
            a GPU hardly ever.
        names_keyframes: True when frames say whether they are keyframes.
        may_lack_header: True while the demuxer may have read a header that it has not given (see `seeking`).
    """

    def __init__(self, stream: AvStream, pixel_format: str | None, threads: int) -> None:
        self._is_restarted, self._gives_frames = True, False
        self._blanked = 0  # blocks that broke off of which nothing is left
        self._context = _context(stream, pixel_format, threads)
        self.is_software = not self._context.is_hwaccel
        self.is_exact = threads == 1 and self.is_software
        self.names_keyframes = self._context.name not in _STRICTER.values()
        self._check = PacketCheck(stream.codec_context)
        self._is_h264 = self.is_software and self._context.name == "h264"
        self._parameters = Parameters(self._check.head if self._is_h264 else [])
        self._read_header: PacketSideData | None = None  # the last that the demuxer sent
        self._due_header: PacketSideData | None = None  # the decoder has not been given it
        self._has_other_head, self.may_lack_header = False, True
        self._log = DecoderLog()
        self._log.listen()

    @property
    def holes(self) -> int:
        """How often so far the demuxer went past bytes that hold no packets."""
        return self._log.holes

    def close(self) -> None:
        """Wait for the decoder's threads: one that logs while the context is freed would wait for us."""
        self._context.flush_buffers()
        self._log.leave()

    @contextmanager
    def not_listening(self) -> Iterator[None]:
        """For reading the file otherwise meanwhile: what FFmpeg says then is not about these pictures."""
        self._log.leave()
        try:
            yield
        finally:
            self._log.listen()

    def restart(self) -> None:
        """Forget everything; the next packet is a keyframe."""
        self._context.flush_buffers()
        self._log.taken()
        self._is_restarted, self._gives_frames = True, False

    def sought(self) -> None:
        """The file stands elsewhere: forget everything but the last header read, which is not sent again."""
        self.restart()
        self._due_header = self._read_header

    def frames(self, packet: Packet[AvStream]) -> Decoded:
        """The frames that are due with this packet; damage is the packet's, or with threads a later one's."""
        if self._check.is_broken(bytes(packet)):
            return Decoded([], "bytes that cannot be picture data")
        if self._is_restarted and self.has_broken_off:
            if not self.is_exact:
                return Decoded([], "damage ahead of what was asked for")
            self._decode_blank()
        self._is_restarted = False
        if self._due_header is not None:
            packet.set_sidedata(self._due_header)
            self._due_header = None
        decoded, was_due = self._decoded(packet), self._gives_frames and packet.size > _REPEAT_BYTES
        self._gives_frames = self._gives_frames or bool(decoded.frames)
        if was_due and decoded == ([], None) and self._context.name in _ONE_FOR_ONE:
            return Decoded([], "a picture is missing")
        return decoded

    @property
    def may_hold_fields(self) -> bool:
        """False when each packet is known to hold a whole picture."""
        return self._has_other_head or self._check.may_hold_fields

    def is_unreferenced(self, packet: Packet[AvStream]) -> bool:
        """True when the packet is whole and holds nothing but a picture that no other refers to."""
        return not self._has_other_head and self._check.is_unreferenced(bytes(packet))

    def references(self) -> References | None:
        """Follows what pictures refer to, from where a stream is entered on; None where that is not known."""
        return References(self._parameters) if self._is_h264 else None

    def reach(self, packet: Packet[AvStream]) -> None:
        """Decoding is here, whether this packet is decoded or not: a header in it is due from now on."""
        if (header := header_in(packet)) is not None:
            self._due_header = header

    def meet(self, packet: Packet[AvStream]) -> None:
        """Note a header that comes with a packet; by another than the first, units are not understood."""
        header = header_in(packet)
        if header is None:
            return
        self._read_header = header
        if bytes(header) != self._check.header:
            self._check.take_header(bytes(header))
            self._has_other_head = True
            self._parameters.end()

    def units(self, packet: Packet[AvStream]) -> Iterator[bytes]:
        """The units of an H.264 or HEVC packet; they are looked into before it is decoded."""
        return self._check.units(bytes(packet))

    def learn(self, packet: Packet[AvStream]) -> None:
        """Note the parameters in a packet that is decoded out of turn."""
        for unit in self.units(packet) if self._is_h264 else ():
            with suppress(Untold):
                self._parameters.learn(unit)

    def stand_in(self, packet: Packet[AvStream], links: Links) -> Packet[AvStream] | None:
        """The packet with another picture in it; None where it is damaged."""
        data = bytes(packet)
        if self._has_other_head or self._check.is_broken(data):
            return None
        other = cast("Packet[AvStream]", Packet(self._check.with_slice(data, stand_in(links.header))))
        other.pts, other.dts, other.time_base = packet.pts, packet.dts, packet.time_base
        return other

    def is_intra(self, packet: Packet[AvStream]) -> bool:
        """True when a keyframe's packet refers to no other, as far as can be told."""
        return self._check.is_intra(bytes(packet))

    def is_entry(self, packet: Packet[AvStream]) -> bool:
        """False of a keyframe that refers to others: pictures behind it become whole nobody knows when."""
        return self._check.is_entry(bytes(packet))

    def rest(self) -> Decoded:
        """The frames still inside; `restart` comes next."""
        errors = self._log.errors
        decoded = self._decoded(None)
        if decoded.damage is None and not self.is_exact and self._log.errors > errors:
            return decoded._replace(damage="an error at the end")  # after a frame PyAV keeps it to itself
        return decoded

    @property
    def has_broken_off(self) -> bool:
        """True where pictures to come may hold what is left of one that broke off in a block."""
        return self._is_h264 and self._log.broken_off > self._blanked

    def _decode_blank(self) -> None:
        """Have what is left added to a picture that nobody sees."""
        self._blanked = self._log.broken_off
        if units := blank_picture(self._check.numbered):
            self._decoded(cast("Packet[AvStream]", Packet(self._check.packed(units))))
        self._context.flush_buffers()
        self._log.taken()

    def _decoded(self, packet: Packet[AvStream] | None) -> Decoded:
        try:
            frames = self._context.decode(packet)
        except MemoryError:
            if self.is_exact:
                raise
            return Decoded([], "no memory")  # dav1d's threads say so of damage too; one thread will tell
        except FFmpegError as error:
            self._log.taken()
            return Decoded([], error.strerror or type(error).__name__)
        if not self.is_software and any(self._is_cut_otherwise(frame) for frame in frames):
            return Decoded([], "its pictures are of another size")
        return Decoded(frames, self._log.taken())

    def _is_cut_otherwise(self, frame: VideoFrame) -> bool:
        """True where the left or top is to be cut off, which FFmpeg does not do to a GPU's pictures."""
        return (frame.width, frame.height) != (self._context.width, self._context.height)


def _context(stream: AvStream, pixel_format: str | None, threads: int) -> VideoCodecContext:
    context = stream.codec_context
    if context.is_hwaccel:
        context.thread_count = 1  # more only take more of the GPU's memory
        return context
    if context.name in _STRICTER and pixel_format in _STRICTER_FORMATS:
        context = cast("VideoCodecContext", CodecContext.create(_STRICTER[context.name], "r"))
        context.extradata = stream.codec_context.extradata
    context.options = _OPTIONS.get(context.name, {})
    context.thread_type, context.thread_count = ThreadType.AUTO, threads
    return context
