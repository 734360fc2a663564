UPDATE point_holders h
SET released = true
FROM ledger l
WHERE (h.platform, h.video_id) = (%(platform)s, %(video_id)s)
  AND (h.asset_id, h.model, h.settings_hash) = (%(asset_id)s, %(model)s, %(settings_hash)s)
  AND l.message_id = %(message_id)s AND l.outcome = 'cancelled'
  AND NOT EXISTS (
      SELECT FROM ledger o
      WHERE (o.platform, o.video_id) = (h.platform, h.video_id) AND o.outcome IS NULL)
  AND NOT EXISTS (
      SELECT FROM videos v
      WHERE (v.platform, v.video_id) = (h.platform, h.video_id)
        AND (v.asset_id, v.model, v.settings_hash) = (h.asset_id, h.model, h.settings_hash))
