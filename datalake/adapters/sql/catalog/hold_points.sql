INSERT INTO point_holders AS held (asset_id, model, settings_hash, platform, video_id, version)
VALUES (%(asset_id)s, %(model)s, %(settings_hash)s, %(platform)s, %(video_id)s, %(version)s)
ON CONFLICT (platform, video_id, asset_id, model, settings_hash) DO UPDATE
SET released = false, version = GREATEST(held.version, EXCLUDED.version)
