# SPDX-License-Identifier: ISC
"""What the suites of mail servers that ask have in common."""
import os

import pytest


@pytest.fixture
def mark():
    return "mark-" + os.urandom(8).hex()
