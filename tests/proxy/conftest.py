# SPDX-License-Identifier: ISC
"""Mailboxes to be read: a Dovecot that has them, and a Gatepost in front of it; and a Redis."""
import pytest

from lab import needs
from lab.dovecot import Dovecot
from lab.gatepost import READY, Gatepost, backend, certificate, running
from lab.redis import Redis


@pytest.fixture(scope="module")
def mailboxes(run_dir, authority, request):
    """A Dovecot of the suite's own, filled with the suite's MAILS: {address: messages}; DOVECOT are settings of it."""
    needs.to_be_root("a Dovecot of its own")
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
    body = certified + backend("behind", pop3=["%d tls none" % mailboxes.pop3_port]) + getattr(module, "RULES", "")
    gateway = Gatepost(run_dir / module.__name__, body, changes=getattr(module, "CHANGES", None), implicit_tls=True,
                       pop3="backend behind  " + getattr(module, "POP3", ""))
    with running(gateway, ready=READY):
        yield gateway


@pytest.fixture
def redis(own_dir):
    """For one test alone."""
    server = Redis(own_dir).start()
    yield server
    server.stop()


@pytest.fixture
def no_proxy_dies(site):
    proxies = site.pids("gatepost-proxy")
    yield
    assert site.pids("gatepost-proxy") == proxies, "a proxy died"
