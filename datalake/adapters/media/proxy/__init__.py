"""Small copies of a video that every browser plays.

`proxies` is the parent's side: it asks for one step after the other. In the child `transcoding` answers them,
with `pictures` scaled and turned, and `sound` laid on their clock.
"""
