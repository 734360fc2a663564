INSERT INTO assets AS a (asset_id, size_bytes, raw_key, media, generation)
VALUES (%(asset_id)s, %(size_bytes)s, %(raw_key)s, %(media)s, next_generation(0))
ON CONFLICT (asset_id) DO UPDATE SET generation = next_generation(a.generation), media = COALESCE(EXCLUDED.media, a.media)
RETURNING generation
