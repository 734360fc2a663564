SELECT r.relname                                        AS relation,
       r.relkind = 'v'                                  AS is_view,
       coalesce(obj_description(r.oid, 'pg_class'), '') AS relation_comment,
       a.attname                                        AS name,
       format_type(a.atttypid, a.atttypmod)             AS type,
       a.attnotnull                                     AS is_required,
       coalesce(a.attnum = ANY (key.conkey), false)     AS is_key,
       (SELECT target.relname
        FROM pg_constraint AS reference JOIN pg_class AS target ON target.oid = reference.confrelid
        WHERE reference.conrelid = r.oid AND reference.contype = 'f' AND a.attnum = ANY (reference.conkey)
        ORDER BY target.relname LIMIT 1)                AS refers_to,
       coalesce(col_description(r.oid, a.attnum), '')   AS comment
FROM pg_class AS r
JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_constraint AS key ON key.conrelid = r.oid AND key.contype = 'p'
WHERE r.relnamespace = 'public'::regnamespace
  AND r.relkind IN ('r', 'p', 'v')
  AND r.relname !~ '^_?yoyo'
ORDER BY r.relname, a.attnum;
