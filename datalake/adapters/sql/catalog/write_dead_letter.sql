INSERT INTO dead_letters AS d (message_id, reason, detail)
VALUES (%(message_id)s, %(reason)s, %(detail)s)
ON CONFLICT (message_id) DO UPDATE
SET reason = EXCLUDED.reason, detail = EXCLUDED.detail, published_at = NULL, without_body = false, attempts = 0,
    next_attempt_at = now(), last_error = NULL, dropped_at = NULL
