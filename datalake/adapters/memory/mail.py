"""A mailer that keeps what it is given."""

from __future__ import annotations

from datalake.adapters.ports import Mail, Mailer
from datalake.errors import PipelineError


class MemoryMailer(Mailer):
    """Keeps mails in `sent`; raises the errors in `troubles` first, one a mail."""

    def __init__(self, *troubles: PipelineError) -> None:
        self.sent: list[Mail] = []
        self.troubles = list(troubles)

    def send(self, mail: Mail) -> None:
        """As the port says."""
        if self.troubles:
            raise self.troubles.pop(0)
        self.sent.append(mail)
