-- Does every batch balance, and what does a person have to be told?

-- In the order of our writers, so that one of them is waited for and no deadlock comes of it.
LOCK TABLE ledger, batches, notifications IN ACCESS EXCLUSIVE MODE;

ALTER TABLE batches ADD COLUMN messages integer NOT NULL DEFAULT 0;
UPDATE batches SET messages = (SELECT count(*) FROM ledger WHERE ledger.batch_id = batches.batch_id);
COMMENT ON COLUMN batches.messages IS 'Messages that came into it, as counted when they were read or reopened; never derived from the ledger.';

CREATE INDEX ledger_history ON ledger USING gin (history jsonb_path_ops) WHERE history <> '[]';

CREATE VIEW batch_balance AS
SELECT b.batch_id, b.source, b.created_at, b.finished_at, b.messages,
       n.done, n.duplicate, n.rejected, n.quarantined, n.failed, n.cancelled, n.in_progress, r.reopened,
       b.messages = n.messages + r.reopened AS balances
FROM batches b
CROSS JOIN LATERAL (
    SELECT count(*)                                          AS messages,
           count(*) FILTER (WHERE outcome = 'done')          AS done,
           count(*) FILTER (WHERE outcome = 'duplicate')     AS duplicate,
           count(*) FILTER (WHERE outcome = 'rejected')      AS rejected,
           count(*) FILTER (WHERE outcome = 'quarantined')   AS quarantined,
           count(*) FILTER (WHERE outcome = 'failed')        AS failed,
           count(*) FILTER (WHERE outcome = 'cancelled')     AS cancelled,
           count(*) FILTER (WHERE outcome IS NULL)           AS in_progress
    FROM ledger l WHERE l.batch_id = b.batch_id) n
CROSS JOIN LATERAL (
    SELECT count(*) AS reopened FROM ledger l
    WHERE l.history <> '[]' AND l.history @> jsonb_build_array(jsonb_build_object('batch_id', b.batch_id))) r;
COMMENT ON VIEW batch_balance IS 'The closing equation of each batch: messages = all outcomes + in_progress + reopened.';
COMMENT ON COLUMN batch_balance.batch_id IS 'The batch.';
COMMENT ON COLUMN batch_balance.source IS 'kafka, ui (typed into the trigger form) or replay.';
COMMENT ON COLUMN batch_balance.created_at IS 'When the messages were claimed.';
COMMENT ON COLUMN batch_balance.finished_at IS 'When the last message got its outcome; NULL while in progress.';
COMMENT ON COLUMN batch_balance.messages IS 'Messages that came into it, as counted when they came.';
COMMENT ON COLUMN batch_balance.done IS 'Messages whose video is searchable.';
COMMENT ON COLUMN batch_balance.duplicate IS 'Messages that changed nothing.';
COMMENT ON COLUMN batch_balance.rejected IS 'Messages that were not understood.';
COMMENT ON COLUMN batch_balance.quarantined IS 'Messages whose video cannot be processed.';
COMMENT ON COLUMN batch_balance.failed IS 'Messages given up after errors of our code.';
COMMENT ON COLUMN batch_balance.cancelled IS 'Messages that a person called off.';
COMMENT ON COLUMN batch_balance.in_progress IS 'Messages without an outcome.';
COMMENT ON COLUMN batch_balance.reopened IS 'Messages that ended here once and moved on to a later batch.';
COMMENT ON COLUMN batch_balance.balances IS 'True when not one message is lost or counted twice.';

CREATE TABLE alerts (
    key           text PRIMARY KEY,
    kind          text NOT NULL CHECK (kind IN ('partition_stopped', 'batch_stuck', 'topic_made_anew')),
    subject       text NOT NULL,
    detail        text NOT NULL,
    raises        integer NOT NULL DEFAULT 1,
    raised_at     timestamptz NOT NULL DEFAULT now(),
    last_seen_at  timestamptz NOT NULL DEFAULT now(),
    told_at       timestamptz,
    resolved_at   timestamptz
);
COMMENT ON TABLE alerts IS 'What a person has to look at: raised once, told once, open until it is over.';
COMMENT ON COLUMN alerts.key IS 'The kind and what it is about, so that one trouble has one alert.';
COMMENT ON COLUMN alerts.kind IS 'partition_stopped (messages were lost or changed), batch_stuck (unfinished and no progress) or topic_made_anew (what was unread in the earlier topic is lost).';
COMMENT ON COLUMN alerts.subject IS 'What is wrong, in a line.';
COMMENT ON COLUMN alerts.detail IS 'What is known, and what to do.';
COMMENT ON COLUMN alerts.raises IS 'How often it was raised; each time has its own mail.';
COMMENT ON COLUMN alerts.raised_at IS 'When it was raised last.';
COMMENT ON COLUMN alerts.last_seen_at IS 'When it was last found to hold still.';
COMMENT ON COLUMN alerts.told_at IS 'When its mail was put into the outbox; NULL until then.';
COMMENT ON COLUMN alerts.resolved_at IS 'When it was over; NULL while it is open.';

INSERT INTO alerts (key, kind, subject, detail)
SELECT concat_ws('/', 'partition_stopped', cluster_id, topic_id, partition), 'partition_stopped',
       format('partition %s of %s is not read', partition, topic), stopped
FROM consumer_offsets WHERE stopped IS NOT NULL;

-- The mail of an alert waits in the same outbox.
ALTER TABLE notifications DROP CONSTRAINT notifications_pkey;
ALTER TABLE notifications DROP CONSTRAINT notifications_mail_message_id_key;
ALTER TABLE notifications ADD PRIMARY KEY (mail_message_id);
ALTER TABLE notifications ADD UNIQUE (batch_id, recipient);
ALTER TABLE notifications ALTER COLUMN batch_id DROP NOT NULL;
ALTER TABLE notifications ADD COLUMN alert_key text REFERENCES alerts;
ALTER TABLE notifications ADD CHECK (num_nonnulls(batch_id, alert_key) = 1);
COMMENT ON TABLE notifications IS 'Mail outbox: one row per batch and recipient, written with the batch''s last outcome, and one per alert.';
COMMENT ON COLUMN notifications.batch_id IS 'The batch that the mail is about; NULL for the mail of an alert.';
COMMENT ON COLUMN notifications.alert_key IS 'The alert that the mail is about; NULL for the mail of a batch.';

-- A stuck batch is looked for at every look of the watcher.
ALTER TABLE work ADD COLUMN windows_moved_at timestamptz;
COMMENT ON COLUMN work.windows_moved_at IS 'When windows_done last rose; a try that starts over does not move it until it is further than any before.';
CREATE INDEX work_leased ON work (lease_batch_id) WHERE lease_batch_id IS NOT NULL;
CREATE INDEX batches_unfinished ON batches (created_at) WHERE finished_at IS NULL;
CREATE INDEX ledger_worked_off ON ledger (finished_at) WHERE outcome <> 'rejected' AND finished_at > received_at;
