"""Silver: what is in the video? Frames, scores, vectors, in the lake."""
