"""Small test videos, made by PyAV: every frame carries its own number as a bar code, over moving content.

`clip(folder, ...)` writes the video of a recipe and returns its path; `frame_number(image)` reads the number
back, so a test can say exactly which frame it was given, whatever the codec did to the pixels. `damage` holds
what can happen to a finished file. `clips_folder()` keeps what was made, once a machine.
"""

from tests.clips.pictures import BITS, CELL_PX, HEIGHT_PX, LETTERBOX_PX, WIDTH_PX, Look, frame_number, picture
from tests.clips.recipe import Recipe
from tests.clips.store import clip, clips_folder, kept

__all__ = [
    "BITS",
    "CELL_PX",
    "HEIGHT_PX",
    "LETTERBOX_PX",
    "WIDTH_PX",
    "Look",
    "Recipe",
    "clip",
    "clips_folder",
    "frame_number",
    "kept",
    "picture",
]
