"""Sending the mails that are due; no trouble with mail ever fails a batch."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass

from datalake.adapters.ports import Delivery, Mail, Mailer, MailOutbox
from datalake.common_func import backoff_s
from datalake.errors import ConfigurationError, MailRefused, MailUnavailable

_log = logging.getLogger(__name__)
_FIRST_RETRY_S = 30.0
_LONGEST_RETRY_S = 3600.0
_TROUBLES_IN_A_ROW = 3


@dataclass(frozen=True)
class MailTally:
    """Mails that were sent, put off, and given up; `last_error` is of the latest trouble."""

    sent: int = 0
    pending: int = 0
    failed: int = 0
    last_error: str | None = None


def send_due_mails(outbox: MailOutbox, mailer: Mailer, limit: int = 100) -> MailTally:
    """Send what is due, at most `limit` mails; stops early when the server seems to be away.

    Raises:
        DatabaseUnavailable: the outbox cannot be read; mail errors are recorded there, not raised.
    """
    states: Counter[str] = Counter()
    troubles, last_error = 0, None
    for _ in range(limit):
        delivery = outbox.deliver_next(lambda mail, tries: _delivery(mailer, mail, tries))
        if delivery is None:
            break
        states[delivery.state] += 1
        last_error = delivery.error or last_error
        troubles = troubles + 1 if delivery.state == "pending" else 0
        if troubles == _TROUBLES_IN_A_ROW:
            break
    return MailTally(states["sent"], states["pending"], states["failed"], last_error)


def _delivery(mailer: Mailer, mail: Mail, tries: int) -> Delivery:
    """Try once; a wrong password is put off like a server that is away, for it can be set right."""
    try:
        mailer.send(mail)
    except MailRefused as error:
        _log.warning("mail to %s is given up: %s", mail.recipient, error)
        return Delivery("failed", str(error))
    except (MailUnavailable, ConfigurationError) as error:
        _log.warning("mail to %s is put off: %s", mail.recipient, error)
        return Delivery("pending", str(error), backoff_s(tries, _FIRST_RETRY_S, _LONGEST_RETRY_S))
    return Delivery("sent")
