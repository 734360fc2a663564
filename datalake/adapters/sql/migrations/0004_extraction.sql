-- Videos to be extracted, as rows, and how far an extraction is. IF NOT EXISTS: a database that brings its own
-- insta_content keeps it.

CREATE TABLE IF NOT EXISTS insta_content (
    id             SERIAL PRIMARY KEY,
    platform       VARCHAR(50) NOT NULL DEFAULT 'instagram',
    code           VARCHAR(255) NOT NULL UNIQUE,
    is_downloaded  BOOLEAN DEFAULT FALSE,
    is_extracted   BOOLEAN DEFAULT FALSE,
    is_embedded    BOOLEAN DEFAULT FALSE,
    created_at     TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at     TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
ALTER TABLE insta_content ADD COLUMN IF NOT EXISTS publish_date TIMESTAMP;
CREATE INDEX IF NOT EXISTS idx_insta_content_extraction
    ON insta_content (id, is_downloaded, is_extracted, is_embedded);
COMMENT ON TABLE insta_content IS 'Videos to be extracted: one row a post, with what was done for it.';
COMMENT ON COLUMN insta_content.id IS 'Serial number; extraction goes by it.';
COMMENT ON COLUMN insta_content.platform IS 'Namespace of code.';
COMMENT ON COLUMN insta_content.code IS 'The platform''s id of the post; video_id in the other tables.';
COMMENT ON COLUMN insta_content.is_downloaded IS 'True when the bytes can be had.';
COMMENT ON COLUMN insta_content.is_extracted IS 'True when its frames are in the lake.';
COMMENT ON COLUMN insta_content.is_embedded IS 'True when its vectors can be searched.';
COMMENT ON COLUMN insta_content.created_at IS 'When the row was written; time of the session''s zone.';
COMMENT ON COLUMN insta_content.updated_at IS 'When the row was last changed; time of the session''s zone.';
COMMENT ON COLUMN insta_content.publish_date IS 'When the post was published; NULL when unknown.';

CREATE TABLE IF NOT EXISTS extraction_checkpoints (
    id                 SERIAL PRIMARY KEY,
    pipeline_name      VARCHAR(100) NOT NULL UNIQUE,
    last_processed_id  INTEGER NOT NULL,
    total_processed    INTEGER DEFAULT 0,
    created_at         TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at         TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
COMMENT ON TABLE extraction_checkpoints IS 'How far each extraction is, so that it can go on after a stop.';
COMMENT ON COLUMN extraction_checkpoints.id IS 'Serial number.';
COMMENT ON COLUMN extraction_checkpoints.pipeline_name IS 'Name of the extraction, e.g. video_extraction.';
COMMENT ON COLUMN extraction_checkpoints.last_processed_id IS 'insta_content.id of the last row that was worked on.';
COMMENT ON COLUMN extraction_checkpoints.total_processed IS 'Rows worked on so far.';
COMMENT ON COLUMN extraction_checkpoints.created_at IS 'When the first checkpoint was written; time of the session''s zone.';
COMMENT ON COLUMN extraction_checkpoints.updated_at IS 'When the checkpoint last moved; time of the session''s zone.';
