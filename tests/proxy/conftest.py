# SPDX-License-Identifier: ISC
"""Mailboxes to be read: a Dovecot that has them, and a Gatepost in front of it."""
import pytest

from lab import needs, process
from lab.dovecot import Dovecot
from lab.gatepost import Gatepost, backend, certificate


@pytest.fixture(scope="module")
def mailboxes(run_dir, authority, request):
    """A Dovecot of the suite's own, filled with the suite's MAILS: {address: messages}; DOVECOT are settings of it."""
    if not needs.IS_ROOT:
        pytest.skip("needs root: a Dovecot of its own")
    folder = run_dir / (request.module.__name__ + "-mailboxes")
    folder.mkdir()
    server = Dovecot(folder, str(folder / "mail"), authority.certificate("behind.example.com", "localhost"),
                     getattr(request.module, "DOVECOT", ""))
    for address, messages in getattr(request.module, "MAILS", {}).items():
        server.fill(address, messages)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(scope="module")
def certified(authority):
    """Our certificate, as a sentence of the configuration."""
    return certificate(authority.certificate("mx.example.com", "localhost"))


@pytest.fixture(scope="module")
def site(run_dir, mailboxes, certified, request):
    """One Gatepost for a whole suite, in front of the mailboxes; the suite's RULES, CHANGES and POP3 are for it."""
    module = request.module
    folder = run_dir / module.__name__
    folder.mkdir()
    body = certified + backend("behind", pop3=["%d tls none" % mailboxes.pop3_port]) + getattr(module, "RULES", "")
    gateway = Gatepost(folder, body, changes=getattr(module, "CHANGES", None), implicit_tls=True,
                       pop3="backend behind  " + getattr(module, "POP3", ""))
    try:
        gateway.start()
        assert process.wait_until(lambda: "gatepost-release ready" in gateway.log() and "keeper ready" in gateway.log(), 20)
        yield gateway
    finally:
        assert gateway.stop() in (0, None), gateway.log()[-4000:]


@pytest.fixture
def no_proxy_dies(site):
    proxies = site.pids("gatepost-proxy")
    yield
    assert site.pids("gatepost-proxy") == proxies, "a proxy died"
