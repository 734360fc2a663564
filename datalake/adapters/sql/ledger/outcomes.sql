SELECT l.outcome, count(*) AS messages, count(*) FILTER (WHERE l.message_offset >= ends.end_offset) AS beyond
FROM ledger l
LEFT JOIN unnest(%s::text[], %s::integer[], %s::bigint[]) AS ends (topic_id, partition, end_offset)
    USING (topic_id, partition)
GROUP BY l.outcome
