"""Sound: none, silence, too long, and nothing else."""

from __future__ import annotations

from tests.cases.case import Case, unless_reported

SOUND = (
    Case("no_audio", {"audio": False}, found=("no_audio",)),
    Case("silence", {"audio": "silence"}, found_later=("silent_audio",)),
    Case("loud_only_at_the_end", {"quiet_ms": 1200}),
    Case("surround", {"audio": "tone", "audio_layout": "7.1"}),
    Case("longer_second_sound", {"suffix": ".mkv", "second_audio_ms": 4000}),
    Case("sound_goes_on", {"audio_ms": 6000}, found_later=("audio_gap",)),
    Case("sound_ends_early", {"audio_ms": 500, "suffix": ".mkv"}, found_later=("audio_gap",)),
    # two seconds of sound alone, then two of both
    Case("pictures_begin_late", {"start_ms": 2000, "audio_ms": 4000}, found_later=("audio_gap",)),
    Case(
        "only_sound",
        {"has_picture": False},
        found=("no_video_stream",),
        found_later=("no_frames",),
        stopped=unless_reported("no_video_stream"),
        frames=(),
        is_damaged=True,
    ),
)
