-- What was found in the videos, and who was told.

CREATE TABLE assets (
    asset_id     text PRIMARY KEY,
    size_bytes   bigint NOT NULL,
    raw_key      text NOT NULL,
    media        jsonb,
    generation   bigint NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE assets IS 'Distinct contents, named by the SHA-256 of their bytes.';
COMMENT ON COLUMN assets.raw_key IS 'Lake key of the raw object.';
COMMENT ON COLUMN assets.media IS 'MediaFacts of the probe.';
COMMENT ON COLUMN assets.generation IS 'Raised and committed before points are written; a late writer with a lower one changes nothing.';

CREATE TABLE work (
    asset_id       text NOT NULL,
    model          text NOT NULL,
    settings_hash  text NOT NULL,
    lease_token    uuid,
    lease_batch_id uuid,
    lease_attempt  integer,
    lease_task     text,
    lease_until    timestamptz,
    manifest_key   text,
    finished_at    timestamptz,
    PRIMARY KEY (asset_id, model, settings_hash)
);
COMMENT ON TABLE work IS 'One row per work identity: who is at it now, and its manifest when it is finished.';
COMMENT ON COLUMN work.lease_task IS 'Same in every try of a task, so that a new try takes over from the one before.';
COMMENT ON COLUMN work.lease_token IS 'Random UUID of the task try that works on it; compared by equality.';

CREATE TABLE videos (
    platform        text NOT NULL,
    video_id        text NOT NULL,
    version         bigint NOT NULL,
    version_partition integer NOT NULL,
    version_offset  bigint NOT NULL,
    message_id      uuid NOT NULL REFERENCES ledger,
    asset_id        text NOT NULL REFERENCES assets,
    model           text NOT NULL,
    settings_hash   text NOT NULL,
    uri             text NOT NULL,
    published_at    timestamptz,
    duration_s      double precision,
    width_px        integer,
    height_px       integer,
    codec           text,
    frame_count     integer NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (platform, video_id)
);
CREATE INDEX videos_work ON videos (asset_id, model, settings_hash);
COMMENT ON TABLE videos IS 'Current state of each searchable video; an older message never overwrites a newer.';
COMMENT ON COLUMN videos.version IS 'With partition and offset: the order of messages about this video.';
COMMENT ON COLUMN videos.frame_count IS 'Frames kept, i.e. points in Qdrant.';

CREATE TABLE point_holders (
    asset_id       text NOT NULL,
    model          text NOT NULL,
    settings_hash  text NOT NULL,
    platform       text NOT NULL,
    video_id       text NOT NULL,
    version        bigint[] NOT NULL,
    released       boolean NOT NULL DEFAULT false,
    PRIMARY KEY (platform, video_id, asset_id, model, settings_hash)
);
CREATE INDEX point_holders_work ON point_holders (asset_id, model, settings_hash);
COMMENT ON TABLE point_holders IS 'Videos that hold the points of a work; committed with the generation, before Qdrant is written.';
COMMENT ON COLUMN point_holders.version IS 'Version, partition and offset of the newest message that claimed the points.';
COMMENT ON COLUMN point_holders.released IS 'True when the video shows other work by now and its points still have to be told.';

CREATE TABLE frames (
    asset_id       text NOT NULL REFERENCES assets,
    model          text NOT NULL,
    settings_hash  text NOT NULL,
    time_us        bigint NOT NULL,
    pts            bigint NOT NULL,
    point_id       uuid,
    frame_key      text,
    width_px       integer NOT NULL,
    height_px      integer NOT NULL,
    blur           double precision NOT NULL,
    brightness     double precision NOT NULL,
    phash          text NOT NULL,
    duplicate_of_us bigint,
    labels         jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (asset_id, model, settings_hash, time_us),
    CHECK ((duplicate_of_us IS NULL) = (point_id IS NOT NULL AND frame_key IS NOT NULL))
);
COMMENT ON TABLE frames IS 'Frames looked at; near-duplicates point to the frame that stands for them.';
COMMENT ON COLUMN frames.time_us IS 'Presentation time from the start of the video, microseconds.';
COMMENT ON COLUMN frames.point_id IS 'Qdrant point; NULL for near-duplicates.';
COMMENT ON COLUMN frames.blur IS 'Variance of the Laplacian of the luma; low is blurred.';
COMMENT ON COLUMN frames.brightness IS 'Mean luma, 0 to 255.';
COMMENT ON COLUMN frames.phash IS '64-bit perceptual hash, 16 hex digits.';
COMMENT ON COLUMN frames.duplicate_of_us IS 'time_us of the kept frame this one is a near-duplicate of.';

CREATE TABLE notifications (
    batch_id         uuid NOT NULL REFERENCES batches,
    recipient        text NOT NULL,
    mail_message_id  text NOT NULL UNIQUE,
    subject          text NOT NULL,
    body_text        text NOT NULL,
    body_html        text NOT NULL,
    state            text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'sending', 'sent', 'failed')),
    attempts         integer NOT NULL DEFAULT 0,
    next_attempt_at  timestamptz NOT NULL DEFAULT now(),
    last_error       text,
    created_at       timestamptz NOT NULL DEFAULT now(),
    sent_at          timestamptz,
    PRIMARY KEY (batch_id, recipient)
);
CREATE INDEX notifications_unsent ON notifications (next_attempt_at) WHERE state IN ('pending', 'sending');
COMMENT ON TABLE notifications IS 'Mail outbox: one row per batch and recipient, written with the batch''s last outcome.';
COMMENT ON COLUMN notifications.mail_message_id IS 'Stable per (batch, recipient), so a receiver can drop a repeat.';

CREATE VIEW ledger_balance AS
SELECT count(*)                                          AS consumed,
       count(*) FILTER (WHERE outcome = 'done')          AS done,
       count(*) FILTER (WHERE outcome = 'duplicate')     AS duplicate,
       count(*) FILTER (WHERE outcome = 'rejected')      AS rejected,
       count(*) FILTER (WHERE outcome = 'quarantined')   AS quarantined,
       count(*) FILTER (WHERE outcome = 'failed')        AS failed,
       count(*) FILTER (WHERE outcome = 'cancelled')     AS cancelled,
       count(*) FILTER (WHERE outcome IS NULL)           AS in_progress
FROM ledger;
COMMENT ON VIEW ledger_balance IS 'Messages by outcome, in total.';

CREATE VIEW batch_progress AS
SELECT b.batch_id, b.source, b.run_id, b.attempt, b.created_at, b.finished_at,
       count(l.message_id)                               AS messages,
       count(l.outcome)                                  AS finished,
       count(*) FILTER (WHERE l.outcome = 'done')        AS done
FROM batches b LEFT JOIN ledger l USING (batch_id)
GROUP BY b.batch_id;
COMMENT ON VIEW batch_progress IS 'How far each batch is.';
