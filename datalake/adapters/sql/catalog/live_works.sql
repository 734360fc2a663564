SELECT platform, video_id, asset_id, model, settings_hash
FROM videos
WHERE (platform, video_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
