SELECT message_id, version, version_partition, version_offset, asset_id, model, settings_hash, uri, published_at
FROM videos
WHERE platform = %(platform)s AND video_id = %(video_id)s
