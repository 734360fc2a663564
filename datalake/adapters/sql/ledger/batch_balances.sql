SELECT * FROM batch_balance
WHERE batch_id IN (
    SELECT batch_id FROM batches
    WHERE %(batch_id)s::uuid IS NULL OR batch_id = %(batch_id)s
    ORDER BY created_at DESC
    LIMIT %(limit)s)
ORDER BY created_at DESC
