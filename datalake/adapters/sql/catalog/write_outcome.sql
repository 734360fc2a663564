UPDATE ledger
SET outcome = %(kind)s,
    reason = %(reason)s,
    detail = %(detail)s,
    findings = %(findings)s,
    asset_id = COALESCE(%(asset_id)s, asset_id),
    finished_at = now()
WHERE message_id = %(message_id)s
