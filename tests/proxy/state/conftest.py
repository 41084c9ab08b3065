# SPDX-License-Identifier: ISC
"""Redis as a proxy asks it."""
import pytest

from lab.redis_client import Client


@pytest.fixture
def client(own_dir):
    opened = []

    def new_client(**settings):
        opened.append(Client(own_dir, **settings))
        return opened[-1]

    yield new_client
    for one in opened:
        if one.popen.poll() is None:
            one.close()
