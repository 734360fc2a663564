SELECT FROM notifications WHERE state IN ('pending', 'sending') AND next_attempt_at <= now() LIMIT 1 FOR UPDATE SKIP LOCKED
