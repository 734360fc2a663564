from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage

import pytest

from datalake.embedded.process import free_port
from datalake.embedded.smtp import Login, SmtpServer, read_mails

LOGIN = Login("user@example.com", "a password")


def mail(subject="hello"):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", subject
    message.set_content("text")
    return message


def test_a_mail_is_kept_with_its_recipients(smtp_sink):
    with smtplib.SMTP(smtp_sink.host, smtp_sink.port) as client:
        client.send_message(mail("über"), to_addrs=["b@example.com", "c@example.com"])
    (kept,) = smtp_sink.mails()
    assert kept["Subject"] == "über"
    assert kept.get_all("X-Rcpt-To") == ["b@example.com", "c@example.com"]
    smtp_sink.clear()
    assert smtp_sink.mails() == []


def test_starttls_and_login_are_required(make_smtp_sink, certificate):
    sink = make_smtp_sink("starttls", LOGIN)
    context = ssl.create_default_context(cafile=str(certificate.certificate))
    with smtplib.SMTP(sink.host, sink.port) as client:
        with pytest.raises(smtplib.SMTPException):
            client.send_message(mail())
        client.starttls(context=context)
        client.login(LOGIN.user, LOGIN.password)
        client.send_message(mail())
    assert len(sink.mails()) == 1


def test_a_wrong_password_is_refused(make_smtp_sink, certificate):
    sink = make_smtp_sink("tls", LOGIN)
    context = ssl.create_default_context(cafile=str(certificate.certificate))
    with smtplib.SMTP_SSL(sink.host, sink.port, context=context) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(LOGIN.user, "wrong")
        client.login(LOGIN.user, LOGIN.password)
        client.send_message(mail())
    assert len(sink.mails()) == 1


def test_the_sink_is_a_process_too(tmp_path):
    with SmtpServer(tmp_path / "mails", free_port()) as server:
        with smtplib.SMTP("127.0.0.1", server.port) as client:
            client.send_message(mail("from a process"))
        assert [m["Subject"] for m in read_mails(server.folder)] == ["from a process"]
