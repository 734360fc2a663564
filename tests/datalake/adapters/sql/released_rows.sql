-- One row and more for every table of 0001 and 0002.
INSERT INTO batches (batch_id, source, run_id) VALUES ('00000000-0000-0000-0000-0000000000b1', 'kafka', 'run-1');
INSERT INTO ledger (message_id, cluster_id, topic_id, partition, message_offset, topic, payload, payload_sha256, event_id,
                    platform, video_id, version, arrived, batch_id, asset_id, outcome, findings, finished_at)
VALUES ('00000000-0000-0000-0000-0000000000a1', 'c', 't', 0, 7, 'video.arrived', '{}', 'ff',
        '00000000-0000-0000-0000-0000000000e1', 'instagram', 'C1', 1, '{"uri": "file:///a.mp4"}',
        '00000000-0000-0000-0000-0000000000b1', repeat('a', 64), 'done', '[]', now()),
       ('00000000-0000-0000-0000-0000000000a2', 'c', 't', 0, 8, 'video.arrived', NULL, 'fe', NULL, NULL, NULL, NULL,
        NULL, '00000000-0000-0000-0000-0000000000b1', NULL, NULL, '[]', NULL);
INSERT INTO events VALUES ('00000000-0000-0000-0000-0000000000e1', 'ff', '00000000-0000-0000-0000-0000000000a1');
INSERT INTO consumer_offsets VALUES ('c', 't', 0, 'video.arrived', 0, 9, NULL);
INSERT INTO offset_gaps VALUES ('c', 't', 0, 3, 4, 'compaction');
INSERT INTO dead_letters (message_id, reason, detail) VALUES ('00000000-0000-0000-0000-0000000000a1', 'r', 'd');
INSERT INTO assets (asset_id, size_bytes, raw_key, media, generation)
VALUES (repeat('a', 64), 9, 'bronze/aa', '{"duration_s": 5.0}', 3);
INSERT INTO work (asset_id, model, settings_hash, manifest_key, finished_at)
VALUES (repeat('a', 64), 'conse', '0123456789abcdef', 'manifest.json', now());
INSERT INTO work (asset_id, model, settings_hash, lease_token, lease_until)
VALUES (repeat('b', 64), 'conse', '0123456789abcdef', '00000000-0000-0000-0000-0000000000c1', now());
INSERT INTO videos (platform, video_id, version, version_partition, version_offset, message_id, asset_id, model,
                    settings_hash, uri, duration_s, width_px, height_px, codec, frame_count)
VALUES ('instagram', 'C1', 1, 0, 7, '00000000-0000-0000-0000-0000000000a1', repeat('a', 64), 'conse',
        '0123456789abcdef', 'file:///a.mp4', 5.0, 64, 48, 'h264', 1);
INSERT INTO point_holders VALUES (repeat('a', 64), 'conse', '0123456789abcdef', 'instagram', 'C1', '{1,0,7}');
INSERT INTO frames (asset_id, model, settings_hash, time_us, pts, point_id, frame_key, width_px, height_px, blur,
                    brightness, phash, duplicate_of_us)
VALUES (repeat('a', 64), 'conse', '0123456789abcdef', 0, 0, '00000000-0000-0000-0000-0000000000f1', 'a.jpg', 64, 48,
        1.0, 128.0, repeat('0', 16), NULL),
       (repeat('a', 64), 'conse', '0123456789abcdef', 1000000, 1, NULL, NULL, 64, 48, 1.0, 128.0, repeat('0', 16), 0);
INSERT INTO notifications (batch_id, recipient, mail_message_id, subject, body_text, body_html)
VALUES ('00000000-0000-0000-0000-0000000000b1', 'you@example.org', '<1@x>', 's', 't', 'h');
