-- What people who run the pipeline ask: how far, how fast, why not, how far behind.

CREATE OR REPLACE VIEW batch_progress AS
SELECT b.batch_id, b.source, b.run_id, b.attempt, b.created_at, b.finished_at,
       count(l.message_id)                               AS messages,
       count(l.outcome)                                  AS finished,
       count(*) FILTER (WHERE l.outcome = 'done')        AS done,
       count(*) FILTER (WHERE l.outcome = 'duplicate')   AS duplicate,
       count(*) FILTER (WHERE l.outcome IN ('rejected', 'quarantined', 'failed', 'cancelled')) AS not_done,
       count(l.message_id) - count(l.outcome)            AS in_progress
FROM batches b LEFT JOIN ledger l USING (batch_id)
GROUP BY b.batch_id;
COMMENT ON COLUMN batch_progress.batch_id IS 'The batch.';
COMMENT ON COLUMN batch_progress.source IS 'kafka, ui (typed into the trigger form) or replay.';
COMMENT ON COLUMN batch_progress.run_id IS 'Airflow run of the current attempt.';
COMMENT ON COLUMN batch_progress.attempt IS 'Current attempt, from 1.';
COMMENT ON COLUMN batch_progress.created_at IS 'When the messages were claimed.';
COMMENT ON COLUMN batch_progress.finished_at IS 'When the last message got its outcome; NULL while in progress.';
COMMENT ON COLUMN batch_progress.messages IS 'Messages of the batch.';
COMMENT ON COLUMN batch_progress.finished IS 'Messages with an outcome.';
COMMENT ON COLUMN batch_progress.done IS 'Messages whose video is searchable.';
COMMENT ON COLUMN batch_progress.duplicate IS 'Messages that changed nothing.';
COMMENT ON COLUMN batch_progress.not_done IS 'Messages that were rejected, quarantined, failed or cancelled.';
COMMENT ON COLUMN batch_progress.in_progress IS 'Messages without an outcome.';

CREATE VIEW work_progress AS
SELECT asset_id, model, settings_hash, lease_batch_id AS batch_id, windows_done, windows_total,
       windows_done::double precision / NULLIF(windows_total, 0) AS done_share,
       lease_until,
       manifest_key IS NULL AND (lease_until IS NULL OR lease_until < now()) AS is_waiting,
       finished_at
FROM work;
COMMENT ON VIEW work_progress IS 'How far each piece of silver work is, in windows.';
COMMENT ON COLUMN work_progress.asset_id IS 'SHA-256 of the video''s bytes, hex.';
COMMENT ON COLUMN work_progress.model IS 'Embedder.';
COMMENT ON COLUMN work_progress.settings_hash IS 'Settings of the work, 16 hex digits.';
COMMENT ON COLUMN work_progress.batch_id IS 'Batch whose task is at it; NULL when nobody is.';
COMMENT ON COLUMN work_progress.windows_done IS 'Windows whose part is in the lake.';
COMMENT ON COLUMN work_progress.windows_total IS 'Windows of the whole video; NULL when not known yet.';
COMMENT ON COLUMN work_progress.done_share IS 'windows_done over windows_total, 0 to 1.';
COMMENT ON COLUMN work_progress.lease_until IS 'Until when progress is expected; then others may take over.';
COMMENT ON COLUMN work_progress.is_waiting IS 'True when it is unfinished and nobody makes progress.';
COMMENT ON COLUMN work_progress.finished_at IS 'When the manifest was recorded; NULL while in progress.';

CREATE VIEW throughput_by_hour AS
SELECT date_trunc('hour', l.finished_at)                    AS hour,
       count(*)                                             AS messages,
       count(*) FILTER (WHERE l.outcome = 'done')           AS done,
       count(*) FILTER (WHERE l.outcome = 'duplicate')      AS duplicate,
       count(*) FILTER (WHERE l.outcome NOT IN ('done', 'duplicate')) AS not_done,
       coalesce(sum(coalesce((a.media ->> 'measured_duration_s')::double precision,
                             (a.media ->> 'duration_s')::double precision))
                FILTER (WHERE l.outcome = 'done'), 0)       AS video_s,
       coalesce(sum(a.size_bytes) FILTER (WHERE l.outcome = 'done'), 0)::bigint AS size_bytes
