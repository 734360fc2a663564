"""Who needs to know? Rows in PostgreSQL, points in Qdrant, mails to people."""
