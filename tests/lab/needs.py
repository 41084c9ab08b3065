# SPDX-License-Identifier: ISC
"""What a test cannot do without; where it is absent, the test is skipped and says why."""
import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("GATEPOST_BUILD", ROOT / "build" / "release"))
CORPORA = pathlib.Path(os.environ.get("GATEPOST_CORPORA", ROOT.parent / "shared" / "corpora"))
CASES = pathlib.Path(os.environ.get("GATEPOST_CASES", ROOT.parent / "shared" / "cases"))
SANITIZED = BUILD.name == "asan"

IS_ROOT = os.geteuid() == 0
root = pytest.mark.skipif(not IS_ROOT, reason="needs root")


def to_be_root(what):
    """For a fixture: only root can have that."""
    if not IS_ROOT:
        pytest.skip("needs root: " + what)


def corpus(*parts):
    """A folder or file of the corpora."""
    path = CORPORA.joinpath(*parts)
    if not path.exists():
        pytest.skip("corpus %s is not here" % "/".join(parts))
    return path


def cases(*parts):
    """A folder or file of the cases: small inputs with the right answer."""
    path = CASES.joinpath(*parts)
    if not path.exists():
        pytest.skip("cases %s are not here" % "/".join(parts))
    return path
