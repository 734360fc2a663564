"""The mail outbox in PostgreSQL: rows of `notifications`."""

from __future__ import annotations

from collections.abc import Callable

from datalake.adapters.ports import Delivery, Mail, MailOutbox
from datalake.adapters.postgres import Connection, execute, row, transaction
from datalake.adapters.postgres.statements import statement
from datalake.crash_points import crash_point


class PostgresOutbox(MailOutbox):
    """See the port.

    Args:
        uri: PostgreSQL connection URI.
        patience_s: a mail found in `sending` is taken up again after so long; its sender has died.
    """

    def __init__(self, uri: str, patience_s: float = 60.0) -> None:
        self._uri = uri
        self._patience_s = patience_s

    def deliver_next(self, send: Callable[[Mail, int], Delivery]) -> Delivery | None:
        """As the port says; a mail that somebody else sends or has sent by now is passed over."""
        while True:
            with transaction(self._uri) as connection:
                taken = row(connection, statement("mail/take_due"), {"patience_s": self._patience_s})
            if taken is None:
                return None
            crash_point("mail.after_taken")
            with transaction(self._uri) as connection:
                locked = row(connection, statement("mail/lock_taken"), taken)
                if locked is None:
                    continue
                delivery = send(Mail(**locked), taken["attempts"])
                crash_point("mail.after_data")
                values = {**taken, **vars(delivery)}
                execute(connection, statement("mail/record_delivery"), values)
            return delivery


def is_any_due(connection: Connection, first_s: float) -> bool:
    """True when a mail waits that nobody is sending.

    Args:
        connection: to PostgreSQL.
        first_s: one that nobody has tried to send yet counts after so many seconds.
    """
    return row(connection, statement("mail/is_due"), {"first_s": first_s}) is not None
