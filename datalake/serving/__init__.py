"""Find it again: search, and the command line."""
