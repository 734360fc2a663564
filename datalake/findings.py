"""Every finding about a video: a stable code, its severity and remedy, to which evidence is added.

An error is `fatal` when nothing is left to work on; what an error stops depends on the validation mode.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from datalake.contracts import Finding, Severity, ValidationMode


class Kind(NamedTuple):
    """What is known of a finding before anything was measured."""

    severity: Severity
    remedy: str
    fatal: bool = False


def _fatal(remedy: str) -> Kind:
    return Kind("error", remedy, fatal=True)


_NO_BYTES: dict[str, Kind] = {
    "source_not_allowed": _fatal(
        "Use an allowed URI; or extend {setting}, then `datalake retry --class source_not_allowed`."
    ),
    "source_missing": _fatal(
        "Check the URI, and send it with a new event_id; or put the file there, then "
        "`datalake retry --class source_missing`."
    ),
    "source_unavailable": _fatal(
        "Make the host reachable and finish writing the file, then "
        "`datalake retry --class source_unavailable`."
    ),
    "source_unreadable": _fatal(
        "Give the pipeline read access, then `datalake retry --class source_unreadable`."
    ),
    "too_large": _fatal(
        "Send a smaller file; or raise SOURCE_MAX_BYTES, then `datalake retry --class too_large`."
    ),
}
_BAD_BYTES: dict[str, Kind] = {
    "hash_differs": _fatal("Upload the file again, or correct `sha256` in the message."),
    "empty_file": _fatal("Upload the file again; nothing arrived."),
    "not_a_video": _fatal("Send a video file (MP4, MOV, MKV, WebM, TS, AVI ...)."),
    "no_video_stream": _fatal("Send a file that has a picture track."),
    "encrypted": _fatal("Send the file without copy protection."),
    "unsupported_codec": _fatal("Re-encode the picture, e.g. to H.264."),
    "codec_not_allowed": _fatal("Re-encode the picture, or extend ALLOWED_CODECS."),
    "no_timestamps": _fatal("Put the bare stream into a container: ffmpeg -i IN -c copy OUT.mp4"),
    "truncated": Kind("error", "Upload the file again; the end is missing."),
    "damaged_container": Kind("error", "Upload the file again; parts in the middle are missing."),
    "too_long": Kind("error", "Cut the video, or raise MAX_DURATION_S."),
    "too_small": Kind("error", "Send a larger picture, or lower MIN_SIDE_PX."),
    "timestamps_jump": Kind("error", "Write the file anew: ffmpeg -fflags +genpts -i IN -c copy OUT.mp4"),
}
_UNUSUAL_BYTES: dict[str, Kind] = {
    "extension_lies": Kind("warning", "Name the file after what it is."),
    "broken_index": Kind("warning", "Write the index anew: ffmpeg -i IN -c copy OUT"),
    "missing_timestamps": Kind("warning", "Write the file anew: ffmpeg -fflags +genpts -i IN -c copy OUT"),
    "interlaced": Kind("warning", "Deinterlace the video if moving edges look like combs."),
    "negative_timestamps": Kind("info", "Nothing; times are counted from the first picture."),
    "variable_frame_rate": Kind("info", "Nothing; frames keep their true times."),
    "rotated": Kind("info", "Nothing; frames are stored upright."),
    "non_square_pixels": Kind("info", "Nothing; frames are stored as they are coded."),
    "hdr": Kind("info", "Nothing; colours look paler than on an HDR screen."),
    "no_audio": Kind("info", "Nothing; the picture is all that is needed."),
}
_DECODING: dict[str, Kind] = {
    "decode_failed": Kind("error", "The picture is damaged; export or upload the file again."),
    "decoder_hung": Kind("error", "Re-encode the file; a very large one may need a higher CHILD_TIMEOUT_S."),
    "decoder_died": Kind("error", "Re-encode the file; as it is, it crashes the decoder."),
    "decoder_out_of_memory": Kind(
        "error", "Re-encode the file, or raise CHILD_RESIDENT_BYTES and CHILD_MEMORY_BYTES."
    ),
    "code_failed": Kind(
        "error", "Report it with the file; after an update, `datalake retry --class code_failed`."
    ),
    "kills_worker": _fatal("Re-encode the file; as it is, it ends the process that works on it."),
    "no_frames": _fatal("Play the file; if it shows pictures, re-encode it and send it again."),
    "embedding_failed": _fatal("Play the file; if it looks right, re-encode it and send it again."),
    "keyframes_unknown": Kind("info", "Nothing; frames were taken every interval instead."),
    "decoded_on_cpu": Kind("info", "Nothing; the frames are the same, they only took longer."),
    "embedded_on_cpu": Kind(
        "warning",
        "Look at the GPU (nvidia-smi) and at the log of the task; free its memory, mend its driver, or say "
        "DEVICE=cpu.",
    ),
    "frame_not_encodable": _fatal("Send the video with less than 65500 pixels a side."),
}
_QUALITY: dict[str, Kind] = {
    "black_video": Kind("warning", "Check the recording; there is next to nothing to see."),
    "blank_video": Kind("warning", "Check the recording; the pictures show one even shade."),
    "frozen_video": Kind("warning", "Check the recording; the picture does not move."),
    "blurred_video": Kind("warning", "Check focus and bit rate, or lower BLUR_MIN for soft material."),
    "silent_audio": Kind("warning", "Check the microphone or the audio track."),
    "audio_gap": Kind("warning", "Check the export; sound and picture are not equally long."),
    "derivative_failed": Kind("warning", "Play the file; if it looks right, re-encode it and send it again."),
}
_ABOUT_OTHERS = ("hash_differs", "extension_lies", "too_long", "too_small", "codec_not_allowed")
OURS = frozenset({"code_failed"})  # say nothing about the bytes: they may be sent again
NO_BYTES = frozenset(_NO_BYTES)  # with these every mode ends, for there is nothing to report on
SECTIONS: dict[str, dict[str, Kind]] = {
    "The bytes could not be had": _NO_BYTES,
    "The bytes are no good": _BAD_BYTES,
    "The bytes are unusual": _UNUSUAL_BYTES,
    "Decoding and embedding": _DECODING,
    "Quality": _QUALITY,
}
FINDINGS: dict[str, Kind] = {code: kind for kinds in SECTIONS.values() for code, kind in kinds.items()}


def finding(code: str, evidence: str, **names: str) -> Finding:
    """The finding `code` with what was measured; `names` fill the remedy's blanks.

    Raises:
        KeyError: a code that is not in the table.
    """
    kind = FINDINGS[code]
    return Finding(
        code=code,
        severity=kind.severity,
        evidence=evidence,
        remedy=kind.remedy.format(**names),
        fatal=kind.fatal,
    )


def blocking(
    findings: Iterable[Finding], validation_mode: ValidationMode, has_pictures: bool = True
) -> tuple[Finding, ...]:
    """The findings that stop a video.

    Args:
        findings: what was noticed.
        validation_mode: strict: every error stops it; lenient: fatal ones do; report-only: none does. Two
            kinds stop it in every mode: without bytes there is nothing to report on, and what an error
            of our own leaves must not be kept as if it were the video's doing.
        has_pictures: False when no picture track can be read, which makes every error fatal.
    """
    lenient, reports = validation_mode == "lenient" and has_pictures, validation_mode == "report-only"
    return tuple(
        one
        for one in findings
        if one.code in NO_BYTES | OURS
        or (one.severity == "error" and not reports and (one.fatal or not lenient))
    )


def about_bytes(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that the same bytes have again, whatever the message, the file's name and our limits are."""
    return tuple(one for one in findings if one.code not in (*_ABOUT_OTHERS, *NO_BYTES))


def once_a_code(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The first finding of each code, which says how many more there were."""
    groups: dict[str, list[Finding]] = {}
    for one in findings:
        groups.setdefault(one.code, []).append(one)
    return tuple(_counted(group) for group in groups.values())


def _counted(group: list[Finding]) -> Finding:
    first, *more = group
    return (
        first if not more else first.model_copy(update={"evidence": f"{first.evidence} (+{len(more)} more)"})
    )
