-- Dead letters that a person has dealt with, and the messages that ended badly.

-- In the order of our writers, so that one of them is waited for and no deadlock comes of it.
LOCK TABLE ledger, dead_letters IN ACCESS EXCLUSIVE MODE;

ALTER TABLE dead_letters ADD COLUMN dropped_at timestamptz;
COMMENT ON COLUMN dead_letters.dropped_at IS 'When a person dropped it: from then on it is not listed. NULL until then.';
CREATE INDEX dead_letters_listed ON dead_letters (created_at DESC, message_id) WHERE dropped_at IS NULL;

CREATE INDEX ledger_not_done ON ledger (finished_at)
    WHERE outcome IN ('rejected', 'quarantined', 'failed', 'cancelled');
