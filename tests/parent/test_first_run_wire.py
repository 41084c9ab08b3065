# SPDX-License-Identifier: ISC
"""gatepost --first-run: what it finds on the wire to the server behind, and says of it."""
import ssl
import subprocess

import pytest

from lab.backend import HANG
from lab.first_run import NOBODY, answers, first_run  # noqa: F401
from lab.ports import free_port
from lab.process import children, is_alive, wait_until

TEMPORARY = {"RCPT": lambda session, line: "451 4.7.1 greylisted" if b"no-such-user" in line else None}
NOT_OURS = {"RCPT": "550 5.7.54 unable to relay"}


def encrypted(authority, name="behind.example.com"):
    """How a server behind encrypts."""
    cert = authority.certificate(name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert.chain, cert.key)
    return {"context": context, "extensions": ("STARTTLS", "SIZE 10485760")}


def test_a_server_that_takes_any_address_is_told_of_with_what_helps(first_run, new_backend):
    status, said, _ = first_run(*answers(new_backend().port, recipients="ask"))
    assert status == 0 and "takes an address that does not exist (250" in said
    assert "Get-Recipient -ResultSize Unlimited" in said and "Set-Content -Encoding utf8 recipients.txt" in said


@pytest.mark.parametrize("script, words", [(NOBODY, "asked at RCPT who exists (--recipients ask)"), (TEMPORARY, "it puts off an address that does not exist (451"),
                                           (NOT_OURS, "does it take mail for this domain?")])
def test_what_it_says_about_recipients_is_told(first_run, new_backend, script, words):
    status, said, _ = first_run(*answers(new_backend(script).port))
    assert status == 0 and words in said


def test_tls_is_told(first_run, new_backend, authority):
    status, said, _ = first_run(*answers(new_backend(**encrypted(authority)).port))
    assert status == 0 and "encrypted with TLSv1.3" in said and "takes messages of 10 MiB at most" in said


@pytest.mark.parametrize("reply", ["454 4.7.0 not now", "220 go ahead\r\n250 injected"])
def test_where_tls_fails_it_is_told_and_asked_in_clear(first_run, new_backend, authority, reply):
    server = new_backend({"STARTTLS": [(reply + "\r\n").encode()]}, **encrypted(authority))
    status, said, _ = first_run(*answers(server.port))
    assert status == 0 and "STARTTLS, but TLS fails" in said and "takes an address that does not exist" in said
    assert server.connections == 2


@pytest.mark.parametrize("mode, complaint", [("required", "does not offer STARTTLS"), ("verify=behind.example.com", "certificate does not do")])
def test_tls_that_was_demanded_and_cannot_be_had_ends_it(first_run, new_backend, authority, mode, complaint):
    server = new_backend(**({} if mode == "required" else encrypted(authority)))
    status, said, complained = first_run(*answers(server.port, server_tls=mode))
    assert status == 1 and complaint in said and "nothing is written" in complained and first_run.left() == []
    assert "RCPT" not in server.verbs()


@pytest.mark.parametrize("name, status, words", [("behind.example.com", 0, "it can be verified"), ("other.example.com", 1, "certificate does not do: hostname mismatch")])
def test_a_certificate_that_is_trusted_is_verified_by_its_name(first_run, new_backend, authority, name, status, words):
    first_run.trust(authority.ca)
    server = new_backend(**encrypted(authority))
    ended, said, _ = first_run(*answers(server.port, server_tls="verify=" + name))
    assert ended == status and words in said
    assert status or 'tls verify "behind.example.com"' in first_run.text()


def test_what_is_not_reached_is_not_written_unless_unchecked(first_run):
    port = free_port()
    status, said, complained = first_run(*answers(port))
    assert status == 1 and "It is not reached: Connection refused" in said and "--unchecked" in complained and first_run.left() == []
    assert first_run(*answers(port), "--unchecked")[0] == 0 and first_run.check()[0] == 0


@pytest.mark.parametrize("script, words", [({"CONNECT": "554 5.7.1 \x1b]0;you\x07 go away"}, "turns us away: 554 5.7.1 ?]0;you? go away"),
                                           ({"CONNECT": [b"+OK POP3\r\n"]}, "does not speak SMTP"), ({"MAIL": "550 5.7.1 no"}, "takes no mail from here: 550"),
                                           ({"CONNECT": [b"220-" + b"x" * 9000]}, "Message too long"), ({"EHLO": [b"250-A\r\n" * 200]}, "does not end")])
def test_a_server_that_is_none_is_told_of(first_run, new_backend, script, words):
    status, said, _ = first_run(*answers(new_backend(script).port))
    assert status == 1 and words in said and "\x1b" not in said


def test_who_listens_to_the_server_has_no_privileges_and_no_end_of_time(first_run, new_backend):
    server = new_backend({"CONNECT": [HANG]})
    run = subprocess.Popen(first_run.command("--first-run", *answers(server.port)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert wait_until(lambda: server.connections)
    child, = children(run.pid)
    with open("/proc/%d/status" % child) as f:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    assert "0" not in status["Uid"].split() and status["CapEff"].strip("0") == "" and status["NoNewPrivs"] == "1"
    said, _ = run.communicate(timeout=15)
    assert run.returncode == 1 and "no answer in time" in said and not is_alive(child)
