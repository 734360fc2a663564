UPDATE point_holders h
SET released = true
FROM videos v
WHERE h.platform = %(platform)s AND h.video_id = %(video_id)s
  AND v.platform = h.platform AND v.video_id = h.video_id
  AND (h.asset_id, h.model, h.settings_hash) <> (v.asset_id, v.model, v.settings_hash)
  AND h.version <= ARRAY[v.version, v.version_partition, v.version_offset]
  AND NOT h.released