FROM ledger l LEFT JOIN assets a USING (asset_id)
WHERE l.outcome IS NOT NULL
GROUP BY 1;
COMMENT ON VIEW throughput_by_hour IS 'What was finished in each hour; hours without an outcome have no row.';
COMMENT ON COLUMN throughput_by_hour.hour IS 'Start of the hour.';
COMMENT ON COLUMN throughput_by_hour.messages IS 'Messages that got their outcome.';
COMMENT ON COLUMN throughput_by_hour.done IS 'Messages whose video became searchable.';
COMMENT ON COLUMN throughput_by_hour.duplicate IS 'Messages that changed nothing.';
COMMENT ON COLUMN throughput_by_hour.not_done IS 'Messages that were rejected, quarantined, failed or cancelled.';
COMMENT ON COLUMN throughput_by_hour.video_s IS 'Duration of the videos that became searchable, seconds.';
COMMENT ON COLUMN throughput_by_hour.size_bytes IS 'Size of the videos that became searchable, bytes.';

CREATE VIEW failure_reasons AS
SELECT outcome, coalesce(reason, outcome) AS reason,
       count(*)                                             AS messages,
       min(finished_at)                                     AS first_at,
       max(finished_at)                                     AS last_at,
       (array_agg(message_id ORDER BY finished_at DESC, message_id))[1] AS example_message_id,
       (array_agg(detail ORDER BY finished_at DESC, message_id))[1]     AS example_detail
FROM ledger
WHERE outcome IN ('rejected', 'quarantined', 'failed', 'cancelled')
GROUP BY 1, 2;
COMMENT ON VIEW failure_reasons IS 'Why messages did not become searchable, and how often.';
COMMENT ON COLUMN failure_reasons.outcome IS 'rejected, quarantined, failed or cancelled.';
COMMENT ON COLUMN failure_reasons.reason IS 'Stable code: of the message''s trouble, or of the first finding that is an error.';
COMMENT ON COLUMN failure_reasons.messages IS 'Messages that ended so.';
COMMENT ON COLUMN failure_reasons.first_at IS 'When it first happened.';
COMMENT ON COLUMN failure_reasons.last_at IS 'When it last happened.';
COMMENT ON COLUMN failure_reasons.example_message_id IS 'The latest such message.';
COMMENT ON COLUMN failure_reasons.example_detail IS 'What was said about it.';

CREATE VIEW consumer_lag AS
SELECT o.cluster_id, o.topic_id, o.topic, o.partition, o.next_offset, o.stopped,
       o.updated_at                                         AS last_read_at,
       count(l.message_id)                                  AS in_progress,
       min(l.received_at)                                   AS oldest_received_at,
       extract(epoch FROM now() - min(l.received_at))::double precision AS lag_s
FROM consumer_offsets o
LEFT JOIN ledger l
    ON (l.cluster_id, l.topic_id, l.partition) = (o.cluster_id, o.topic_id, o.partition) AND l.outcome IS NULL
GROUP BY o.cluster_id, o.topic_id, o.partition;
COMMENT ON VIEW consumer_lag IS 'How far behind each partition is, as the database knows it: messages that were read and have no outcome. What waits in Kafka shows in the lag of the consumer group.';
COMMENT ON COLUMN consumer_lag.cluster_id IS 'Kafka cluster id.';
COMMENT ON COLUMN consumer_lag.topic_id IS 'Kafka topic id.';
COMMENT ON COLUMN consumer_lag.topic IS 'Kafka topic.';
COMMENT ON COLUMN consumer_lag.partition IS 'Partition of the topic.';
COMMENT ON COLUMN consumer_lag.next_offset IS 'Offset that is read next.';
COMMENT ON COLUMN consumer_lag.stopped IS 'Why this partition is not read; NULL when it is.';
COMMENT ON COLUMN consumer_lag.last_read_at IS 'When the offset last moved.';
COMMENT ON COLUMN consumer_lag.in_progress IS 'Messages read that have no outcome.';
COMMENT ON COLUMN consumer_lag.oldest_received_at IS 'When the oldest of them was read; NULL without any.';
COMMENT ON COLUMN consumer_lag.lag_s IS 'Seconds since then; NULL without any.';
