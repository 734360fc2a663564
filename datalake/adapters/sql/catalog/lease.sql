INSERT INTO work AS held
    (asset_id, model, settings_hash, lease_token, lease_batch_id, lease_attempt, lease_task, lease_until)
VALUES (%(asset_id)s, %(model)s, %(settings_hash)s, %(token)s, %(batch_id)s, %(attempt)s, %(task)s,
        now() + make_interval(secs => %(lease_s)s))
ON CONFLICT (asset_id, model, settings_hash) DO UPDATE
SET lease_token = EXCLUDED.lease_token,
    lease_batch_id = EXCLUDED.lease_batch_id,
    lease_attempt = EXCLUDED.lease_attempt,
    lease_task = EXCLUDED.lease_task,
    lease_until = EXCLUDED.lease_until
WHERE held.manifest_key IS NULL
  AND (held.lease_token IS NULL
       OR held.lease_token = EXCLUDED.lease_token
       OR held.lease_until < now()
       OR (held.lease_batch_id = EXCLUDED.lease_batch_id
           AND (held.lease_attempt < EXCLUDED.lease_attempt
                OR (held.lease_attempt = EXCLUDED.lease_attempt
                    AND held.lease_task = EXCLUDED.lease_task))))
RETURNING lease_token
