SELECT topic, partition, message_offset, platform, video_id, outcome, reason, detail, findings,
       arrived ->> 'uri' AS uri,
       COALESCE(arrived -> 'notify', '[]') AS notify
FROM ledger
WHERE batch_id = %s
ORDER BY platform, video_id, topic, partition, message_offset
