UPDATE ledger
SET outcome = %(kind)s,
    reason = %(reason)s,
    detail = %(detail)s,
    findings = %(findings)s,
    asset_id = COALESCE(%(asset_id)s, asset_id),
    source = COALESCE(%(source)s, source),
    finished_at = now()
WHERE message_id = %(message_id)s
