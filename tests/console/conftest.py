# SPDX-License-Identifier: ISC
"""The real servers that are probed, for all suites of it."""
import pytest

from lab.probed import Servers


@pytest.fixture(scope="session")
def real_server(run_dir, authority):
    """real_server("courier")"""
    servers = Servers(run_dir / "probed", authority)
    yield servers
    servers.stop()
