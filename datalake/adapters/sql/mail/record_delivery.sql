UPDATE notifications
SET state = %(state)s,
    last_error = %(error)s,
    next_attempt_at = now() + make_interval(secs => %(retry_s)s),
    sent_at = CASE WHEN %(state)s = 'sent' THEN clock_timestamp() END
WHERE mail_message_id = %(mail_message_id)s
