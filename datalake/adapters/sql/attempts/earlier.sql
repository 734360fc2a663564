WITH tries AS (
    SELECT message_id, is_alone, batch_id, attempt, started_at, ended_at, progress,
           max(ended_at) OVER (PARTITION BY message_id) AS last_ended_at
    FROM video_attempts
    WHERE message_id = ANY(%(message_ids)s::uuid[]) AND layer = %(layer)s AND task_try <> %(task_try)s
), judged AS (
    SELECT *, ended_at IS NULL AND started_at > COALESCE(last_ended_at, '-infinity') AS is_death FROM tries
)
SELECT message_id,
       count(*) FILTER (WHERE is_death) AS deaths,
       count(*) FILTER (WHERE is_death AND is_alone) AS deaths_alone,
       (array_agg(progress ORDER BY ended_at DESC)
        FILTER (WHERE progress IS NOT NULL AND (batch_id, attempt) = (%(batch_id)s, %(attempt)s)))[1] AS progress
FROM judged
GROUP BY message_id
