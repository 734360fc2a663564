INSERT INTO frames
    (asset_id, model, settings_hash, time_us, pts, point_id, frame_key, sha256, width_px, height_px, box_left_px,
     box_top_px, box_width_px, box_height_px, blur, brightness, contrast, blank_share, difference, phash,
     duplicate_of_us, labels, pipeline_version)
VALUES %s
ON CONFLICT (asset_id, model, settings_hash, time_us) DO NOTHING
