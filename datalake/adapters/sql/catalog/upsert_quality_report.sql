INSERT INTO quality_reports
    (platform, video_id, overall, parts, frames, blurred_share, dark_share, blank_share, frozen_share,
     letterboxed_share, is_black, is_frozen, is_silent, audio_gap_s, best_frame_us, findings)
VALUES
    (%(platform)s, %(video_id)s, %(overall)s, %(parts)s, %(frames)s, %(blurred_share)s, %(dark_share)s,
     %(blank_share)s, %(frozen_share)s, %(letterboxed_share)s, %(is_black)s, %(is_frozen)s, %(is_silent)s,
     %(audio_gap_s)s, %(best_frame_us)s, %(findings)s)
ON CONFLICT (platform, video_id) DO UPDATE
SET overall = EXCLUDED.overall,
    parts = EXCLUDED.parts,
    frames = EXCLUDED.frames,
    blurred_share = EXCLUDED.blurred_share,
    dark_share = EXCLUDED.dark_share,
    blank_share = EXCLUDED.blank_share,
    frozen_share = EXCLUDED.frozen_share,
    letterboxed_share = EXCLUDED.letterboxed_share,
    is_black = EXCLUDED.is_black,
    is_frozen = EXCLUDED.is_frozen,
    is_silent = EXCLUDED.is_silent,
    audio_gap_s = EXCLUDED.audio_gap_s,
    best_frame_us = EXCLUDED.best_frame_us,
    findings = EXCLUDED.findings,
    assessed_at = now()
