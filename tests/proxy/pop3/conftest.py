# SPDX-License-Identifier: ISC
"""The same mailboxes in three servers, and one Gatepost in front of all: whose domain is NAME.example is in the server NAME."""
from collections import namedtuple

import pytest

from lab import needs, samples
from lab.courier import Courier
from lab.cyrus import Cyrus
from lab.dovecot import Dovecot
from lab.gatepost import READY, Gatepost, backend, running
from lab.ports import free_port

SERVERS = ("dovecot", "courier", "cyrus")
Front = namedtuple("Front", "server gateway name")


@pytest.fixture(scope="module")
def real_servers(run_dir, authority, request):
    """{name: server, or why it is not there}: each has the suite's MAILBOXES, {local part: messages}."""
    needs.to_be_root("servers of its own")
    folder = run_dir / (request.module.__name__ + "-servers")
    folder.mkdir()
    makers = {"dovecot": lambda: Dovecot(folder, str(folder / "mail"), authority.certificate("behind.example.com", "localhost")),
              "courier": lambda: Courier(folder), "cyrus": lambda: Cyrus(folder)}
    servers = {}
    try:
        for name, make in makers.items():
            try:
                servers[name] = make()
            except pytest.skip.Exception as why:
                servers[name] = str(why)
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
        backend(name, nowhere, pop3=["%d tls none" % server.pop3_port]) + 'domain "%s.example" { backend %s }\n' % (name, name)
        for name, server in there.items())
    changes = dict(getattr(module, "CHANGES", {}))
    if "antivirus" in changes:
        changes["antivirus"] = dict(changes["antivirus"], database='"%s"' % samples.write_signatures(folder / "signatures"))
    gateway = Gatepost(folder, body, changes=changes, implicit_tls=True, pop3="backend dovecot")
    with running(gateway, ready=READY + (("scanners ready program=gatepost-av",) if "antivirus" in changes else ())):
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


@pytest.fixture(params=SERVERS)
def front(request, front_of):
    return front_of(request.param)
