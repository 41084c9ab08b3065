# SPDX-License-Identifier: ISC
"""Servers whose packages cannot be installed beside others: tests/lab/unpack has put them below build/beside."""
import glob
import os
import re
import shutil
import subprocess

import pytest

from lab import needs


def unpacked(name):
    """The folder that a server's packages are unpacked in."""
    folder = needs.ROOT / "build" / "beside" / name
    if not (folder / "packages").exists():
        pytest.skip("no %s below build/beside: make deps unpacks it there" % name)
    return str(folder)


class Server:
    """One of them, whose `process` listens on `port`; `prepare` makes what it needs before."""

    def start(self):
        self.prepare()
        self.process.start()
        self.process.wait_port(self.port)
        return self

    def stop(self):
        self.process.stop()


def library_path(folder):
    """Where programs find the libraries that were unpacked with them."""
    return {"LD_LIBRARY_PATH": ":".join(glob.glob(folder + "/usr/lib/*-linux-gnu") + [folder + "/usr/lib"])}


def make_root(folder, root):
    """Makes `root` from what is unpacked in `folder`, so that programs can take it for "/": with the libraries of this machine."""
    shutil.copytree(folder, root, symlinks=True)
    found = subprocess.run(["ldd", *_programs(folder)], capture_output=True, text=True, env=dict(os.environ, **library_path(folder))).stdout
    for library in set(re.findall(r"(/\S+) \(0x", found)):
        if not library.startswith(folder):
            os.makedirs(os.path.dirname(root + library), exist_ok=True)
            shutil.copy(library, root + library)
    os.makedirs(root + "/dev", exist_ok=True)
    for name, minor in (("null", 3), ("urandom", 9)):
        os.mknod("%s/dev/%s" % (root, name), 0o20666, os.makedev(1, minor))
        os.chmod("%s/dev/%s" % (root, name), 0o666)


def _programs(folder):
    """All that is linked: programs and libraries."""
    for path in glob.iglob(folder + "/usr/**", recursive=True):
        if os.path.isfile(path) and not os.path.islink(path):
            with open(path, "rb") as f:
                if f.read(4) == b"\x7fELF":
                    yield path


def name_users(root, *names):
    """Users that programs in such a root ask for, each with a group of his name: {name: uid}, beyond those of this machine."""
    numbers = {name: 64100 + n for n, name in enumerate(names)}
    rows = dict(numbers, root=0)
    _write(root + "/etc/passwd", "".join("%s:x:%d:%d::/:/bin/false\n" % (name, uid, uid) for name, uid in rows.items()))
    _write(root + "/etc/group", "".join("%s:x:%d:\n" % row for row in rows.items()))
    return numbers


def make_folder(root, path, owner=0, mode=0o755):
    os.makedirs(root + path, exist_ok=True)
    os.chown(root + path, owner, owner)
    os.chmod(root + path, mode)


def _write(path, text):
    with open(path, "w") as f:
        f.write(text)
