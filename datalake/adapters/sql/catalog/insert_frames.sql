INSERT INTO frames
    (asset_id, model, settings_hash, time_us, pts, point_id, frame_key, width_px, height_px, blur, brightness,
     phash, duplicate_of_us, labels)
VALUES %s
ON CONFLICT (asset_id, model, settings_hash, time_us) DO NOTHING
