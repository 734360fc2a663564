"""Untrusted media files, opened only in killable child processes.

`children.MediaChildren` is the way in. `process` is the parent's side, `child` the entry of the process that
`probing` and `decoding` run in. This file stays empty of imports: the child passes through it.
"""
