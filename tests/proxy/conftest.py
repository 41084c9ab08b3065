# SPDX-License-Identifier: ISC
"""Mailboxes to be read: a Dovecot that has them, and a Gatepost in front of it; the same mailboxes in three servers, and one Gatepost in front of
all, where whose domain is NAME.example is in the server NAME; and a Redis."""
import os
from collections import namedtuple

import pytest

from lab import needs, samples
from lab.courier import Courier
from lab.cyrus import Cyrus
from lab.dovecot import Dovecot
from lab.gatepost import READY, Gatepost, backend, certificate, ready_with, running
from lab.ports import free_port
from lab.redis import Redis

SERVERS = ("dovecot", "courier", "cyrus")
# With sanitizers, which are slow, one real server stands behind: what differs in front of the others is told by the run without.
WANTED = SERVERS[:1] if needs.SANITIZED and "EVERY_SERVER" not in os.environ else SERVERS
Front = namedtuple("Front", "server gateway name")


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


# ---- three servers


@pytest.fixture(scope="module")
def real_servers(run_dir, authority, request):
    """{name: server, or why it is not there}: each has the suite's MAILBOXES, {local part: messages}."""
    needs.to_be_root("servers of its own")
    folder = run_dir / (request.module.__name__ + "-servers")
    folder.mkdir()
    makers = {"dovecot": lambda: Dovecot(folder, str(folder / "mail"), authority.certificate("behind.example.com", "localhost"),
                                        getattr(request.module, "DOVECOT", "")),
              "courier": lambda: Courier(folder), "cyrus": lambda: Cyrus(folder)}
    servers = {}
    try:
        for name, make in makers.items():
            try:
                servers[name] = make() if name in WANTED else "one server is enough here"
            except pytest.skip.Exception as why:
                servers[name] = str(why)
            if isinstance(servers[name], str):
                continue
            for local, messages in request.module.MAILBOXES.items():
                servers[name].fill("%s@%s.example" % (local, name), messages)
            servers[name].start()
        yield servers
    finally:
        for server in servers.values():
            if not isinstance(server, str):
                server.stop()


@pytest.fixture(scope="module")
def in_front(run_dir, real_servers, certified, request):
    """The Gatepost; the suite's RULES and CHANGES are for it, and it knows EICAR where they switch the antivirus on."""
    module = request.module
    folder = run_dir / (module.__name__ + "-front")
    folder.mkdir()
    nowhere = free_port()  # a domain's mail has to go somewhere
    there = {name: server for name, server in real_servers.items() if not isinstance(server, str)}
    body = certified + getattr(module, "RULES", "") + "".join(
        backend(name, nowhere, pop3=["%d tls none" % server.pop3_port], imap=["%d tls none" % server.imap_port])
        + 'domain "%s.example" { backend %s }\n' % (name, name)
        for name, server in there.items())
    changes = samples.with_signatures(getattr(module, "CHANGES", {}), folder)
    gateway = Gatepost(folder, body, changes=changes, implicit_tls=True, pop3="backend dovecot", imap="backend dovecot")
    with running(gateway, ready=ready_with(changes)):
        yield gateway


@pytest.fixture(scope="module")
def front_of(real_servers, in_front):
    """front_of(name): one of the servers, and the gateway before it."""
    def of(name):
        server = real_servers[name]
        if isinstance(server, str):
            pytest.skip(server)
        return Front(server, in_front, name)
    return of


def pytest_collection_modifyitems(config, items):
    others = {item for item in items if hasattr(item, "callspec") and item.callspec.params.get("front", SERVERS[0]) not in WANTED}
    if others:
        config.hook.pytest_deselected(items=list(others))
        items[:] = [item for item in items if item not in others]


@pytest.fixture(params=SERVERS)
def front(request, front_of):
    return front_of(request.param)
