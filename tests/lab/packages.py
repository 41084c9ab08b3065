# SPDX-License-Identifier: ISC
"""The Debian packages of this tree, made of the programs that were built for the tests: only what has the prefix or the version in it is
made anew."""
import os
import re
import shutil
import subprocess

import pytest

from lab import needs

NAMES = ("gatepost", "gatepost-av")
NEWER = "0.1.1-1"  # than what is made of this tree


def _tree(folder):
    """What belongs to the source, with the times of its files, and the objects of it."""
    listed = subprocess.run(["git", "-C", str(needs.ROOT), "ls-files", "-z", "-co", "--exclude-standard"], capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("needs git's list of what belongs to the source")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (needs.ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(needs.ROOT / name, folder / name)
    shutil.copytree(needs.BUILD, folder / "build" / "release", ignore=shutil.ignore_patterns("tests", "fuzz"))


def of_version(folder, version):
    """The changelog and the Makefile tell it."""
    upstream = version.partition("-")[0]
    for name, pattern, text in (("debian/changelog", r"\(.*?\)", "(%s)" % version), ("Makefile", r"VERSION  := .*", "VERSION  := " + upstream)):
        (folder / name).write_text(re.sub(pattern, text, (folder / name).read_text(), count=1))


def make(folder, version=None):
    """{name: path} of the packages, in `folder`."""
    if needs.SANITIZED or shutil.which("dh_apparmor") is None:
        pytest.skip("packages are made of the release build, with debhelper")
    source = folder / "source"
    source.mkdir()
    _tree(source)
    if version:
        of_version(source, version)
    environment = {**os.environ, "DEB_BUILD_OPTIONS": "noautodbgsym parallel=2"}
    done = subprocess.run(["dpkg-buildpackage", "-us", "-uc", "-b", "-nc"], cwd=source, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    found = {name: next(folder.glob(name + "_*.deb")) for name in NAMES}
    shutil.rmtree(source)
    return found


def field(package, name):
    return _said("--field", package, name).strip()


def contents(package):
    """{path: its mode, as ls has it}"""
    rows = (line.split() for line in _said("--contents", package).splitlines())
    return {row[5][1:]: row[0] for row in rows}


def control(package, folder):
    """The scripts and lists for dpkg, in `folder`."""
    _said("--control", package, folder)
    return folder


def extract(package, folder):
    _said("--extract", package, folder)
    return folder


def _said(*words):
    return subprocess.run(["dpkg-deb", *map(str, words)], capture_output=True, text=True, check=True).stdout
