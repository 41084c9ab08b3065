# SPDX-License-Identifier: ISC
"""The packages: what is in them, what lintian says, and that no older one is put in the place of a newer one's databases."""
import os
import re
import shutil
import sqlite3
import subprocess

import pytest

from lab import needs, packages


@pytest.fixture(scope="module")
def made(run_dir):
    folder = run_dir / "packages"
    folder.mkdir()
    return packages.make(folder)


@pytest.fixture(scope="module")
def unpacked(made, run_dir):
    """{name: folder} of what each would install."""
    return {name: packages.extract(path, run_dir / ("unpacked-" + name)) for name, path in made.items()}


@pytest.fixture(scope="module")
def scripts(made, run_dir):
    return packages.control(made["gatepost"], run_dir / "scripts")


def files(package):
    return {path for path, mode in packages.contents(package).items() if not path.endswith("/")}


def makefile_list(name):
    text = (needs.ROOT / "Makefile").read_text()
    return set(re.search(r"^%s := ((?:.*\\\n)*.*)" % name, text, re.M).group(1).replace("\\\n", " ").split())


def test_both_say_the_version_that_the_programs_say(made, unpacked):
    said = subprocess.run([str(unpacked["gatepost"] / "usr/sbin/gatepost"), "-v"], capture_output=True, text=True).stdout.split()[1]
    for package in made.values():
        assert packages.field(package, "Version").partition("-")[0] == said


def test_what_links_libclamav_is_in_the_package_under_the_gpl_alone(made, unpacked):
    assert not [path for path in files(made["gatepost"]) if path.endswith("gatepost-av")]
    assert "libclamav" not in packages.field(made["gatepost"], "Depends")
    assert "/usr/libexec/gatepost/gatepost-av" in files(made["gatepost-av"])
    assert "libclamav" in packages.field(made["gatepost-av"], "Depends")
    text = (unpacked["gatepost-av"] / "usr/share/doc/gatepost-av/copyright").read_text()
    assert re.search(r"^License: GPL-2$", text.split("Files:")[0], re.M)
    assert "License: GPL-2" not in (unpacked["gatepost"] / "usr/share/doc/gatepost/copyright").read_text()


def test_the_antivirus_fits_its_gateway_exactly(made):
    assert "gatepost (= %s)" % packages.field(made["gatepost"], "Version") in packages.field(made["gatepost-av"], "Depends")


def test_programs_find_each_other_below_usr(unpacked):
    assert b"/usr/libexec/gatepost" in (unpacked["gatepost"] / "usr/sbin/gatepost").read_bytes()
    assert b"/usr/local" not in (unpacked["gatepost"] / "usr/sbin/gatepost").read_bytes()
    assert "ExecStart=/usr/sbin/gatepost -F" in (unpacked["gatepost"] / "lib/systemd/system/gatepost.service").read_text()


def test_all_in_etc_is_the_administrators(made, scripts):
    listed = set((scripts / "conffiles").read_text().split())
    assert listed == {path for path in files(made["gatepost"]) if path.startswith("/etc/")}
    shipped = {"/etc/gatepost/" + path.name for pattern in ("*.conf", "*.txt") for path in (needs.ROOT / "etc").glob(pattern)}
    assert shipped <= listed


def test_people_find_manual_completion_and_docs(made):
    wanted = {"/usr/share/man/man8/gatepost.8.gz", "/usr/share/man/man5/gatepost.conf.5.gz", "/usr/share/man/man1/gatepostctl.1.gz",
              "/usr/share/bash-completion/completions/gatepostctl", "/usr/share/zsh/vendor-completions/_gatepostctl",
              "/usr/share/doc/gatepost/README.md.gz", "/usr/share/doc/gatepost/copyright", "/usr/share/doc/gatepost/changelog.gz"}
    assert wanted <= files(made["gatepost"])


