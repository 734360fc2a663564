SELECT FROM notifications
WHERE state IN ('pending', 'sending')
  AND next_attempt_at + make_interval(secs => CASE WHEN attempts = 0 THEN %(first_s)s ELSE 0 END) <= now()
LIMIT 1
FOR UPDATE SKIP LOCKED
