INSERT INTO assets AS a (asset_id, size_bytes, raw_key, media)
VALUES (%(asset_id)s, %(size_bytes)s, %(raw_key)s, %(media)s)
ON CONFLICT (asset_id) DO UPDATE SET media = COALESCE(EXCLUDED.media, a.media)
