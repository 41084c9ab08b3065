# SPDX-License-Identifier: ISC
"""Every suite of unit tests passes."""
import os
import subprocess

import pytest

from lab import needs

SUITES = sorted(path for path in needs.BUILD.glob("tests/test_*") if not path.suffix and os.access(path, os.X_OK))


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.name)
def test_unit(suite):
    done = subprocess.run([suite], cwd=needs.ROOT, env=dict(os.environ, GATEPOST_CORPORA=str(needs.CORPORA)),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=300)
    assert done.returncode == 0, "%s ended with %d\n%s" % (suite.name, done.returncode, done.stdout[-20000:])


def test_there_are_unit_tests():
    assert SUITES, "nothing in %s/tests: make units" % needs.BUILD
