SELECT o.topic_id, o.partition, o.topic, o.first_offset, o.next_offset, o.stopped,
    (SELECT coalesce(sum(upper(run) - lower(run)), 0)::bigint FROM (
        SELECT unnest(range_agg(int8range(g.first_offset, g.last_offset, '[]'))) AS run
        FROM offset_gaps g
        WHERE (g.cluster_id, g.topic_id, g.partition) = (o.cluster_id, o.topic_id, o.partition)) AS runs
    ) AS gaps,
    (SELECT count(*) FROM ledger l
        WHERE (l.cluster_id, l.topic_id, l.partition) = (o.cluster_id, o.topic_id, o.partition)
        AND EXISTS (SELECT FROM offset_gaps g
            WHERE (g.cluster_id, g.topic_id, g.partition) = (o.cluster_id, o.topic_id, o.partition)
            AND l.message_offset BETWEEN g.first_offset AND g.last_offset)
    ) AS known_in_gaps
FROM consumer_offsets o
ORDER BY o.topic_id, o.partition
