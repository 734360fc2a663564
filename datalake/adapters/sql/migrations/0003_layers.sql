-- What the layers find out beyond frames and vectors. Rows written before have NULL where nobody knew.

ALTER TABLE work
    ADD COLUMN windows_done   integer NOT NULL DEFAULT 0 CHECK (windows_done >= 0),
    ADD COLUMN windows_total  integer CHECK (windows_total >= 0);
COMMENT ON COLUMN work.windows_done IS 'Windows whose part is in the lake, by the last renewal of the lease.';
COMMENT ON COLUMN work.windows_total IS 'Windows of the whole video; NULL before the first is done and for work of earlier versions.';

ALTER TABLE ledger ADD COLUMN source jsonb;
COMMENT ON COLUMN ledger.source IS 'SourceFacts: what the source said when the bytes of this message were fetched; NULL when none could be had.';

ALTER TABLE videos RENAME COLUMN frame_count TO kept_count;
ALTER TABLE videos
    ADD COLUMN container                 text,
    ADD COLUMN audio_codec               text,
    ADD COLUMN bit_rate_bps              bigint,
    ADD COLUMN effective_frame_rate_fps  double precision,
    ADD COLUMN is_variable_frame_rate    boolean,
    ADD COLUMN rotation_deg              integer,
    ADD COLUMN orientation               text,
    ADD COLUMN resolution_class          text,
    ADD COLUMN is_hdr                    boolean,
    ADD COLUMN colour                    jsonb,
    ADD COLUMN recorded_at               timestamptz,
    ADD COLUMN tags                      jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN quality_score             double precision CHECK (quality_score BETWEEN 0 AND 1),
    ADD COLUMN source                    jsonb,
    ADD COLUMN pipeline_version          text;
COMMENT ON COLUMN videos.kept_count IS 'Frames kept after near-duplicate removal, i.e. points in Qdrant.';
COMMENT ON COLUMN videos.container IS 'Container format by its FFmpeg name.';
COMMENT ON COLUMN videos.audio_codec IS 'Codec of the first audio stream by its FFmpeg name; NULL without sound.';
COMMENT ON COLUMN videos.bit_rate_bps IS 'Bits per second of the whole file.';
COMMENT ON COLUMN videos.effective_frame_rate_fps IS 'Pictures really there over the time they take, per second.';
COMMENT ON COLUMN videos.is_variable_frame_rate IS 'True when pictures are not equally far apart.';
COMMENT ON COLUMN videos.rotation_deg IS 'Clockwise turn that the container asks for, degrees: 0, 90, 180 or 270; frames are stored upright.';
COMMENT ON COLUMN videos.orientation IS 'landscape, portrait or square, upright.';
COMMENT ON COLUMN videos.resolution_class IS 'below_sd, sd, hd, full_hd, 4k or 8k, by the shorter side.';
COMMENT ON COLUMN videos.is_hdr IS 'True when the transfer curve is one of HDR.';
COMMENT ON COLUMN videos.colour IS 'Primaries, transfer, matrix and range by their names in ITU-T H.273.';
COMMENT ON COLUMN videos.recorded_at IS 'Recording time that the container states.';
COMMENT ON COLUMN videos.tags IS 'Tags of the container, name to text.';
COMMENT ON COLUMN videos.quality_score IS 'Overall score of quality_reports, 0 (worst) to 1.';
COMMENT ON COLUMN videos.source IS 'SourceFacts: what the source said when the bytes were fetched (URI without secrets, ETag, headers).';
COMMENT ON COLUMN videos.pipeline_version IS 'Version of the code that did the silver work.';

ALTER TABLE frames
    ADD COLUMN sha256            text,
    ADD COLUMN contrast          double precision,
    ADD COLUMN blank_share       double precision,
    ADD COLUMN difference        double precision,
    ADD COLUMN box_left_px       integer,
    ADD COLUMN box_top_px        integer,
    ADD COLUMN box_width_px      integer,
    ADD COLUMN box_height_px     integer,
    ADD COLUMN pipeline_version  text;
COMMENT ON COLUMN frames.sha256 IS 'SHA-256 of the stored image, hex; equal images are stored once. NULL for near-duplicates.';
COMMENT ON COLUMN frames.contrast IS 'Standard deviation of the luma, 0 to 127.5.';
COMMENT ON COLUMN frames.blank_share IS 'Share of pixels that one shade of grey has, give or take four of 256 levels, 0 to 1.';
COMMENT ON COLUMN frames.difference IS 'Mean absolute difference to the luma of the frame before, 0 to 255; NULL for a window''s first.';
COMMENT ON COLUMN frames.box_left_px IS 'Left edge of the part that the image shows if cropped, else of that without black bars, pixels of the upright frame.';
COMMENT ON COLUMN frames.box_top_px IS 'Top edge of that part, pixels.';
COMMENT ON COLUMN frames.box_width_px IS 'Width of that part, pixels.';
COMMENT ON COLUMN frames.box_height_px IS 'Height of that part, pixels.';
COMMENT ON COLUMN frames.pipeline_version IS 'Version of the code that wrote the row.';

