"""SMTP as the settings ask for it, against a real server."""

from __future__ import annotations

import ssl
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, TypeAdapter, ValidationError

from datalake.adapters.ports import Mail
from datalake.adapters.smtp.mailer import DEFAULT_SENDER, SmtpMailer, SmtpServer
from datalake.contracts import EmailAddress
from datalake.embedded.certificates import Certificate
from datalake.embedded.process import free_port
from datalake.embedded.smtp import Login, SmtpSink
from datalake.errors import ConfigurationError, MailRefused, MailUnavailable

MAIL = Mail("<1@video-data-pipeline>", "you@example.org", "Vidéos: 1 done", "text ü", "<p>html ü</p>")
LOGIN = Login("me@example.org", "right")

MakeSink = Callable[..., SmtpSink]


def mailer(sink: SmtpSink, certificate: Certificate | None = None, **other: Any) -> SmtpMailer:
    values: dict[str, Any] = {"user": LOGIN.user, "password": SecretStr(LOGIN.password), "timeout_s": 5.0}
    values |= {"ca_file": certificate.certificate if certificate else None}
    return SmtpMailer(SmtpServer(sink.host, sink.port, **(values | other)))


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_protected_mail_with_login_arrives(
    make_smtp_sink: MakeSink, certificate: Certificate, security: str
) -> None:
    sink = make_smtp_sink(security, LOGIN)
    mailer(sink, certificate, security=security).send(MAIL)
    [mail] = sink.mails()
    assert mail["X-Rcpt-To"] == "you@example.org"
    assert (mail["From"], mail["To"]) == ("me@example.org", "you@example.org")
    assert (mail["Subject"], mail["Message-ID"]) == ("Vidéos: 1 done", "<1@video-data-pipeline>")
    bodies = {part.get_content_type(): part.get_content().strip() for part in mail.iter_parts()}
    assert bodies == {"text/plain": "text ü", "text/html": "<p>html ü</p>"}


@pytest.mark.parametrize(("port", "protection"), [(587, "starttls"), (465, "tls"), (25, "starttls")])
def test_port_decides_the_protection(port: int, protection: str) -> None:
    assert SmtpServer("smtp.example.org", port).protection == protection
    assert SmtpServer("smtp.example.org", port, security="none").protection == "none"


def test_local_sink_needs_neither_tls_nor_login(smtp_sink: SmtpSink) -> None:
    mailer(smtp_sink, user="", security="none").send(MAIL)
    assert smtp_sink.mails()[0]["From"] == DEFAULT_SENDER


def test_sender_is_an_address_even_if_the_user_is_none() -> None:
    assert SmtpServer("smtp.example.org", 587, user="apikey").sender == "apikey@smtp.example.org"


def test_wrong_password_is_a_matter_of_configuration(
    make_smtp_sink: MakeSink, certificate: Certificate
) -> None:
    sink = make_smtp_sink("starttls", LOGIN)
    with pytest.raises(ConfigurationError, match="check SMTP_USER and SMTP_PASSWORD") as caught:
        mailer(sink, certificate, password=SecretStr("wr0ng"), security="starttls").send(MAIL)
    assert "wr0ng" not in str(caught.value)
    assert sink.mails() == []


def test_missing_login_is_a_matter_of_configuration(
    make_smtp_sink: MakeSink, certificate: Certificate
) -> None:
    sink = make_smtp_sink("starttls", LOGIN)
    with pytest.raises(ConfigurationError, match="530"):
        mailer(sink, certificate, user="", security="starttls").send(MAIL)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_certificate_of_an_unknown_authority_is_refused(make_smtp_sink: MakeSink, security: str) -> None:
    sink = make_smtp_sink(security)
    with pytest.raises(ConfigurationError, match="SMTP_CA_FILE"):
        mailer(sink, security=security).send(MAIL)
    assert sink.mails() == []


def test_missing_authority_file_is_named(make_smtp_sink: MakeSink, certificate: Certificate) -> None:
    sink = make_smtp_sink("starttls")
    gone = certificate.certificate.with_name("gone.pem")
    with pytest.raises(ConfigurationError, match=r"gone\.pem"):
        mailer(sink, ca_file=gone, security="starttls").send(MAIL)


def test_tls_to_a_plain_server_is_a_matter_of_configuration(smtp_sink: SmtpSink) -> None:
    for security in ("starttls", "tls"):
        with pytest.raises(ConfigurationError, match="SMTP_SECURITY"):
            mailer(smtp_sink, security=security).send(MAIL)


