"""What a child says of trouble with a file that it decodes: a code and what was measured.

The parent makes the finding: with its class a child takes nearly twice as long to start, and of severity and
remedy nobody who has read untrusted bytes need be believed. A probe, whose answer is full of them, sends
whole findings.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Code = Literal["decode_failed", "decoded_on_cpu", "decoder_out_of_memory"]


@dataclass(frozen=True)
class Noticed:
    """A finding's code and its evidence."""

    code: Code
    evidence: str

    def as_json(self) -> dict[str, str]:
        """As the parent reads it."""
        return asdict(self)


class Refusal(Exception):
    """A file that cannot be worked on."""

    def __init__(self, code: Code, evidence: str) -> None:
        super().__init__(f"{code}: {evidence}")
        self.noticed = Noticed(code, evidence)
