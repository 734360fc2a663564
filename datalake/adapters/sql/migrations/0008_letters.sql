-- Dead letters that a person has dealt with, and the messages that ended badly.

ALTER TABLE dead_letters ADD COLUMN dropped_at timestamptz;
COMMENT ON COLUMN dead_letters.dropped_at IS 'When a person dropped it: from then on it is not listed. NULL until then.';
CREATE INDEX dead_letters_listed ON dead_letters (created_at DESC, message_id) WHERE dropped_at IS NULL;

CREATE INDEX ledger_not_done ON ledger (finished_at)
    WHERE outcome IN ('rejected', 'quarantined', 'failed', 'cancelled');
