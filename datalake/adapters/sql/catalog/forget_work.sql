WITH unheld AS (
    SELECT %(asset_id)s AS asset_id, %(model)s AS model, %(settings_hash)s AS settings_hash
    WHERE NOT EXISTS (
          SELECT FROM point_holders h
          WHERE (h.asset_id, h.model, h.settings_hash) = (%(asset_id)s, %(model)s, %(settings_hash)s))
      AND NOT EXISTS (
          SELECT FROM videos v
          WHERE (v.asset_id, v.model, v.settings_hash) = (%(asset_id)s, %(model)s, %(settings_hash)s))
), forgotten AS (
    DELETE FROM derivatives d USING unheld u
    WHERE (d.asset_id, d.model, d.settings_hash) = (u.asset_id, u.model, u.settings_hash)
)
DELETE FROM frames f USING unheld u
WHERE (f.asset_id, f.model, f.settings_hash) = (u.asset_id, u.model, u.settings_hash)
