# SPDX-License-Identifier: ISC
"""Networks in which clients know nothing but their server's address, and a Gatepost stands between."""
import contextlib

import pytest

from lab import namespaces


@pytest.fixture(scope="session")
def networks():
    namespaces.to_have_them()


@pytest.fixture(scope="module", params=[namespaces.Network, namespaces.Bridge], ids=["routed", "bridged"])
def network(networks, request):
    with contextlib.closing(request.param()) as it:
        yield it
