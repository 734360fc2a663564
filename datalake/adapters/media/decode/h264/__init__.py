"""H.264 read without decoding it: which pictures refer to which, and how to put another in place of one."""
