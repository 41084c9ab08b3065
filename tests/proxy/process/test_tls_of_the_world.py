# SPDX-License-Identifier: ISC
"""TLS of those who cannot do better: suites and versions that are taken where the other way is plaintext, and what is told of
handshakes that fail."""
import re
import socket
import ssl

import pytest

from lab.backend import server_context
from lab.gatepost import Gatepost, backend, certificate, domains, running
from lab.process import wait_until
from lab.smtp_client import Session, client_context, send

MESSAGE = b"Subject: old\r\n\r\nhello\r\n"
CBC = "ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA256"
V = ssl.TLSVersion
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def client(version, ciphers):
    context = client_context(minimum_version=version, maximum_version=version)
    context.set_ciphers(ciphers + ":@SECLEVEL=0")
    return context


@pytest.fixture(scope="module")
def gateway(run_dir, authority, shared_backend):
    """With what nobody has to configure."""
    body = certificate(authority.certificate("mx.example.com", "localhost")) + backend("behind", shared_backend.port, pop3=[1]) + domains("behind", "example.com")
    with running(Gatepost(run_dir / "tls-of-the-world", body, implicit_tls=True, pop3="backend behind")) as it:
        yield it


def secured(port, context):
    """The suite of a session that STARTTLS has secured; None: it could not."""
    with Session(port) as session:
        session.ehlo()
        try:
            session.starttls(context, "mx.example.com")
        except (ssl.SSLError, ConnectionError):
            return None
        session.ehlo()
        return session.socket.cipher()[0]


# -- who is taken

def test_suites_without_gcm_are_taken_where_the_other_way_is_plaintext(gateway):
    assert secured(gateway.port, client(V.TLSv1_2, CBC)) in CBC.split(":")


def test_a_client_that_can_do_better_does(gateway):
    assert "GCM" in secured(gateway.port, client(V.TLSv1_2, CBC + ":ECDHE-RSA-AES128-GCM-SHA256"))
    assert secured(gateway.port, client_context()).startswith("TLS_")


def test_no_password_goes_over_them(gateway):
    for port in (gateway.tls_port, gateway.pop3s_port):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            Session(port, tls=client(V.TLSv1_2, CBC), greeting=False)
    with socket.create_connection(("127.0.0.1", gateway.pop3_port), timeout=5) as plain:
        plain.recv(1000)
        plain.sendall(b"STLS\r\n")
        assert plain.recv(1000).startswith(b"+OK")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            client(V.TLSv1_2, CBC).wrap_socket(plain, server_hostname="localhost")


def test_who_must_encrypt_must_do_it_well(start, new_backend, authority):
    body = certificate(authority.certificate("mx.example.com")) + backend("behind", new_backend().port) + domains("behind", "example.com")
    gateway = start(body, listen="require_tls")
    assert secured(gateway.port, client(V.TLSv1_2, CBC)) is None
    assert secured(gateway.port, client_context())


@pytest.mark.parametrize("words, taken", [
    ({"ciphers": '"ECDHE-RSA-AES128-GCM-SHA256"'}, {"cbc": False, "1.0": False}),
    ({"ciphers_if_plain": '""'}, {"cbc": False, "1.0": False}),
    ({"ciphers": '"ECDHE-RSA-AES256-SHA"'}, {"cbc": True, "1.0": False}),
    ({"minimum": '"1.0"'}, {"cbc": True, "1.0": True}),
], ids=["chosen suites", "none", "chosen old suites", "old versions"])
def test_what_is_configured_holds(start, new_backend, authority, words, taken):
    body = certificate(authority.certificate("mx.example.com")) + backend("behind", new_backend().port) + domains("behind", "example.com")
    gateway = start(body, changes={"tls": words})
    assert bool(secured(gateway.port, client(V.TLSv1_2, CBC))) == taken["cbc"]
    assert bool(secured(gateway.port, client(V.TLSv1, "ECDHE-RSA-AES256-SHA"))) == taken["1.0"]


def test_a_server_behind_of_old_is_spoken_to_in_tls_when_asked_for(start, new_backend, authority):
    context = server_context(authority.certificate("behind.example.com"))
    context.minimum_version = context.maximum_version = V.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    server = new_backend(context=context, extensions=("8BITMIME",))
    body = backend("behind", "%d tls opportunistic" % server.port) + domains("behind", "example.com")
    for changes, secure in (({}, False), ({"tls": {"minimum": '"1.0"'}}, True)):
        server.forget()
        gateway = start(body, changes=changes)
        assert send(gateway.port, MESSAGE, "user@example.com").code == 250
        assert [message.tls for message in server.messages] == [secure]
        gateway.stop()


# -- what is told of failures

def failed(gateway, number):
    return wait_until(lambda: next((line for line in gateway.log().splitlines()[number:] if "TLS failed" in line), None))


def refusal(gateway, context, name="mx.example.com"):
    """What is logged of a client that offers this."""
    before = len(gateway.log().splitlines())
    with Session(gateway.port, source="127.0.0.9") as session:
        session.ehlo()
        with pytest.raises((ssl.SSLError, ConnectionError)):
            session.starttls(context, name)
    line = failed(gateway, before)
    assert line and " client=127.0.0.9 " in line and "listener=smtp" in line
    assert gateway.log().count(line.split(" TLS failed")[0].split()[-1] + " TLS failed") == 1, "more than once"
    return line


def test_no_shared_cipher_tells_what_the_client_has(gateway):
    line = refusal(gateway, client(V.TLSv1_2, "AES128-SHA:AES256-GCM-SHA384"))
    assert "no shared cipher" in line and "version 1.2 at most; name mx.example.com; 2 ciphers: " in line
    assert "AES128-SHA" in line and "AES256-GCM-SHA384" in line


def test_a_version_that_is_too_old_is_told(gateway):
    line = refusal(gateway, client(V.TLSv1, "ALL"))
    assert "unsupported protocol" in line and "version 1.0 at most" in line
    assert line.count("-SHA") <= 12 and " ..." in line, "a long list is cut"


def test_a_name_cannot_spoil_the_log(gateway):
    line = refusal(gateway, client(V.TLSv1, "AES128-SHA"), "a-b.example")
    assert "name a-b.example;" in line
    assert not re.search(r"[^ -~]", line)


def test_a_record_tells_it_too(gateway):
    refusal(gateway, client(V.TLSv1_2, "AES128-SHA"))
    records = wait_until(lambda: [r for r in gateway.decisions() if r["verdict"] == "failed" and "1 cipher: AES128-SHA" in r.get("reason", "")])
    assert records and records[0]["stage"] == "tls" and records[0]["client"] == "127.0.0.9"


def test_who_hangs_up_in_the_handshake_is_told_of(gateway):
    before = len(gateway.log().splitlines())
    with Session(gateway.port, source="127.0.0.9") as session:
        session.ehlo()
        session.expect("STARTTLS", 220)
    assert "client=127.0.0.9" in failed(gateway, before)
