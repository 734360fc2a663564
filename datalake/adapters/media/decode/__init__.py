"""The whole pictures of a stream at wanted times, and the damage met on the way; in the child.

`decoding` answers the requests, `reader` goes to a time (by `keyframes`), `pictures` gives the pictures from
there on in order of time (by `clock`), `picture_decoder` decodes packets and tells damage, which shows in
FFmpeg's log (`decoder_log`) and in bytes that the format forbids (`nal_units`). `damage` is what is on screen
instead.
"""
