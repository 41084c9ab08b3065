# SPDX-License-Identifier: ISC
"""TLS towards clients and towards the servers behind."""
import os
import shutil
import socket
import ssl

import pytest

from lab.backend import server_context
from lab.certs import Authority
from lab.gatepost import backend, certificate, domains
from lab.process import wait_until
from lab.smtp_client import Session, client_context, send

MESSAGE = b"Subject: tls\r\n\r\nhello\r\n"


def der(cert):
    with open(cert.chain) as f:
        return ssl.PEM_cert_to_DER_cert(f.read().partition("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n")


def shown(gateway, server_name=None, context=None):
    """The certificate that the gateway shows to a client that asks for this name."""
    with Session(gateway.tls_port, tls=context or client_context(), server_name=server_name) as session:
        return session.socket.getpeercert(binary_form=True)


@pytest.fixture
def tls_gateway(start, new_backend):
    """tls_gateway(certificates, ...) with one well-behaved server behind."""
    def go(*certificates, **how):
        server = new_backend()
        body = "".join(map(certificate, certificates)) + backend("behind", server.port) + domains("behind", "example.com")
        gateway = start(body, implicit_tls=True, **how)
        gateway.behind = server
        return gateway
    return go


# -- certificates and names

def test_the_name_asked_for_chooses_the_certificate(tls_gateway, authority):
    first = authority.certificate("mx.example.com", kind="rsa")
    second = authority.certificate("mail.example.org", kind="ecdsa")
    wild = authority.certificate("*.example.net", kind="ecdsa")
    gateway = tls_gateway(first, second, wild)
    assert shown(gateway, "mx.example.com") == der(first)
    assert shown(gateway, "mail.example.org") == der(second)
    assert shown(gateway, "MAIL.example.ORG") == der(second)
    assert shown(gateway, "any.example.net") == der(wild)
    assert shown(gateway, "unknown.example") == der(first), "the first is the default"
    assert shown(gateway) == der(first), "the first is the default without SNI"


def test_rsa_and_ecdsa_of_one_name_serve_their_clients(tls_gateway, authority):
    rsa = authority.certificate("mx.example.com", kind="rsa")
    ecdsa = authority.certificate("mx.example.com", kind="ecdsa")
    gateway = tls_gateway(rsa, ecdsa)
    for cert, ciphers in ((rsa, "ECDHE+aRSA"), (ecdsa, "ECDHE+aECDSA")):
        context = client_context(maximum_version=ssl.TLSVersion.TLSv1_2)
        context.set_ciphers(ciphers)
        assert shown(gateway, "mx.example.com", context) == der(cert)


def test_a_client_that_verifies_is_content(tls_gateway, authority):
    gateway = tls_gateway(authority.certificate("mx.example.com"))
    with Session(gateway.port) as session:
        session.ehlo()
        session.starttls(client_context(authority.ca), "mx.example.com")
        session.ehlo()
        session.envelope("user@example.com")
        assert session.data(MESSAGE).code == 250


def test_renewed_files_are_picked_up_and_no_session_is_dropped(tls_gateway, authority, own_dir):
    own = Authority(own_dir / "renewed")
    old = own.certificate("mx.example.com", kind="ecdsa", file="live")
    before = der(old)
    gateway = tls_gateway(old)
    with Session(gateway.tls_port, tls=client_context()) as session:
        session.ehlo()
        session.expect("MAIL FROM:<a@client.example>", 250)
        renewed = own.certificate("mx.example.com", kind="ecdsa", file="live")
        gateway.reload()
        assert wait_until(lambda: shown(gateway) == der(renewed)), "the renewed certificate is not shown"
        assert before != der(renewed)
        session.expect("RCPT TO:<user@example.com>", 250)
        assert session.data(MESSAGE).code == 250


def test_a_broken_key_file_on_reload_changes_nothing(tls_gateway, own_dir):
    own = Authority(own_dir / "broken")
    cert = own.certificate("mx.example.com", kind="ecdsa", file="live")
    gateway = tls_gateway(cert)
    good = der(cert)
    shutil.copy(own.certificate("other.example.com", kind="ecdsa", file="other").key, cert.key)
    gateway.reload()
    assert gateway.wait_log(os.path.basename(cert.key)) or gateway.wait_log("certificate")
    assert shown(gateway) == good


# -- versions, ALPN, resumption

@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=["1.0", "1.1"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_versions_are_refused(gateway, version):
    context = client_context(minimum_version=version, maximum_version=version)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Session(gateway.tls_port, tls=context)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_current_versions_are_served(gateway, behind, version):
    context = client_context(minimum_version=version, maximum_version=version)
    assert send(gateway.tls_port, MESSAGE, "user@example.com", tls=context).code == 250


def test_weak_ciphers_are_refused(gateway):
    for ciphers in ("AES128-SHA", "ECDHE+AES+SHA1", "AES128-GCM-SHA256"):
        context = client_context(maximum_version=ssl.TLSVersion.TLSv1_2)
        context.set_ciphers(ciphers)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            Session(gateway.tls_port, tls=context)


@pytest.mark.parametrize("words", [["http/1.1"], ["h2", "http/1.1"], ["imap"], ["ftp"]])
def test_another_protocols_alpn_is_refused(gateway, words):
    context = client_context()
    context.set_alpn_protocols(words)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Session(gateway.tls_port, tls=context)


def test_sessions_are_resumed_by_every_proxy(gateway):
    context = client_context(maximum_version=ssl.TLSVersion.TLSv1_2)
    with Session(gateway.tls_port, tls=context) as session:
        ticket = session.socket.session
    for _ in range(12):
        with socket.create_connection(("127.0.0.1", gateway.tls_port), timeout=5) as raw:
            with context.wrap_socket(raw, session=ticket) as tls:
                assert tls.session_reused


# -- clients that do not speak TLS

def test_plaintext_on_the_tls_port_ends_that_session_alone(gateway):
    with Session(gateway.tls_port, greeting=False) as session:
        session.send("EHLO client.example\r\n" * 50)
        assert not session.rest().startswith(b"220")
    assert gateway.answers()


def test_a_silent_client_on_the_tls_port_is_dropped(tls_gateway, authority):
    gateway = tls_gateway(authority.certificate("mx.example.com"), changes={"timeouts": {"handshake": "1s"}})
    with Session(gateway.tls_port, greeting=False, timeout=5) as session:
        assert session.rest() == b""


def test_mail_before_tls_is_refused_where_tls_is_required(tls_gateway, authority):
    gateway = tls_gateway(authority.certificate("mx.example.com"), listen="require_tls")
    with Session(gateway.port) as session:
        session.ehlo()
        reply = session.expect("MAIL FROM:<a@client.example>", 530)
        assert reply.enhanced == "5.7.0"
        session.starttls()
        session.ehlo()
        session.envelope("user@example.com")
        assert session.data(MESSAGE).code == 250


def test_what_was_sent_over_tls_says_so(gateway, behind):
    assert send(gateway.tls_port, MESSAGE, "user@example.com", tls=client_context()).code == 250
    received = behind.messages[0].content.partition(b"Subject:")[0]
    assert b"ESMTPS" in received and b"TLS" in received


# -- the server behind's certificate, with tls verify

def verified(start, new_backend, authority, cert):
    server = new_backend(context=server_context(cert))
    body = backend("behind", '%d tls verify "behind.example.com"' % server.port) + domains("behind", "example.com")
    gateway = start(body, changes={"tls": {"ca_file": '"%s"' % authority.ca}})
    return send(gateway.port, MESSAGE, "user@example.com"), server


def test_a_server_behind_with_a_foreign_certificate_gets_nothing(start, new_backend, authority, own_dir):
    told, server = verified(start, new_backend, authority, Authority(own_dir / "foreign").certificate("behind.example.com"))
    assert 400 <= told.code <= 499 and "MAIL" not in server.verbs()


def test_a_server_behind_with_another_name_gets_nothing(start, new_backend, authority):
    told, server = verified(start, new_backend, authority, authority.certificate("other.example.com"))
    assert 400 <= told.code <= 499 and "MAIL" not in server.verbs()


def test_a_server_behind_with_an_expired_certificate_gets_nothing(start, new_backend, authority):
    expired = authority.certificate("behind.example.com", file="expired", days=-1)
    told, server = verified(start, new_backend, authority, expired)
    assert 400 <= told.code <= 499 and "MAIL" not in server.verbs()


def test_a_server_behind_with_implicit_tls_gets_mail(start, new_backend, authority):
    server = new_backend(context=server_context(authority.certificate("behind.example.com")), implicit_tls=True)
    body = 'backend behind {\n  smtps "127.0.0.1:%d" tls required\n  recipient_check off\n  probe off\n}\n' % server.port
    gateway = start(body + domains("behind", "example.com"))
    assert send(gateway.port, MESSAGE, "user@example.com").code == 250
    assert [message.tls for message in server.messages] == [True]
