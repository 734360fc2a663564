"""The table: what is found in a video, how it ends in each validation mode, which frames are stored when.

One frame is wanted every 0.2 s. Unless a case says otherwise, a video has 60 frames at 30 a second, a
keyframe every 15, a tone, nothing to find, and ends `done`.
"""

from __future__ import annotations

from tests.cases.damaged import DAMAGED
from tests.cases.sound import SOUND
from tests.cases.unusual import UNUSUAL
from tests.cases.usual import USUAL

CASES = (*USUAL, *UNUSUAL, *SOUND, *DAMAGED)
