DELETE FROM frames f
WHERE (f.asset_id, f.model, f.settings_hash) = (%(asset_id)s, %(model)s, %(settings_hash)s)
  AND NOT EXISTS (
      SELECT FROM point_holders h
      WHERE (h.asset_id, h.model, h.settings_hash) = (f.asset_id, f.model, f.settings_hash))
  AND NOT EXISTS (
      SELECT FROM videos v
      WHERE (v.asset_id, v.model, v.settings_hash) = (f.asset_id, f.model, f.settings_hash))
