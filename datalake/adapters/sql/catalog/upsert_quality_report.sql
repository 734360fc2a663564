INSERT INTO quality_reports AS known
    (platform, video_id, overall, parts, frame_count, blurred_share, dark_share, blank_share,
     frozen_share, letterboxed_share, is_black, is_blank, is_blurred, is_frozen, is_silent,
     has_audio_gap, audio_gap_s, best_frame_us, findings)
VALUES
    (%(platform)s, %(video_id)s, %(overall)s, %(parts)s, %(frame_count)s, %(blurred_share)s,
     %(dark_share)s, %(blank_share)s, %(frozen_share)s, %(letterboxed_share)s, %(is_black)s,
     %(is_blank)s, %(is_blurred)s, %(is_frozen)s, %(is_silent)s, %(has_audio_gap)s, %(audio_gap_s)s,
     %(best_frame_us)s, %(findings)s)
ON CONFLICT (platform, video_id) DO UPDATE
SET overall = EXCLUDED.overall,
    parts = EXCLUDED.parts,
    frame_count = EXCLUDED.frame_count,
    blurred_share = EXCLUDED.blurred_share,
    dark_share = EXCLUDED.dark_share,
    blank_share = EXCLUDED.blank_share,
    frozen_share = EXCLUDED.frozen_share,
    letterboxed_share = EXCLUDED.letterboxed_share,
    is_black = EXCLUDED.is_black,
    is_blank = EXCLUDED.is_blank,
    is_blurred = EXCLUDED.is_blurred,
    is_frozen = EXCLUDED.is_frozen,
    is_silent = EXCLUDED.is_silent,
    has_audio_gap = EXCLUDED.has_audio_gap,
    audio_gap_s = EXCLUDED.audio_gap_s,
    best_frame_us = EXCLUDED.best_frame_us,
    findings = EXCLUDED.findings,
    assessed_at = now()
WHERE (known.overall, known.parts, known.frame_count, known.blurred_share, known.dark_share,
       known.blank_share, known.frozen_share, known.letterboxed_share, known.is_black, known.is_blank,
       known.is_blurred, known.is_frozen, known.is_silent, known.has_audio_gap, known.audio_gap_s,
       known.best_frame_us, known.findings)
      IS DISTINCT FROM
      (EXCLUDED.overall, EXCLUDED.parts, EXCLUDED.frame_count, EXCLUDED.blurred_share,
       EXCLUDED.dark_share, EXCLUDED.blank_share, EXCLUDED.frozen_share, EXCLUDED.letterboxed_share,
       EXCLUDED.is_black, EXCLUDED.is_blank, EXCLUDED.is_blurred, EXCLUDED.is_frozen, EXCLUDED.is_silent,
       EXCLUDED.has_audio_gap, EXCLUDED.audio_gap_s, EXCLUDED.best_frame_us, EXCLUDED.findings)
