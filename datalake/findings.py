"""Every finding about a video: a stable code, its severity and remedy, to which evidence is added."""

from __future__ import annotations

from datalake.contracts import Finding, Severity

_FINDINGS: dict[str, tuple[Severity, str]] = {
    # the bytes could not be had
    "source_not_allowed": ("error", "Use an allowed URI, or extend {setting}."),
    "source_missing": ("error", "Check the URI, then send the message again."),
    "source_unavailable": ("error", "Make the host reachable, then send the message again."),
    "source_unreadable": ("error", "Give the pipeline read access, then send the message again."),
    "too_large": ("error", "Send a smaller file, or raise SOURCE_MAX_BYTES."),
    # the bytes are no good
    "empty_file": ("error", "Upload the file again; nothing arrived."),
    "not_a_video": ("error", "Send a video file (MP4, MOV, MKV, WebM, TS, AVI ...)."),
    "no_video_stream": ("error", "Send a file that has a picture track."),
    "truncated": ("error", "Upload the file again; the end is missing."),
    "unsupported_codec": ("error", "Re-encode the picture, e.g. to H.264."),
    "no_timestamps": ("error", "Put the bare stream into a container: ffmpeg -i IN -c copy OUT.mp4"),
    "decode_failed": ("error", "The picture is damaged; export or upload the file again."),
    "no_frames": ("error", "Play the file; if it shows pictures, re-encode it and send it again."),
    "embedding_failed": ("error", "Play the file; if it looks right, re-encode it and send it again."),
    "frame_not_encodable": ("error", "Send the video with less than 65500 pixels a side."),
    # what the process that opens the bytes went through
    "decoder_hung": ("error", "Re-encode the file; a very large one may need a higher CHILD_TIMEOUT_S."),
    "decoder_died": ("error", "Re-encode the file; as it is, it crashes the decoder."),
    "decoder_out_of_memory": ("error", "Re-encode the file, or raise CHILD_MEMORY_BYTES."),
}


def finding(code: str, evidence: str, **names: str) -> Finding:
    """The finding `code` with what was measured; `names` fill the remedy's blanks.

    Raises:
        KeyError: a code that is not in the table.
    """
    severity, remedy = _FINDINGS[code]
    return Finding(code=code, severity=severity, evidence=evidence, remedy=remedy.format(**names))
