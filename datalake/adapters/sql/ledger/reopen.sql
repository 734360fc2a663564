WITH letters AS (
    DELETE FROM dead_letters WHERE message_id = ANY(%(message_ids)s::uuid[]) RETURNING message_id, published_at
)
UPDATE ledger l
SET history = l.history || jsonb_build_array(jsonb_build_object(
        'outcome', l.outcome, 'reason', l.reason, 'detail', l.detail, 'findings', l.findings,
        'finished_at', l.finished_at, 'batch_id', l.batch_id, 'letter_published_at', d.published_at)),
    outcome = NULL, reason = NULL, detail = NULL, findings = '[]', finished_at = NULL, batch_id = %(batch_id)s
FROM unnest(%(message_ids)s::uuid[]) AS chosen (message_id) LEFT JOIN letters d USING (message_id)
WHERE l.message_id = chosen.message_id
