SELECT b.batch_id, b.run_id, b.attempt, b.last_error, p.progress_at, b.messages,
    (SELECT count(*) FROM ledger l WHERE l.batch_id = b.batch_id AND l.outcome IS NULL) AS unfinished
FROM batches b
CROSS JOIN LATERAL (
    SELECT greatest(
        b.created_at,
        (SELECT max(l.finished_at) FROM ledger l WHERE l.batch_id = b.batch_id),
        (SELECT max(w.lease_until) FROM work w WHERE w.lease_batch_id = b.batch_id),
        (SELECT max(greatest(a.started_at, a.ended_at)) FROM ledger l JOIN video_attempts a USING (message_id)
            WHERE l.batch_id = b.batch_id AND a.batch_id = b.batch_id AND l.outcome IS NULL)
    ) AS progress_at) p
WHERE b.finished_at IS NULL
AND b.created_at <= now() - make_interval(secs => %(stuck_after_s)s)
AND p.progress_at <= now() - make_interval(secs => %(stuck_after_s)s)
AND EXISTS (SELECT FROM ledger l WHERE l.batch_id = b.batch_id AND l.outcome IS NULL)
ORDER BY b.created_at
