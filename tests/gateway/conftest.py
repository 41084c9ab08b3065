# SPDX-License-Identifier: ISC
"""What is sent by whom: addresses of the tests' own, one who signs, and name servers that know both."""
import pytest

from lab import needs
from lab.agreement_dns import Addresses, World
from lab.agreement_mails import Signer


@pytest.fixture(scope="module")
def addresses():
    needs.to_be_root("Gatepost's parent, addresses of its own")
    own = Addresses()
    try:
        if not own.net:
            pytest.skip("needs addresses of its own (ip route add local)")
        yield own
    finally:
        own.remove()


@pytest.fixture(scope="module")
def signer():
    pytest.importorskip("dkim", reason="no python3-dkim")
    return Signer()


@pytest.fixture(scope="module")
def world(addresses, signer):
    it = World(addresses, signer.records)
    yield it.start()
    it.stop()
