"""The parameters of H.264 pictures (ITU-T H.264, 7.3.2.2), as long as a stream does not change them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from datalake.adapters.media.decode.bits import BitReader
from datalake.adapters.media.decode.sequence_parameters import H264Sequence, h264_sequence

SEQUENCE, PICTURE = 7, 8  # kinds of units that hold parameters
_MOST_BYTES = 160  # of a unit of a picture's parameters that are read
_LAST_NUMBER = 255  # of a picture's parameters
_FINEST, _COARSEST = -36, 51  # quantisers, of 14 bits a sample and of all


class Untold(Exception):
    """It cannot be told, or is not looked into, what a slice refers to."""


@dataclass(frozen=True)
class PictureParameters:
    """What some pictures of a sequence have in common.

    Attributes:
        number: by which slices name them.
        sequence_number: of the sequence's parameters that they belong to.
        is_arithmetic: coded with CABAC.
        has_bottom_order: slices say in which order the lower field comes.
        active: how many pictures a slice may refer to forward and backward, unless it says so itself.
        weighs_p: P-slices say how much the pictures weigh that they refer to.
        weighs_b: the same of B-slices.
        quality: the quantiser that slices start from.
        says_deblocking: slices say whether edges between blocks are smoothed.
    """

    number: int
    sequence_number: int
    is_arithmetic: bool
    has_bottom_order: bool
    active: tuple[int, int]
    weighs_p: bool
    weighs_b: bool
    quality: int
    says_deblocking: bool


class Parameters:
    """What a stream's parameters say, from its header on, while they only repeat themselves.

    A decoder may refuse some, or take others of the same number in their place, and would then read slices
    otherwise than we do: with the first byte that is another nothing is known any more.

    Args:
        head: units of the header.

    Attributes:
        sequence: None where nothing is known, or nothing any more.
        pictures: by their numbers.
    """

    def __init__(self, head: Iterable[bytes]) -> None:
        self.sequence: H264Sequence | None = None
        self.pictures: dict[int, PictureParameters] = {}
        self._told: dict[tuple[int, int], bytes] = {}
        self._is_over = False
        with suppress(Untold):
            for unit in head:
                self.learn(unit)

    @property
    def followed(self) -> H264Sequence | None:
        """The sequence; None where it is not looked into what its pictures refer to."""
        sequence = self.sequence
        if sequence is None or sequence.has_gaps or not sequence.is_allowed:
            return None
        is_plain = sequence.is_whole_frames and not sequence.is_plane_by_plane and sequence.order == 0
        return sequence if is_plain else None

    def learn(self, unit: bytes) -> None:
        """Note parameters; units of other kinds say nothing.

        Raises:
            Untold: nothing is known any more.
        """
        unit = unit.rstrip(b"\0")
        try:
            if not self._is_over and unit:
                self._note(unit)
        except (Untold, EOFError):
            self.end()
        if self._is_over:
            raise Untold

    def end(self) -> None:
        """From now on nothing is known."""
        self._is_over, self.sequence, self.pictures = True, None, {}

    def _note(self, unit: bytes) -> None:
        kind, number = unit[0] & 31, 0
        if kind not in (SEQUENCE, PICTURE):
            return
        if kind == SEQUENCE:
            self.sequence = h264_sequence(unit)
        else:
            found = picture_parameters(unit)
            if self.sequence is None or found.sequence_number != self.sequence.number:
                raise Untold
            number = found.number
            self.pictures[number] = found
        if self._told.setdefault((kind, number), unit) != unit:
            raise Untold


def picture_parameters(unit: bytes) -> PictureParameters:
    """What a unit of parameters says.

    Raises:
        EOFError: the unit breaks off.
        Untold: pictures are cut into groups of slices, or coded twice, or a number is larger than may be.
    """
    bits = BitReader(unit[1:_MOST_BYTES])
    number, sequence_number = bits.golomb(), bits.golomb()
    is_arithmetic, has_bottom_order = bits.take(1) == 1, bits.take(1) == 1
    if bits.golomb() > 0:
        raise Untold
    active = bits.golomb() + 1, bits.golomb() + 1
    weighs_p, weighs_b = bits.take(1) == 1, bits.take(2) == 1
    quality = 26 + bits.signed()
    bits.golomb(2)
    says_deblocking, _, is_twice = bits.take(1) == 1, bits.take(1), bits.take(1)
    if is_twice or number > _LAST_NUMBER or not _FINEST <= quality <= _COARSEST:
        raise Untold
    coding, weights = (is_arithmetic, has_bottom_order, active), (weighs_p, weighs_b)
    return PictureParameters(number, sequence_number, *coding, *weights, quality, says_deblocking)
