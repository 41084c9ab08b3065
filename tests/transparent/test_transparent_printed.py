# SPDX-License-Identifier: ISC
"""What gatepostctl prints is all that a gateway's host has to be told for clients to be led, and looks right to its own check."""
import pytest

from lab import samples
from lab.gatepost import domains, running
from lab.namespaces import Bridge
from lab.process import wait_until
from lab.smtp_client import Session
from lab.transparent import SMTP, Server, Transparent

USER = "user@example.com"
BODY = "backend behind { smtp original  source client  recipient_check off }\n" + domains("behind", "example.com")


@pytest.fixture
def gateway(network, own_dir):
    server = Server(own_dir / "server", network.servers, network.server_address)
    gateway = Transparent(own_dir, network, BODY, {"smtp": ""})
    gateway.server = server.start()
    with running(gateway, [server]):
        yield gateway


def forget(host):
    """Nothing is told to the host any more but its addresses."""
    host.nft("flush ruleset")
    for family in ("-4", "-6"):
        host.ip(family, "rule", "del", "fwmark", 1, "lookup", 100)
        host.ip(family, "route", "flush", "table", 100)


def test_the_printed_script_leads_clients(network, gateway):
    host, bridged = network.gateway, ["--bridge", "br0"] if isinstance(network, Bridge) else []
    servers = [word for address in network.server_address.values() for word in ("--servers", address)]
    words = [gateway.build / "gatepostctl", "transparent", "rules", *bridged, *servers, "--config", gateway.file]
    forget(host)
    with network.clients.entered(), Session(SMTP, host=network.server_address[4]) as direct:
        assert "behind.example.com" in direct.greeting.text, "past the gateway"
    host.run("sh", "-e", input=host.run_as_host(*words).stdout)
    checked = host.run_as_host(*words, "--check", check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    for family, own in network.client_address.items():
        with network.clients.entered(), Session(SMTP, host=network.server_address[family]) as session:
            assert "mx.example.com" in session.greeting.text
            session.ehlo()
            session.envelope(USER)
            assert session.data(samples.clean("printed %d" % family)).code == 250
            client = (own, session.socket.getsockname()[1])
        assert wait_until(lambda: client in gateway.server.smtp_clients())
