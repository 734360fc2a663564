INSERT INTO assets AS a (asset_id, size_bytes, raw_key, media, generation)
VALUES (%(asset_id)s, %(size_bytes)s, %(raw_key)s, %(media)s, 1)
ON CONFLICT (asset_id) DO UPDATE SET generation = a.generation + 1, media = COALESCE(EXCLUDED.media, a.media)
RETURNING generation
