"""Codecs, containers and structures that are all in order."""

from __future__ import annotations

from fractions import Fraction

from tests.cases.case import Case, Shown

NTSC = Fraction(30_000, 1001)
# a frame is shown for 33.3667 ms: frame 5 is on screen at 0.2 s, frame 11 at 0.4 s
NTSC_FRAMES = tuple(
    Shown(round(1_001_000 * number / 30), number) for number in (0, 5, 11, 17, 23, 29, 35, 41, 47, 53, 59)
)

USUAL = (
    Case("h264_mp4"),
    Case("h264_mp4_index_first", {"movflags": "faststart"}),
    Case("h264_mp4_fragmented", {"movflags": "frag_keyframe+delay_moov+default_base_moof"}),
    Case("h264_mov", {"suffix": ".mov"}),
    Case("h264_mkv", {"suffix": ".mkv"}),
    Case("h264_mkv_b_frames", {"suffix": ".mkv", "b_frames": 2}),
    Case("h264_ts", {"suffix": ".ts", "b_frames": 2}),
    Case("h264_flv", {"suffix": ".flv"}),
    Case("h264_avi", {"suffix": ".avi"}),
    Case("hevc_mp4", {"codec": "libx265", "b_frames": 2}),
    Case("hevc_mkv", {"codec": "libx265", "suffix": ".mkv"}),
    Case("hevc_ts", {"codec": "libx265", "suffix": ".ts", "b_frames": 2}),
    Case("vp9_webm", {"codec": "libvpx-vp9", "suffix": ".webm"}),
    Case("vp9_mp4", {"codec": "libvpx-vp9"}),
    Case("av1_mp4", {"codec": "libsvtav1"}),
    Case("av1_webm", {"codec": "libsvtav1", "suffix": ".webm"}),
    Case("mpeg4_avi", {"codec": "mpeg4", "suffix": ".avi"}),
    Case("mpeg4_avi_b_frames", {"codec": "mpeg4", "suffix": ".avi", "b_frames": 2}),
    Case("mpeg4_mp4", {"codec": "mpeg4", "b_frames": 2}),
    Case("mpeg2_ts", {"codec": "mpeg2video", "suffix": ".ts", "b_frames": 2}),
    Case("mjpeg_avi", {"codec": "mjpeg", "suffix": ".avi", "pixel_format": "yuvj420p"}),
    Case("mjpeg_mov", {"codec": "mjpeg", "suffix": ".mov", "pixel_format": "yuvj420p"}),
    Case("ffv1_mkv", {"codec": "ffv1", "suffix": ".mkv"}),
    Case("sorenson_flv", {"codec": "flv", "suffix": ".flv"}),
    Case("open_gop", {"b_frames": 3, "gop": 12, "params": "open-gop=1"}),
    Case("open_gop_ts", {"b_frames": 3, "gop": 12, "params": "open-gop=1", "suffix": ".ts"}),
    Case("open_gop_hevc", {"codec": "libx265", "b_frames": 3, "gop": 12, "params": "open-gop=1"}),
    Case("b_pyramid", {"b_frames": 3, "params": "b-pyramid=normal:b-adapt=0"}),
    Case("ntsc_rate", {"fps": NTSC}, frames=NTSC_FRAMES),
    Case("one_frame", {"frames": 1}, frames=(Shown(0, 0),)),
    Case("odd_size_420", {"codec": "libvpx-vp9", "suffix": ".webm", "extra_px": 1}),
    Case("odd_size_444", {"pixel_format": "yuv444p", "extra_px": 1}),
    Case("cropped_by_the_decoder", {"extra_px": 2}),  # 162 x 98 in macroblocks of 16
    Case("ten_bit", {"pixel_format": "yuv420p10le"}),
    Case("black_bars", {"look": "letterbox"}),
)
