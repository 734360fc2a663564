SELECT l.message_id
FROM ledger l JOIN batches b USING (batch_id)
WHERE l.message_id = %(message_id)s
  AND l.batch_id = %(batch_id)s
  AND l.outcome IS NULL
  AND b.attempt = %(attempt)s
  AND b.run_id = %(run_id)s
FOR NO KEY UPDATE OF l
