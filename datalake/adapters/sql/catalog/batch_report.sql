SELECT l.message_id, jsonb_array_length(l.history) AS reopened,
       l.topic, l.partition, l.message_offset, l.platform, l.video_id, l.outcome, l.reason, l.detail, l.findings,
       l.arrived ->> 'uri' AS uri,
       COALESCE(l.arrived -> 'notify', '[]') AS notify,
       v.message_id IS NOT NULL AS is_current,
       v.duration_s, v.width_px, v.height_px, q.frame_count, v.kept_count, v.quality_score
FROM ledger l
LEFT JOIN videos v ON (v.platform, v.video_id, v.message_id) = (l.platform, l.video_id, l.message_id)
LEFT JOIN quality_reports q ON (q.platform, q.video_id) = (v.platform, v.video_id)
WHERE l.batch_id = %s
ORDER BY l.platform, l.video_id, l.topic, l.partition, l.message_offset