-- By video, not by work: thresholds change while the work stays, and each video keeps the report that its
-- last message led to, beside the score in its row. Two videos with the same bytes may differ here.
CREATE TABLE quality_reports (
    platform             text NOT NULL,
    video_id             text NOT NULL,
    overall              double precision NOT NULL CHECK (overall BETWEEN 0 AND 1),
    parts                jsonb NOT NULL,
    frame_count          integer NOT NULL,
    blurred_share        double precision NOT NULL,
    dark_share           double precision NOT NULL,
    blank_share          double precision NOT NULL,
    frozen_share         double precision NOT NULL,
    letterboxed_share    double precision NOT NULL,
    is_black             boolean NOT NULL,
    is_blank             boolean NOT NULL,
    is_blurred           boolean NOT NULL,
    is_frozen            boolean NOT NULL,
    is_silent            boolean NOT NULL,
    has_audio_gap        boolean NOT NULL,
    audio_gap_s          double precision,
    best_frame_us        bigint,
    findings             jsonb NOT NULL,
    assessed_at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (platform, video_id),
    FOREIGN KEY (platform, video_id) REFERENCES videos ON DELETE CASCADE
);
COMMENT ON TABLE quality_reports IS 'What each video is worth, by the thresholds of the time it was assessed.';
COMMENT ON COLUMN quality_reports.platform IS 'Namespace of video_id.';
COMMENT ON COLUMN quality_reports.video_id IS 'The sender''s id of the video.';
COMMENT ON COLUMN quality_reports.overall IS 'Weighted geometric mean of the parts, 0 (worst) to 1.';
COMMENT ON COLUMN quality_reports.parts IS 'Scores that make up the overall one: name, score (0 to 1), measured value and its unit.';
COMMENT ON COLUMN quality_reports.frame_count IS 'Frames looked at.';
COMMENT ON COLUMN quality_reports.blurred_share IS 'Share of blurred frames, 0 to 1.';
COMMENT ON COLUMN quality_reports.dark_share IS 'Share of dark frames, 0 to 1.';
COMMENT ON COLUMN quality_reports.blank_share IS 'Share of frames of one even shade, 0 to 1.';
COMMENT ON COLUMN quality_reports.frozen_share IS 'Share of frames that show what the one before showed, 0 to 1.';
COMMENT ON COLUMN quality_reports.letterboxed_share IS 'Share of frames with black bars, 0 to 1.';
COMMENT ON COLUMN quality_reports.is_black IS 'True when nearly all frames are dark.';
COMMENT ON COLUMN quality_reports.is_blank IS 'True when nearly all frames are of one even shade.';
COMMENT ON COLUMN quality_reports.is_blurred IS 'True when nearly all frames are blurred.';
COMMENT ON COLUMN quality_reports.is_frozen IS 'True when nearly all frames show what the one before showed.';
COMMENT ON COLUMN quality_reports.is_silent IS 'True when there is an audio stream and nothing to hear.';
COMMENT ON COLUMN quality_reports.has_audio_gap IS 'True when sound and pictures do not last equally long, beyond the thresholds.';
COMMENT ON COLUMN quality_reports.audio_gap_s IS 'Audio duration minus video duration, seconds; NULL without sound.';
COMMENT ON COLUMN quality_reports.best_frame_us IS 'Time of the frame that makes the best poster, microseconds; NULL without frames.';
COMMENT ON COLUMN quality_reports.findings IS 'Findings about quality: code, severity, evidence, remedy.';
COMMENT ON COLUMN quality_reports.assessed_at IS 'When the report was written.';

CREATE TABLE derivatives (
    asset_id          text NOT NULL REFERENCES assets,
    model             text NOT NULL,
    settings_hash     text NOT NULL,
    name              text NOT NULL,
    file_key          text NOT NULL,
    sha256            text NOT NULL,
    media_type        text NOT NULL,
    size_bytes        bigint NOT NULL,
    width_px          integer NOT NULL,
    height_px         integer NOT NULL,
    duration_s        double precision,
    time_us           bigint,
    pipeline_version  text NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (asset_id, model, settings_hash, name)
);
COMMENT ON TABLE derivatives IS 'Files made from a video beside its frames; they go with the work they belong to.';
COMMENT ON COLUMN derivatives.asset_id IS 'SHA-256 of the video''s bytes, hex.';
COMMENT ON COLUMN derivatives.model IS 'Embedder of the work.';
COMMENT ON COLUMN derivatives.settings_hash IS 'Settings of the work, 16 hex digits.';
COMMENT ON COLUMN derivatives.name IS 'poster, proxy_480p ...';
COMMENT ON COLUMN derivatives.file_key IS 'Lake key of the file.';
COMMENT ON COLUMN derivatives.sha256 IS 'SHA-256 of the file, hex.';
COMMENT ON COLUMN derivatives.media_type IS 'Media type, e.g. video/mp4.';
COMMENT ON COLUMN derivatives.size_bytes IS 'Size of the file, bytes.';
COMMENT ON COLUMN derivatives.width_px IS 'Width, pixels.';
COMMENT ON COLUMN derivatives.height_px IS 'Height, pixels.';
COMMENT ON COLUMN derivatives.duration_s IS 'Duration, seconds; NULL for a picture.';
COMMENT ON COLUMN derivatives.time_us IS 'Time of the frame that a picture shows, microseconds; NULL for a video.';
COMMENT ON COLUMN derivatives.pipeline_version IS 'Version of the code that made it.';
COMMENT ON COLUMN derivatives.created_at IS 'When the row was first written.';
