# SPDX-License-Identifier: ISC
"""A bare Debian in a folder, as debootstrap makes it, with a mount namespace of its own for whatever runs in it. It has the network of
this machine, and no systemd that runs."""
import os
import pathlib
import shutil
import subprocess

import pytest

from lab import needs

SUITE = "bookworm"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
INSTALL = ("apt-get", "-y", "-q", "--allow-downgrades", "-o", "Dpkg::Options::=--force-confold", "install")
# Bound over those of the folder for the life of a command, and gone with its namespace.
ENTER = """mount --rbind "$0" "$0" && mount --rbind /proc "$0/proc" && mount --rbind /dev "$0/dev" && mount --bind "$1" "$0/var/cache/apt/archives" || exit 1
tree=$0; shift; exec chroot "$tree" "$@" """


def place():
    """Where the folder as debootstrap made it is kept as an archive, and what apt has fetched; skips where nobody has asked for it."""
    folder = os.environ.get("GATEPOST_DEBOOTSTRAP")
    if not folder:
        pytest.skip("make check-deb installs the packages in a bare Debian")
    needs.to_be_root("a chroot")
    path = needs.ROOT / folder
    (path / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    return path


def _mirrors():
    """Where this machine has its own packages from; empty: debootstrap knows one."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(CODENAME) $(REPO_URI)", "Created-By: Packages"],
                          capture_output=True, text=True, check=True)
    return [line.split()[-1] for line in done.stdout.splitlines() if line.startswith("Debian %s " % SUITE)][:1]


def _make(kept):
    """Once; some minutes. What debootstrap mounts goes with its namespace, also when it fails."""
    tree = kept / "making"
    shutil.rmtree(tree, ignore_errors=True)
    done = subprocess.run(["unshare", "-m", "--propagation", "private", "debootstrap", "--variant=minbase", SUITE, str(tree), *_mirrors()],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    subprocess.run(["tar", "-C", str(tree), "--exclude=./var/cache/apt/archives/*.deb", "-cf", str(kept / "making.tar"), "."], check=True)
    shutil.rmtree(tree)
    (kept / "making.tar").rename(kept / "base.tar")


class BareDebian:
    def __init__(self, folder):
        kept = place()
        if not (kept / "base.tar").exists():
            _make(kept)
        self.root = pathlib.Path(folder)
        self.archives = kept / "archives"
        subprocess.run(["tar", "-C", str(self.root), "-xf", str(kept / "base.tar")], check=True)
        shutil.copy("/etc/resolv.conf", self.root / "etc" / "resolv.conf")
        (self.root / "etc/apt/apt.conf.d/test").write_text('APT::Sandbox::User "root";\nAPT::Keep-Downloaded-Packages "true";\n')
        self.must("apt-get", "-q", "update")
        (self.root / "etc/dpkg/dpkg.cfg.d/test").write_text("force-unsafe-io\n")

    environment = ENVIRONMENT

    def command(self, *words):
        """The process that this starts becomes the program."""
        return ["unshare", "-m", "--propagation", "private", "sh", "-c", ENTER, str(self.root), str(self.archives), *map(str, words)]

    def run(self, *words):
        """(exit status, what it said)"""
        done = subprocess.run(self.command(*words), env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=600)
        return done.returncode, done.stdout

    def must(self, *words):
        status, said = self.run(*words)
        assert status == 0, said[-4000:]
        return said

    def bring(self, *files):
        """The files, in /root; their names there."""
        for file in files:
            shutil.copy(file, self.root / "root")
        return ["/root/" + os.path.basename(file) for file in files]

    def path(self, name):
        return self.root / name.lstrip("/")
