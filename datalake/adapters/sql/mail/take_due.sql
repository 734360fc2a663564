UPDATE notifications
SET state = 'sending', attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => %(patience_s)s)
WHERE mail_message_id = (
    SELECT mail_message_id
    FROM notifications
    WHERE state IN ('pending', 'sending') AND next_attempt_at <= now()
    ORDER BY next_attempt_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED)
RETURNING mail_message_id, attempts
