INSERT INTO videos AS v
    (platform, video_id, version, version_partition, version_offset, message_id, asset_id, model, settings_hash,
     uri, published_at, duration_s, width_px, height_px, codec, frame_count)
VALUES
    (%(platform)s, %(video_id)s, %(version)s, %(version_partition)s, %(version_offset)s, %(message_id)s,
     %(asset_id)s, %(model)s, %(settings_hash)s, %(uri)s, %(published_at)s, %(duration_s)s, %(width_px)s,
     %(height_px)s, %(codec)s, %(frame_count)s)
ON CONFLICT (platform, video_id) DO UPDATE
SET version = EXCLUDED.version,
    version_partition = EXCLUDED.version_partition,
    version_offset = EXCLUDED.version_offset,
    message_id = EXCLUDED.message_id,
    asset_id = EXCLUDED.asset_id,
    model = EXCLUDED.model,
    settings_hash = EXCLUDED.settings_hash,
    uri = EXCLUDED.uri,
    published_at = EXCLUDED.published_at,
    duration_s = EXCLUDED.duration_s,
    width_px = EXCLUDED.width_px,
    height_px = EXCLUDED.height_px,
    codec = EXCLUDED.codec,
    frame_count = EXCLUDED.frame_count,
    updated_at = now()
