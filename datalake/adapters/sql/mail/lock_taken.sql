SELECT mail_message_id AS message_id, recipient, subject, body_text AS text, body_html AS html
FROM notifications
WHERE mail_message_id = %(mail_message_id)s AND state = 'sending'
FOR UPDATE SKIP LOCKED
