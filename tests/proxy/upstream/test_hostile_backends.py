# SPDX-License-Identifier: ISC
"""Servers behind that answer anything to anything: a sender hears 250 only for what such a server took, a temporary
refusal otherwise (the fault is on our side), soon; and no proxy dies of it."""
import time

import pytest

from lab import east, needs
from lab.backend import Backend, server_context
from lab.gatepost import Gatepost, backend, domains
from lab.smtp_client import send

FOLDER = needs.CORPORA / "smtp" / "east-fake-server" / "testcases" / "smtp"
SCRIPTS = sorted(FOLDER.rglob("*.ron"))
NAMES = ["/".join(path.relative_to(FOLDER).with_suffix("").parts) for path in SCRIPTS]
pytestmark = pytest.mark.skipif(not SCRIPTS, reason="corpus smtp/east-fake-server is not here")


@pytest.fixture(scope="module")
def world(run_dir, authority):
    """One gateway, and behind it a server for each script, each with a domain of its own."""
    if not needs.IS_ROOT:
        pytest.skip("needs root: Gatepost's parent")
    context = server_context(authority.certificate("behind.example.com"))
    body, servers = "", []
    for number, path in enumerate(SCRIPTS):
        script, extensions, offers_tls = east.load(path)
        servers.append(Backend(script, extensions, context if offers_tls else None).start())
        body += backend("behind_%d" % number, "%d tls opportunistic" % servers[-1].port)
        body += domains("behind_%d" % number, "case-%d.example" % number)
    folder = run_dir / "hostile-backends"
    folder.mkdir()
    gateway = Gatepost(folder, body)
    try:
        yield gateway.start(), servers
    finally:
        gateway.stop()
        for server in servers:
            server.stop()


@pytest.mark.parametrize("number", range(len(SCRIPTS)), ids=NAMES)
def test_hostile_backend(number, world):
    gateway, servers = world
    proxies = gateway.pids("gatepost-proxy")
    began = time.monotonic()
    told = send(gateway.port, b"Subject: x\r\n\r\nhello\r\n", "user@case-%d.example" % number, timeout=30)
    assert time.monotonic() - began < 25
    assert told.code == 250 or 400 <= told.code <= 499, told
    assert len(servers[number].messages) == (1 if told.code == 250 else 0)
    assert gateway.pids("gatepost-proxy") == proxies, "a proxy died"
