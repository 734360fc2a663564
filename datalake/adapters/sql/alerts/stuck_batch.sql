-- Progress is what stays when an attempt fails: an outcome of work, the first time that a video got through a
-- layer, a window further than ever before. That an attempt began or failed is none, nor that messages came.
-- It is asked for over all batches: while any of them goes on, the others may only wait their turn.
-- Where none does, the oldest stands for all that wait behind it.
SELECT b.batch_id, b.run_id, b.attempt, b.last_error, greatest(b.created_at, p.moved_at) AS progress_at, b.messages,
    (SELECT count(*) FROM ledger l WHERE l.batch_id = b.batch_id AND l.outcome IS NULL) AS unfinished
FROM batches b
CROSS JOIN (
    SELECT greatest(
        (SELECT max(finished_at) FROM ledger WHERE outcome <> 'rejected' AND finished_at > received_at),
        (SELECT max(windows_moved_at) FROM work WHERE lease_batch_id IS NOT NULL),
        (SELECT max(through_at) FROM (
            SELECT min(a.ended_at) AS through_at
            FROM ledger l JOIN video_attempts a USING (message_id)
            WHERE l.outcome IS NULL AND a.is_through GROUP BY a.message_id, a.layer) AS firsts)
    ) AS moved_at) p
WHERE b.finished_at IS NULL
AND b.created_at <= now() - make_interval(secs => %(stuck_after_s)s)
AND greatest(b.created_at, p.moved_at) <= now() - make_interval(secs => %(stuck_after_s)s)
AND EXISTS (SELECT FROM ledger l WHERE l.batch_id = b.batch_id AND l.outcome IS NULL)
ORDER BY b.created_at
LIMIT 1