def test_server_that_is_down_is_unavailable() -> None:
    with pytest.raises(MailUnavailable, match="cannot be reached"):
        SmtpMailer(SmtpServer("127.0.0.1", free_port(), security="none")).send(MAIL)


@pytest.mark.parametrize("host", ["a..b", "a" * 64])
@pytest.mark.parametrize("security", ["none", "tls"])
def test_server_that_is_no_host_name_is_a_matter_of_configuration(host: str, security: Any) -> None:
    with pytest.raises(ConfigurationError, match="SMTP_SERVER"):
        SmtpMailer(SmtpServer(host, 587, security=security)).send(MAIL)


@pytest.mark.parametrize(("user", "password"), [(LOGIN.user, "pässword"), ("jörg", "right")])
def test_login_beyond_ascii_is_a_matter_of_configuration(
    make_smtp_sink: MakeSink, certificate: Certificate, user: str, password: str
) -> None:
    sink = make_smtp_sink("starttls", LOGIN)
    sender = mailer(sink, certificate, user=user, password=SecretStr(password), security="starttls")
    with pytest.raises(ConfigurationError, match="SMTP_PASSWORD must be ASCII") as caught:
        sender.send(MAIL)
    assert "pässword" not in "".join(traceback.format_exception(caught.value))


class Picky:
    """Refuses recipients: for good, or for now."""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 No such user"
        if address.startswith("later"):
            return "451 4.7.1 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        return "554 5.7.1 Looks like spam"


@pytest.fixture
def picky_server(make_smtp_sink: MakeSink) -> SmtpServer:
    sink = make_smtp_sink()
    sink._controller.handler = Picky()
    return SmtpServer(sink.host, sink.port, security="none")


@pytest.mark.parametrize(
    ("recipient", "error", "said"),
    [
        ("nobody@example.org", MailRefused, "No such user"),
        ("later@example.org", MailUnavailable, "Try again later"),
        ("you@example.org", MailRefused, "Looks like spam"),
    ],
)
def test_refusal_of_one_mail(
    picky_server: SmtpServer, recipient: str, error: type[Exception], said: str
) -> None:
    mail = Mail("<1@video-data-pipeline>", recipient, "subject", "text", "<p>html</p>")
    with pytest.raises(error, match=said):
        SmtpMailer(picky_server).send(mail)


@pytest.mark.parametrize("is_able", [True, False])
def test_address_beyond_ascii_goes_where_the_server_takes_it(make_smtp_sink: MakeSink, is_able: bool) -> None:
    sink = make_smtp_sink()
    sink._controller.SMTP_kwargs["enable_SMTPUTF8"] = is_able
    mail = Mail("<1@video-data-pipeline>", "jörg@example.org", "subject", "text", "<p>html</p>")
    sender = SmtpMailer(SmtpServer(sink.host, sink.port, security="none"))
    if is_able:
        sender.send(mail)
    else:
        with pytest.raises(MailRefused, match="jörg"):
            sender.send(mail)
    assert len(sink.mails()) == is_able


def test_verification_is_never_switched_off() -> None:
    context = SmtpMailer(SmtpServer("smtp.example.org", 587))._tls()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


HOSTILE = st.text(alphabet="\"():\\\\[].=?%!aé'~", min_size=1, max_size=12)


@given(HOSTILE, HOSTILE)
def test_any_address_of_the_contract_makes_a_message(local: str, domain: str) -> None:
    """What the contract lets through never breaks the sending of other mails."""
    try:
        address = TypeAdapter(EmailAddress).validate_python(f"{local}@{domain}")
    except ValidationError:
        return
    mail = Mail("<1@video-data-pipeline>", address, "subject", "text", "<p>html</p>")
    try:
        message = SmtpMailer(SmtpServer("smtp.example.org", 587))._message(mail)
    except MailRefused:
        return
    assert b"Message-ID: <1@video-data-pipeline>" in message.as_bytes()
    assert message["To"].addresses[0].addr_spec == address


@pytest.mark.parametrize(
    "address", ["a@b", "first.last+tag@sub.example.org", "o'neil@x-y.org", "jörg@bücher.de"]
)
def test_usual_addresses_pass(address: str) -> None:
    mail = Mail("<1@video-data-pipeline>", address, "subject", "text", "<p>html</p>")
    assert SmtpMailer(SmtpServer("smtp.example.org", 587))._message(mail)["To"] == address


def test_address_that_breaks_headers_is_refused(smtp_sink: SmtpSink) -> None:
    with pytest.raises(MailRefused, match="no address"):
        mailer(smtp_sink, security="none").send(Mail("<1@x>", ".:@:", "subject", "text", "<p>html</p>"))
