"""Bronze: what arrived? The bytes by content hash, and what they are."""
