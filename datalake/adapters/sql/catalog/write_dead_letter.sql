INSERT INTO dead_letters AS d (message_id, reason, detail)
VALUES (%(message_id)s, %(reason)s, %(detail)s)
ON CONFLICT (message_id) DO UPDATE
SET reason = EXCLUDED.reason, detail = EXCLUDED.detail, published_at = NULL, last_error = NULL
