# SPDX-License-Identifier: ISC
"""What is made once for all that install packages."""
import pytest

from lab import packages
from lab.bare_debian import place


@pytest.fixture(scope="session")
def made(run_dir):
    """The packages, and those of a next version."""
    place()
    found = []
    for version in (None, packages.NEWER):
        folder = run_dir / ("packages-%s" % version)
        folder.mkdir()
        found.append(packages.make(folder, version))
    return found
