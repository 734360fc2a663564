INSERT INTO notifications (batch_id, alert_key, recipient, mail_message_id, subject, body_text, body_html)
VALUES (%(batch_id)s, %(alert_key)s, %(recipient)s, %(message_id)s, %(subject)s, %(text)s, %(html)s)
ON CONFLICT DO NOTHING
