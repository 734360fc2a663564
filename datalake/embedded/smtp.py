"""An SMTP server that keeps every mail as an .eml file and delivers nothing.

Run it in the foreground with:

    python -m datalake.embedded.smtp --data DIR --host 127.0.0.1 --port N

`SmtpSink` runs the same server in a thread, with TLS, STARTTLS and login where asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import email
import email.policy
import signal
import smtplib
import ssl
import threading
import uuid
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from datalake.embedded.certificates import Certificate
from datalake.embedded.process import LOOPBACK, Server, python_argv

MAX_MAIL_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Login:
    """The only user name and password that are accepted."""

    user: str
    password: str


class _KeepMail:
    """aiosmtpd handler: one file a mail, named by arrival, published by rename."""

    def __init__(self, folder: Path, is_login_required: bool) -> None:
        self._folder = folder
        self._is_login_required = is_login_required

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, mail_options: list[str]
    ) -> str:
        if self._is_login_required and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        header = "".join(f"X-Rcpt-To: {recipient}\r\n" for recipient in envelope.rcpt_tos)
        number = len(list(self._folder.glob("*.eml")))
        target = self._folder / f"{number:06d}-{uuid.uuid4().hex[:8]}.eml"
        fresh = target.with_suffix(".part")
        fresh.write_bytes(header.encode() + content)
        fresh.rename(target)
        return "250 OK"


class SmtpSink:
    """The sink in a thread of this process; a context manager.

    Args:
        folder: where mails are kept.
        port: on the loopback interface; 0 for any.
        certificate: for `security`.
        security: `none`, `starttls` (required before anything else) or `tls` (from the first byte).
        login: required when given.
    """

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        certificate: Certificate | None = None,
        security: str = "none",
        login: Login | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._login = login
        context = _server_context(certificate) if certificate and security != "none" else None
        self._controller = _Controller(
            _KeepMail(folder, login is not None),
            hostname=LOOPBACK,
            port=port,
            ssl_context=context if security == "tls" else None,
            tls_context=context if security == "starttls" else None,
            require_starttls=security == "starttls",
            authenticator=self._authenticate if login else None,
            auth_require_tls=security == "starttls",
            data_size_limit=MAX_MAIL_BYTES,
            enable_SMTPUTF8=True,
        )

    @property
    def host(self) -> str:
        """Address it listens on."""
        return LOOPBACK

    @property
    def port(self) -> int:
        """Port it listens on, once started."""
        return self._controller.bound_port

    def mails(self) -> list[EmailMessage]:
        """Every mail kept, oldest first; `X-Rcpt-To` names the envelope's recipients."""
        return read_mails(self.folder)

    def clear(self) -> None:
        """Forget all mails."""
        for path in self.folder.glob("*.eml"):
            path.unlink()

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        expected = self._login
        accepted = (
            expected is not None
            and isinstance(data, LoginPassword)
            and (data.login, data.password) == (expected.user.encode(), expected.password.encode())
        )
        return AuthResult(success=accepted, handled=False)


class _Controller(Controller):
    """A controller that tells which port it got, and starts on port 0."""

    bound_port: int = 0

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.bound_port = self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


def _server_context(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


def read_mails(folder: Path) -> list[EmailMessage]:
    """The mails of a sink's folder, oldest first."""
    paths = sorted(folder.glob("*.eml"))
    return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]


class SmtpServer(Server):
    """The sink as a process of its own."""

    name = "smtp"

    def __init__(self, folder: Path, port: int, log: Path | None = None) -> None:
        super().__init__(log or folder.parent / f"{folder.name}.log")
        self.folder = folder.absolute()
        self.port = port

    def prepare(self) -> None:
        """Create the folder of mails."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def argv(self) -> list[str]:
        """This module."""
        options = ["--data", str(self.folder), "--host", LOOPBACK, "--port", str(self.port)]
        return python_argv("datalake.embedded.smtp", *options)

    def is_ready(self) -> bool:
        """True when it greets: a stopped process accepts connections too, and says nothing."""
        try:
            with smtplib.SMTP(LOOPBACK, self.port, timeout=3):
                return True
        except (OSError, smtplib.SMTPException):
            return False


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--host", default=LOOPBACK)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with SmtpSink(options.data, options.port):
        ended.wait()


if __name__ == "__main__":
    main()
