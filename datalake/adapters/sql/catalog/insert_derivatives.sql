INSERT INTO derivatives AS known ({columns})
VALUES %s
ON CONFLICT (asset_id, model, settings_hash, name) DO UPDATE
SET file_key = EXCLUDED.file_key,
    sha256 = EXCLUDED.sha256,
    media_type = EXCLUDED.media_type,
    size_bytes = EXCLUDED.size_bytes,
    width_px = EXCLUDED.width_px,
    height_px = EXCLUDED.height_px,
    duration_s = EXCLUDED.duration_s,
    time_us = EXCLUDED.time_us,
    pipeline_version = EXCLUDED.pipeline_version
WHERE (known.file_key, known.sha256, known.pipeline_version)
      IS DISTINCT FROM (EXCLUDED.file_key, EXCLUDED.sha256, EXCLUDED.pipeline_version)
