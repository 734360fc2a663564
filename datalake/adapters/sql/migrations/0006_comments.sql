-- The columns of the first migrations that said nothing about themselves, or not enough.

COMMENT ON COLUMN batches.source IS 'kafka, ui (typed into the trigger form) or replay.';
COMMENT ON COLUMN batches.attempt IS 'Current attempt, from 1.';
COMMENT ON COLUMN batches.last_error IS 'Latest error of our code; NULL without any.';
COMMENT ON COLUMN batches.created_at IS 'When the messages were claimed.';

COMMENT ON COLUMN ledger.partition IS 'Kafka partition; 0 for ui rows.';
COMMENT ON COLUMN ledger.message_offset IS 'Kafka offset; for ui rows the place in the form''s list.';
COMMENT ON COLUMN ledger.topic IS 'Kafka topic.';
COMMENT ON COLUMN ledger.message_key IS 'Key of the Kafka message, bytes; NULL without one.';
COMMENT ON COLUMN ledger.payload_sha256 IS 'SHA-256 of the payload, hex.';
COMMENT ON COLUMN ledger.broker_timestamp IS 'Timestamp of the Kafka message; NULL where no calendar has it.';
COMMENT ON COLUMN ledger.received_at IS 'When the message was read.';
COMMENT ON COLUMN ledger.event_id IS 'Identity of the event, by the sender; NULL when the message was not understood.';
COMMENT ON COLUMN ledger.platform IS 'Namespace of video_id; NULL when the message was not understood.';
COMMENT ON COLUMN ledger.video_id IS 'The sender''s id of the video; NULL when the message was not understood.';
COMMENT ON COLUMN ledger.batch_id IS 'Batch that it was read in; NULL when none of the messages read with it was work.';
COMMENT ON COLUMN ledger.asset_id IS 'SHA-256 of the video''s bytes, hex; NULL until they are known.';
COMMENT ON COLUMN ledger.reason IS 'Stable code of why it did not end done; NULL otherwise.';
COMMENT ON COLUMN ledger.detail IS 'The reason in a sentence.';
COMMENT ON COLUMN ledger.findings IS 'What was noticed about the video: code, severity, evidence, remedy.';
COMMENT ON COLUMN ledger.finished_at IS 'When the outcome was written; NULL while in progress.';

COMMENT ON COLUMN events.event_id IS 'Identity of the event, by the sender.';
COMMENT ON COLUMN events.payload_sha256 IS 'SHA-256 of the first message''s payload, hex; another one under this id is rejected.';
COMMENT ON COLUMN events.message_id IS 'The first message.';

COMMENT ON COLUMN consumer_offsets.cluster_id IS 'Kafka cluster id.';
COMMENT ON COLUMN consumer_offsets.topic_id IS 'Kafka topic id; another one under the same name is another topic.';
COMMENT ON COLUMN consumer_offsets.partition IS 'Partition of the topic.';
COMMENT ON COLUMN consumer_offsets.topic IS 'Kafka topic.';
COMMENT ON COLUMN consumer_offsets.next_offset IS 'Offset that is read next.';
COMMENT ON COLUMN consumer_offsets.updated_at IS 'When the row last changed.';

COMMENT ON COLUMN offset_gaps.cluster_id IS 'Kafka cluster id.';
COMMENT ON COLUMN offset_gaps.topic_id IS 'Kafka topic id.';
COMMENT ON COLUMN offset_gaps.partition IS 'Partition of the topic.';
COMMENT ON COLUMN offset_gaps.first_offset IS 'First offset without a message.';
COMMENT ON COLUMN offset_gaps.last_offset IS 'Last offset without a message.';
COMMENT ON COLUMN offset_gaps.reason IS 'Why there is none.';
COMMENT ON COLUMN offset_gaps.recorded_at IS 'When the gap was noted.';

COMMENT ON COLUMN dead_letters.message_id IS 'The message.';
COMMENT ON COLUMN dead_letters.reason IS 'Stable code, as in the ledger.';
COMMENT ON COLUMN dead_letters.detail IS 'The reason in a sentence.';
COMMENT ON COLUMN dead_letters.created_at IS 'When the letter was written.';
COMMENT ON COLUMN dead_letters.published_at IS 'When the broker took it; NULL while it waits.';
COMMENT ON COLUMN dead_letters.attempts IS 'Tries to publish it.';
COMMENT ON COLUMN dead_letters.last_error IS 'Why the last try failed; NULL when it did not.';

COMMENT ON COLUMN assets.asset_id IS 'SHA-256 of the bytes, hex.';
COMMENT ON COLUMN assets.size_bytes IS 'Size, bytes.';
COMMENT ON COLUMN assets.created_at IS 'When the content was first catalogued.';

