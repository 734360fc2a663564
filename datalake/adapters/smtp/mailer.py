"""Mail by SMTP, with smtplib."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, localtime
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from datalake.adapters.ports import Mail, Mailer
from datalake.errors import ConfigurationError, MailRefused, MailUnavailable

TLS_PORT = 465
DEFAULT_SENDER = "video-data-pipeline@localhost"
_PERMANENT = 500
# Atoms and dots only: the header parser of the standard library breaks on some of the rest.
_ATOMS = r"[^\s\x00-\x1f\x7f\"(),.:;<>@\[\\\]]+"
_PLAIN_ADDRESS = re.compile(rf"{_ATOMS}(\.{_ATOMS})*@[\w-]+(\.[\w-]+)*")


@dataclass(frozen=True)
class SmtpServer:
    """Which server, and how to speak to it; `auto` is TLS on port 465 and STARTTLS elsewhere."""

    host: str
    port: int
    user: str = ""
    password: SecretStr = field(default_factory=lambda: SecretStr(""))
    security: Literal["auto", "starttls", "tls", "none"] = "auto"
    ca_file: Path | None = None
    timeout_s: float = 20.0

    @property
    def protection(self) -> str:
        """`tls`, `starttls` or `none`."""
        if self.security != "auto":
            return self.security
        return "tls" if self.port == TLS_PORT else "starttls"

    @property
    def sender(self) -> str:
        """The From address: the user, or one made of it where the user is no address."""
        if not self.user:
            return DEFAULT_SENDER
        return self.user if "@" in self.user else f"{self.user}@{self.host}"


class SmtpMailer(Mailer):
    """One conversation a mail; the server's certificate is always verified."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    def send(self, mail: Mail) -> None:
        """As the port says."""
        message = self._message(mail)
        with self._translated_errors(), self._conversation() as smtp:
            self._hand_over(smtp, message, mail.recipient)

    def _hand_over(self, smtp: smtplib.SMTP, message: EmailMessage, recipient: str) -> None:
        try:
            smtp.send_message(message, self._server.sender, [recipient])
        except smtplib.SMTPNotSupportedError as error:
            raise MailRefused(f"{self._where} cannot write to {recipient!r}: {error}") from error
        except smtplib.SMTPRecipientsRefused as error:
            raise self._refusal(*error.recipients[recipient]) from error
        except smtplib.SMTPDataError as error:
            raise self._refusal(error.smtp_code, error.smtp_error) from error

    @contextmanager
    def _conversation(self) -> Iterator[smtplib.SMTP]:
        server = self._server
        smtp = self._connection()
        try:
            if server.protection == "starttls":
                smtp.starttls(context=self._tls())
            if server.user and server.password.get_secret_value():
                self._login(smtp)
            yield smtp
            # The mail is handed over: trouble with the goodbye must not send it again.
            with suppress(smtplib.SMTPException, OSError):
                smtp.quit()
        finally:
            smtp.close()

    def _connection(self) -> smtplib.SMTP:
        server = self._server
        try:
            if server.protection == "tls":
                tls = self._tls()
                return smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=tls)
            return smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
        except UnicodeError:
            raise ConfigurationError(f"SMTP_SERVER={server.host!r} is no host name") from None

    def _login(self, smtp: smtplib.SMTP) -> None:
        try:
            smtp.login(self._server.user, self._server.password.get_secret_value())
        except UnicodeError:  # from None: it holds the password
            raise ConfigurationError("SMTP_USER and SMTP_PASSWORD must be ASCII to log in") from None

    def _tls(self) -> ssl.SSLContext:
        file = self._server.ca_file
        if file is not None and not file.is_file():
            raise ConfigurationError(f"SMTP_CA_FILE names no file: {file}")
        return ssl.create_default_context(cafile=file)

    def _message(self, mail: Mail) -> EmailMessage:
        if not _PLAIN_ADDRESS.fullmatch(mail.recipient):
            raise MailRefused(f"{mail.recipient!r} is no address that a mail can be written to")
        message = EmailMessage()
        message["From"] = self._server.sender
        message["To"] = mail.recipient
        message["Subject"] = mail.subject
        message["Message-ID"] = mail.message_id
        message["Date"] = formatdate(localtime().timestamp(), localtime=True)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        return message

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        """Errors of smtplib and ssl as ours; their texts never hold the password."""
        try:
            yield
        except smtplib.SMTPNotSupportedError as error:
            raise self._misfit(f"cannot do what the settings ask ({error})") from error
        except smtplib.SMTPResponseException as error:
            raise self._trouble(error) from error
        except ssl.SSLCertVerificationError as error:
            raise ConfigurationError(
                f"{self._where} shows a certificate that is not trusted ({error.verify_message}): "
                "check SMTP_SERVER, or name your own authority in SMTP_CA_FILE"
            ) from error
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise MailUnavailable(f"{self._where} broke off: {error.reason}") from error
        except ssl.SSLError as error:
            raise self._misfit(f"does not speak TLS as expected ({error.reason})") from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailUnavailable(f"{self._where} cannot be reached: {error}") from error

    @property
    def _where(self) -> str:
        return f"SMTP server {self._server.host}:{self._server.port}"

    def _misfit(self, what: str) -> ConfigurationError:
        return ConfigurationError(f"{self._where} {what}: check SMTP_PORT and SMTP_SECURITY")

    def _trouble(self, error: smtplib.SMTPResponseException) -> ConfigurationError | MailUnavailable:
        """What a refusal means that does not concern one mail: 5xx is about us, 4xx passes."""
        said = f"{error.smtp_code} {_text(error.smtp_error)}"
        if error.smtp_code < _PERMANENT:
            return MailUnavailable(f"{self._where} puts us off: {said}")
        return ConfigurationError(
            f"{self._where} refuses {self._server.user or self._server.sender!r} ({said}): "
            "check SMTP_USER and SMTP_PASSWORD"
        )

    def _refusal(self, code: int, text: bytes | str) -> MailRefused | MailUnavailable:
        """5xx is for good, 4xx for now."""
        kind = MailRefused if code >= _PERMANENT else MailUnavailable
        return kind(f"{self._where} refuses the mail: {code} {_text(text)}")


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
