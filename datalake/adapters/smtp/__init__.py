"""SMTP: mails as text and HTML, and the conversation that hands them over."""
