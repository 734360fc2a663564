SELECT platform, video_id
FROM point_holders
WHERE asset_id = %(asset_id)s AND model = %(model)s AND settings_hash = %(settings_hash)s AND NOT released
ORDER BY platform, video_id
