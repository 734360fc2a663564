INSERT INTO notifications (batch_id, recipient, mail_message_id, subject, body_text, body_html)
VALUES (%(batch_id)s, %(recipient)s, %(message_id)s, %(subject)s, %(text)s, %(html)s)
ON CONFLICT DO NOTHING
