-- Every message that was ever read, and the batches that work on them.

CREATE TABLE batches (
    batch_id         uuid PRIMARY KEY,
    source           text NOT NULL CHECK (source IN ('kafka', 'ui', 'replay')),
    attempt          integer NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    run_id           text NOT NULL UNIQUE,
    code_errors      integer NOT NULL DEFAULT 0,
    code_error_attempt integer NOT NULL DEFAULT 0,
    last_error       text,
    next_attempt_at  timestamptz NOT NULL DEFAULT now(),
    created_at       timestamptz NOT NULL DEFAULT now(),
    finished_at      timestamptz
);
COMMENT ON TABLE batches IS 'Messages claimed together; one Airflow run per attempt.';
COMMENT ON COLUMN batches.batch_id IS 'Random UUID made in the claim transaction.';
COMMENT ON COLUMN batches.run_id IS 'Airflow run of the current attempt, stored before it is triggered.';
COMMENT ON COLUMN batches.code_errors IS 'Attempts that ended in an error of our code; MAX_CODE_ERRORS of them fail the batch.';
COMMENT ON COLUMN batches.code_error_attempt IS 'Last attempt counted in code_errors: each counts once.';
COMMENT ON COLUMN batches.next_attempt_at IS 'Back-off: no run is triggered before.';
COMMENT ON COLUMN batches.finished_at IS 'When the last message got its outcome.';

CREATE TABLE ledger (
    message_id        uuid PRIMARY KEY,
    cluster_id        text NOT NULL,
    topic_id          text NOT NULL,
    partition         integer NOT NULL,
    message_offset    bigint NOT NULL,
    topic             text NOT NULL,
    message_key       bytea,
    payload           bytea,
    payload_sha256    text NOT NULL,
    broker_timestamp  timestamptz,
    received_at       timestamptz NOT NULL DEFAULT now(),
    event_id          uuid,
    platform          text,
    video_id          text,
    version           bigint,
    arrived           jsonb,
    batch_id          uuid REFERENCES batches,
    asset_id          text,
    outcome           text CHECK (outcome IN
        ('done', 'duplicate', 'rejected', 'quarantined', 'failed', 'cancelled')),
    reason            text,
    detail            text,
    findings          jsonb NOT NULL DEFAULT '[]',
    finished_at       timestamptz,
    history           jsonb NOT NULL DEFAULT '[]',
    UNIQUE (cluster_id, topic_id, partition, message_offset),
    CHECK ((outcome IS NULL) = (finished_at IS NULL))
);
CREATE INDEX ledger_unfinished ON ledger (batch_id) WHERE outcome IS NULL;
CREATE INDEX ledger_batch ON ledger (batch_id);
CREATE INDEX ledger_video ON ledger (platform, video_id);
COMMENT ON TABLE ledger IS 'One row per consumed message (or URI typed into the UI), whatever became of it.';
COMMENT ON COLUMN ledger.message_id IS 'uuid5 of the coordinates, so a restored database finds the same id again.';
COMMENT ON COLUMN ledger.cluster_id IS 'Kafka cluster id, or ui for rows that came from the trigger form.';
COMMENT ON COLUMN ledger.topic_id IS 'Kafka topic id; for ui rows the Airflow run id.';
COMMENT ON COLUMN ledger.payload IS 'Original bytes; NULL when the message had no value.';
COMMENT ON COLUMN ledger.arrived IS 'The validated VideoArrived record.';
COMMENT ON COLUMN ledger.version IS 'Orders messages about one video: given, or the broker timestamp in ms.';
COMMENT ON COLUMN ledger.outcome IS 'NULL while in progress.';
COMMENT ON COLUMN ledger.history IS 'Earlier outcomes of a reopened row.';

CREATE TABLE events (
    event_id        uuid PRIMARY KEY,
    payload_sha256  text NOT NULL,
    message_id      uuid NOT NULL REFERENCES ledger
);
COMMENT ON TABLE events IS 'First message seen per event_id.';

CREATE TABLE consumer_offsets (
    cluster_id    text NOT NULL,
    topic_id      text NOT NULL,
    partition     integer NOT NULL,
    topic         text NOT NULL,
    first_offset  bigint NOT NULL,
    next_offset   bigint NOT NULL,
    stopped       text,
    updated_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (cluster_id, topic_id, partition),
    CHECK (next_offset >= first_offset)
);
COMMENT ON TABLE consumer_offsets IS 'Where reading goes on; the truth that claim locks (Kafka''s group offsets only mirror it).';
COMMENT ON COLUMN consumer_offsets.first_offset IS 'Low watermark when the partition was first seen.';
COMMENT ON COLUMN consumer_offsets.stopped IS 'Why this partition is not read, naming the range; NULL when it is.';

CREATE TABLE offset_gaps (
    cluster_id    text NOT NULL,
    topic_id      text NOT NULL,
    partition     integer NOT NULL,
    first_offset  bigint NOT NULL,
    last_offset   bigint NOT NULL,
    reason        text NOT NULL,
    recorded_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (cluster_id, topic_id, partition, first_offset),
    CHECK (last_offset >= first_offset)
);
COMMENT ON TABLE offset_gaps IS 'Offsets that hold no message (control records, compaction) or were accepted as lost.';

CREATE TABLE dead_letters (
    message_id    uuid PRIMARY KEY REFERENCES ledger,
    reason        text NOT NULL,
    detail        text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    published_at  timestamptz,
    without_body  boolean NOT NULL DEFAULT false,
    attempts      integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    last_error    text
);
CREATE INDEX dead_letters_unpublished ON dead_letters (created_at) WHERE published_at IS NULL;
COMMENT ON TABLE dead_letters IS 'Outbox of the dead-letter topic: written with the ledger row, published after the commit.';
COMMENT ON COLUMN dead_letters.next_attempt_at IS 'Back-off: it is not sent again before.';
COMMENT ON COLUMN dead_letters.without_body IS 'True when the broker refused the letter with its body.';