COMMENT ON COLUMN work.asset_id IS 'SHA-256 of the video''s bytes, hex.';
COMMENT ON COLUMN work.model IS 'Embedder.';
COMMENT ON COLUMN work.settings_hash IS '16 hex digits over all settings that change the result.';
COMMENT ON COLUMN work.lease_batch_id IS 'Batch whose task holds the lease; NULL when nobody does.';
COMMENT ON COLUMN work.lease_attempt IS 'Attempt of that batch.';
COMMENT ON COLUMN work.lease_until IS 'Then others may take over; progress moves it.';
COMMENT ON COLUMN work.manifest_key IS 'Lake key of the manifest; NULL until the work is finished.';
COMMENT ON COLUMN work.finished_at IS 'When the manifest was recorded.';

COMMENT ON COLUMN videos.platform IS 'Namespace of video_id.';
COMMENT ON COLUMN videos.video_id IS 'The sender''s id of the video.';
COMMENT ON COLUMN videos.version_partition IS 'Kafka partition of the message.';
COMMENT ON COLUMN videos.version_offset IS 'Kafka offset of the message.';
COMMENT ON COLUMN videos.message_id IS 'Message that led to this state.';
COMMENT ON COLUMN videos.asset_id IS 'SHA-256 of the bytes that the video shows now, hex.';
COMMENT ON COLUMN videos.model IS 'Embedder of the work that it shows now.';
COMMENT ON COLUMN videos.settings_hash IS 'Settings of that work, 16 hex digits.';
COMMENT ON COLUMN videos.uri IS 'Where the message said the bytes are.';
COMMENT ON COLUMN videos.published_at IS 'When the video was published, by the message.';
COMMENT ON COLUMN videos.duration_s IS 'Duration, seconds; measured where that was possible.';
COMMENT ON COLUMN videos.width_px IS 'Display width after rotation, pixels.';
COMMENT ON COLUMN videos.height_px IS 'Display height after rotation, pixels.';
COMMENT ON COLUMN videos.codec IS 'Codec of the picture by its FFmpeg name.';
COMMENT ON COLUMN videos.created_at IS 'When the video was first catalogued.';
COMMENT ON COLUMN videos.updated_at IS 'When a message last changed it.';

COMMENT ON COLUMN point_holders.asset_id IS 'SHA-256 of the bytes behind the points, hex.';
COMMENT ON COLUMN point_holders.model IS 'Embedder of the points.';
COMMENT ON COLUMN point_holders.settings_hash IS 'Settings of the work, 16 hex digits.';
COMMENT ON COLUMN point_holders.platform IS 'Namespace of video_id.';
COMMENT ON COLUMN point_holders.video_id IS 'The video that holds them.';

COMMENT ON COLUMN frames.asset_id IS 'SHA-256 of the video''s bytes, hex.';
COMMENT ON COLUMN frames.model IS 'Embedder of the work.';
COMMENT ON COLUMN frames.settings_hash IS 'Settings of the work, 16 hex digits.';
COMMENT ON COLUMN frames.pts IS 'Presentation time stamp in the stream''s time base.';
COMMENT ON COLUMN frames.frame_key IS 'Lake key of the image; NULL for near-duplicates.';
COMMENT ON COLUMN frames.width_px IS 'Width of the decoded, upright frame, pixels.';
COMMENT ON COLUMN frames.height_px IS 'Height of the decoded, upright frame, pixels.';
COMMENT ON COLUMN frames.duplicate_of_us IS 'time_us of the kept frame that stands for this one, microseconds; NULL for kept frames.';
COMMENT ON COLUMN frames.labels IS 'What the model sees: names with scores, best first.';

COMMENT ON COLUMN notifications.batch_id IS 'The batch that the mail is about.';
COMMENT ON COLUMN notifications.recipient IS 'Address.';
COMMENT ON COLUMN notifications.subject IS 'Subject line.';
COMMENT ON COLUMN notifications.body_text IS 'The mail as text.';
COMMENT ON COLUMN notifications.body_html IS 'The mail as HTML.';
COMMENT ON COLUMN notifications.state IS 'pending, sending, sent or failed (given up).';
COMMENT ON COLUMN notifications.attempts IS 'Tries to send it.';
COMMENT ON COLUMN notifications.next_attempt_at IS 'Back-off: it is not sent again before.';
COMMENT ON COLUMN notifications.last_error IS 'Why the last try failed; NULL when it did not.';
COMMENT ON COLUMN notifications.created_at IS 'When the mail was written.';
COMMENT ON COLUMN notifications.sent_at IS 'When the server took it; NULL until then.';

COMMENT ON COLUMN ledger_balance.consumed IS 'Messages in the ledger.';
COMMENT ON COLUMN ledger_balance.done IS 'Messages whose video is searchable.';
COMMENT ON COLUMN ledger_balance.duplicate IS 'Messages that changed nothing.';
COMMENT ON COLUMN ledger_balance.rejected IS 'Messages that were not understood.';
COMMENT ON COLUMN ledger_balance.quarantined IS 'Messages whose video cannot be processed.';
COMMENT ON COLUMN ledger_balance.failed IS 'Messages given up after errors of our code.';
COMMENT ON COLUMN ledger_balance.cancelled IS 'Messages that a person called off.';
COMMENT ON COLUMN ledger_balance.in_progress IS 'Messages without an outcome.';
