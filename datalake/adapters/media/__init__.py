"""Untrusted media files, opened only in killable child processes.

The parent: `children.MediaChildren` is the way in; `pool` starts children ahead, `process` asks one and kills
it; `limits` says what it may use; `opened_file` keeps a file open in one after the other, `frames` asks that
for windows (of `windows`).
The child: `child` is its entry, `answer` what it gives. It serves three rooms:

* `probe/` says what a file is, what is really there, and what is wrong with it;
* `decode/` gives the frames on screen at wanted times;
* `proxy/` makes small copies (its `proxies` is the parent's side).

All three open files by `containers`, read them by `packets`, and know by `transport_holes` where nothing can
be read. `probe/` also listens to the log of `decode/`; otherwise the rooms do not know each other. The
`__init__` files stay empty of imports: the child passes through them.
"""
