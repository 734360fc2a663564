INSERT INTO frames ({columns})
VALUES %s
ON CONFLICT (asset_id, model, settings_hash, time_us) DO NOTHING
