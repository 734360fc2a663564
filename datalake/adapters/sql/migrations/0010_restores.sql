-- What must not come back when the database is restored from an earlier dump.

CREATE FUNCTION next_generation(known bigint) RETURNS bigint LANGUAGE sql AS $$
    SELECT GREATEST(known + 1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
$$;
COMMENT ON FUNCTION next_generation IS 'The generation after this one, never below the clock in milliseconds, so that one given after a restore is above all that the points in Qdrant carry.';
COMMENT ON COLUMN assets.generation IS 'Raised by next_generation and committed before points are written; a late writer with a lower one changes nothing.';
COMMENT ON COLUMN notifications.mail_message_id IS 'Made of the recipient and the messages told about, so that a receiver can drop a repeat, also after a restore.';
