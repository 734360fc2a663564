"""What a file says it is, what is really there, and what is wrong with it; in the child.

`probing` goes through it: headers first, without a decoder (`container_size`, `container_index`,
`protection`, all by `elements`), then every packet (`scanning`, with `intervals` and `peak_level`), then the
first picture (`colour`). `facts` makes MediaFacts of it (`tags` cleans what others wrote), `probe_findings`
says what is wrong.
"""
