WITH through AS (
    SELECT progress FROM video_attempts
    WHERE (message_id, layer, batch_id, attempt) = (%(message_id)s, %(layer)s, %(batch_id)s, %(attempt)s)
      AND task_try <> %(task_try)s AND progress IS NOT NULL
    ORDER BY ended_at DESC
    LIMIT 1
), begun AS (
    INSERT INTO video_attempts (message_id, layer, task_try, batch_id, attempt, is_alone)
    SELECT %(message_id)s, %(layer)s, %(task_try)s, %(batch_id)s, %(attempt)s, %(is_alone)s
    WHERE NOT EXISTS (SELECT FROM through)
    ON CONFLICT (message_id, layer, task_try) DO UPDATE SET is_alone = EXCLUDED.is_alone, ended_at = NULL
)
SELECT progress FROM through
