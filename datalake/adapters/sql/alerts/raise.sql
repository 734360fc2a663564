INSERT INTO alerts (key, kind, subject, detail)
VALUES (%(key)s, %(kind)s, %(subject)s, %(detail)s)
ON CONFLICT (key) DO UPDATE
SET subject = EXCLUDED.subject,
    detail = EXCLUDED.detail,
    raises = alerts.raises + 1,
    raised_at = now(),
    last_seen_at = now(),
    told_at = NULL,
    resolved_at = NULL
WHERE alerts.resolved_at IS NOT NULL
