# SPDX-License-Identifier: ISC
"""The servers behind do what the other suites rely on, without a Gatepost between."""
import smtplib

import pytest


@pytest.fixture
def session(postfix):
    with smtplib.SMTP("127.0.0.1", postfix.port, "client.example", timeout=10) as smtp:
        smtp.ehlo()
        yield smtp


def test_mail_arrives_in_the_maildir_and_over_imap(session, postfix, dovecot):
    session.sendmail("sender@client.example", ["user@example.com"], b"Subject: lab\r\n\r\nfrom the lab itself\r\n")
    assert postfix.wait_for_message("user@example.com", b"from the lab itself")
    assert any(b"from the lab itself\r\n" in message for message in dovecot.fetch("user@example.com"))


def test_an_unknown_recipient_is_refused_at_rcpt(session):
    session.mail("sender@client.example")
    code, text = session.rcpt("nobody@example.com")
    assert (code, text[:5]) == (550, b"5.1.1")


def test_relaying_is_refused_by_the_server_behind(session):
    session.mail("sender@client.example")
    assert session.rcpt("someone@elsewhere.example")[0] == 554