def test_nothing_is_started_before_there_is_a_configuration(scripts):
    text = (scripts / "postinst").read_text()
    assert "deb-systemd-invoke start" not in text and "deb-systemd-invoke $_dh_action" not in text
    assert re.search(r"if deb-systemd-helper --quiet was-enabled 'gatepost.service'", text)


@pytest.mark.skipif(not shutil.which("lintian"), reason="no lintian")
def test_lintian_is_content(made):
    done = subprocess.run(["lintian", "--allow-root", "--info", "--fail-on", "error,warning", *map(str, made.values())], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("apparmor_parser"), reason="no apparmor_parser")
def test_the_profile_for_apparmor_is_understood(unpacked):
    profile = unpacked["gatepost"] / "etc/apparmor.d/usr.sbin.gatepost"
    done = subprocess.run(["apparmor_parser", "--skip-kernel-load", "--skip-cache", str(profile)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "complain" in profile.read_text()


def refuses(scripts, folder, *words):
    """preinst, with this folder as /var/lib: (exit status, what it said)."""
    command = 'mount --bind "$1" /var/lib && shift && exec sh "$@"'
    done = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c", command, "sh", str(folder), str(scripts / "preinst"), *words],
                          capture_output=True, text=True)
    return done.returncode, done.stderr


def forms():
    return re.findall(r'^FORM\(\w+, "(.*?)", (\d+)\)', (needs.ROOT / "keeper" / "forms.def").read_text(), re.M)


@needs.root
@pytest.mark.parametrize("file, form", forms())
def test_an_older_version_is_not_put_in_the_place_of_a_newer_one(scripts, own_dir, file, form):
    path = own_dir / "gatepost" / "keeper" / file
    path.parent.mkdir(parents=True)
    for written, refused in ((int(form), False), (int(form) + 1, True)):
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA user_version = %d" % written)
        db.close()
        status, said = refuses(scripts, own_dir, "upgrade", "9.0-1", "0.1.0-1")
        assert (status != 0) == refused and ("was written by a newer Gatepost" in said) == refused, said
        assert not refused or str(path.relative_to(own_dir)) in said


@needs.root
def test_no_database_is_in_nobodys_way(scripts, own_dir):
    assert refuses(scripts, own_dir, "install") == (0, "")


def test_what_the_packages_are_built_with_is_what_make_deps_installs():
    text = (needs.ROOT / "debian" / "control").read_text()
    wanted = set(re.findall(r"^ ([\w.+-]+)", text.split("Build-Depends:")[1].split("Standards-Version")[0], re.M))
    assert wanted - {"debhelper-compat", "dh-apparmor"} <= makefile_list("PACKAGES")
    assert not makefile_list("PACKAGES") & makefile_list("TEST_PACKAGES")


def test_deps_says_nothing_and_asks_no_apt_when_all_is_there(own_dir):
    asked = own_dir / "asked"
    for name in ("apt-get", "apt"):
        (own_dir / name).write_text('#!/bin/sh\necho "$0" >"%s"\nexit 1\n' % asked)
        os.chmod(own_dir / name, 0o755)
    deps = [str(needs.ROOT / "tests" / "lab" / "deps")]
    there = {**os.environ, "PATH": "%s:%s" % (own_dir, os.environ["PATH"])}
    done = subprocess.run([*deps, "dpkg", "coreutils"], env=there, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr, asked.exists()) == (0, "", "", False)
    subprocess.run([*deps, "no-such-package-here"], env=there, capture_output=True)
    assert asked.exists() or not needs.IS_ROOT


def test_the_source_archive_has_the_same_octets_each_time(own_dir):
    if subprocess.run(["git", "-C", str(needs.ROOT), "rev-parse", "HEAD"], capture_output=True).returncode:
        pytest.skip("needs git")
    sums = set()
    for _ in range(2):
        done = subprocess.run(["make", "-s", "-C", str(needs.ROOT), "dist", "DIST=%s" % (own_dir / "archive")], capture_output=True, text=True, check=True)
        sums.add(done.stdout.split()[0])
    assert len(sums) == 1
