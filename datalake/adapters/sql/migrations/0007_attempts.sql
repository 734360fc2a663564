-- Who was at which video when, and what is known of bytes that were looked at before.

CREATE TABLE video_attempts (
    message_id   uuid NOT NULL REFERENCES ledger,
    layer        text NOT NULL CHECK (layer IN ('bronze', 'silver')),
    task_try     uuid NOT NULL,
    batch_id     uuid NOT NULL,
    attempt      integer NOT NULL,
    is_alone     boolean NOT NULL,
    started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at     timestamptz,
    is_through   boolean NOT NULL DEFAULT false,
    progress     jsonb,
    PRIMARY KEY (message_id, layer, task_try)
);
COMMENT ON TABLE video_attempts IS 'One row a video, layer and task process, written before the file is opened. A row without an end whose process is gone tells which videos were in flight when it died.';
COMMENT ON COLUMN video_attempts.message_id IS 'The message that is worked on.';
COMMENT ON COLUMN video_attempts.layer IS 'Layer that opens the file.';
COMMENT ON COLUMN video_attempts.task_try IS 'Random UUID of the task process.';
COMMENT ON COLUMN video_attempts.batch_id IS 'Batch that owned the message.';
COMMENT ON COLUMN video_attempts.attempt IS 'Attempt of that batch.';
COMMENT ON COLUMN video_attempts.is_alone IS 'True when the process had no other video in flight: only such a death can be the video''s doing.';
COMMENT ON COLUMN video_attempts.started_at IS 'Before the file was opened.';
COMMENT ON COLUMN video_attempts.ended_at IS 'When the process was through with the video, however that went; NULL: it is at it, or died over it.';
COMMENT ON COLUMN video_attempts.is_through IS 'True when the layer got the video through.';
COMMENT ON COLUMN video_attempts.progress IS 'The video as the layer left it, for the next try of the task; NULL when it did not get through, or the message has ended.';

CREATE TABLE known_content (
    asset_id          text NOT NULL,
    rules_hash        text NOT NULL,
    pipeline_version  text NOT NULL,
    media             jsonb,
    findings          jsonb NOT NULL,
    stopped_by        text,
    recorded_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (asset_id, rules_hash, pipeline_version)
);
COMMENT ON TABLE known_content IS 'What was found out about bytes. The same bytes under the same rules and version are not opened again: what is bad stays bad.';
COMMENT ON COLUMN known_content.asset_id IS 'SHA-256 of the bytes, hex.';
COMMENT ON COLUMN known_content.rules_hash IS '16 hex digits over the mode, options and limits that decide what is found.';
COMMENT ON COLUMN known_content.pipeline_version IS 'Version of the code that looked.';
COMMENT ON COLUMN known_content.media IS 'MediaFacts of the probe; NULL when the bytes are no media file.';
COMMENT ON COLUMN known_content.findings IS 'What was noticed about the bytes themselves, and what stopped the video, if anything did.';
COMMENT ON COLUMN known_content.stopped_by IS 'Code of the finding that stopped the video, where that is about the bytes; NULL when none did.';
COMMENT ON COLUMN known_content.recorded_at IS 'When a message about the bytes ended first.';
