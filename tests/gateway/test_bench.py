# SPDX-License-Identifier: ISC
"""bench/run measures two builds, POP3, IMAP and users who send: what it prints, and that its interval is one."""
import os
import re
import shutil
import subprocess
import sys

import pytest

from lab import namespaces, needs

sys.path.append(str(needs.ROOT / "bench"))

from ratios import interval, interval_rank  # noqa: E402

measured = pytest.mark.skipif(needs.SANITIZED, reason="it is the bench that is tried here: programs that are not sanitized do")
RATIO = r"(\d+\.\d{3})"
ROW = re.compile(r"^(none|all) +(4 KB.*?|1 MB) +[\d.]+ +[\d.]+ +%s +%s \.\. %s +[\d.]+ +[\d.]+ +%s +%s \.\. %s$" % ((RATIO,) * 6), re.MULTILINE)


def bench(*options):
    command = [sys.executable, str(needs.ROOT / "bench" / "run"), "--against", str(needs.BUILD), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300,
                          env=dict(os.environ, GATEPOST_BUILD=str(needs.BUILD)))


def peers_bench():
    folder = os.environ.get("GATEPOST_BENCH", needs.ROOT.parent / "shared" / "bench")
    if not os.path.isdir(folder):
        pytest.skip("no bench of peers, whose load tools it takes")


@needs.root
@measured
def test_two_builds_are_compared_row_by_row():
    peers_bench()
    done = bench("--rounds", "3", "--scale", "0.02", "--modes", "small,smallown,large", "--fail-above", "1000")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = ROW.findall(done.stdout)
    assert [row[:2] for row in rows] == [
        ("none", "4 KB, new connection"), ("none", "1 MB"),
        ("all", "4 KB, new connection"), ("all", "4 KB, signed, new connection"), ("all", "1 MB")], done.stdout
    for row in rows:
        for middle, low, high in (row[2:5], row[5:8]):
            assert 0 < float(low) <= float(middle) <= float(high)


@needs.root
@measured
def test_a_build_that_takes_more_than_allowed_fails():
    peers_bench()
    one_row = ("--rounds", "1", "--scale", "0.02", "--rules", "none", "--modes", "small")
    assert bench(*one_row, "--fail-above", "0.0001").returncode == 1


@needs.root
@measured
@pytest.mark.parametrize("protocol", ["pop3", "imap"])
def test_a_protocol_of_mailboxes_is_measured_in_front_of_a_server_that_costs_little(protocol):
    command = [sys.executable, str(needs.ROOT / "bench" / "run"), "--" + protocol, "--scale", "0.01", "--sessions", "40", "--crowd", "60"]
    command += ["1", "-", "login,commandtls,smalltls,idle,crowd"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=dict(os.environ, GATEPOST_BUILD=str(needs.BUILD)))
    assert done.returncode == 0, done.stdout + done.stderr
    rates = re.findall(r"^Gatepost, (no rules|shipped policy) +([\d.]+) +%s +%s \.\. %s +([\d.]+)$" % ((RATIO,) * 3),
                       done.stdout, re.MULTILINE)
    assert [row[0] for row in rates] == ["no rules", "shipped policy"] * 3, done.stdout
    assert all(float(figure) > 0 for row in rates for figure in row[1:]), done.stdout
    assert len(re.findall(r"^Gatepost, .* [-\d.]+ \([-\d.]+ \.\. [-\d.]+\)$", done.stdout, re.MULTILINE)) == 2, done.stdout
    crowd = re.findall(r"^Gatepost, .* ([\d.]+) +([\d.]+), ([\d.]+) +([\d.]+), ([\d.]+)$", done.stdout, re.MULTILINE)
    assert len(crowd) == 2 and all(0 < float(row[3]) <= float(row[4]) for row in crowd), done.stdout


@needs.root
@measured
def test_users_who_send_are_measured_beside_a_server_that_signs():
    command = [sys.executable, str(needs.ROOT / "bench" / "run"), "--submission", "--scale", "0.05", "1", "", "small,keep"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=dict(os.environ, GATEPOST_BUILD=str(needs.BUILD)))
    assert done.returncode == 0, done.stdout + done.stderr
    rates = re.findall(r"^(Gatepost|Postfix)(, .*?)? +([\d.]+) +%s +%s \.\. %s +([\d.]+)$" % ((RATIO,) * 3), done.stdout, re.MULTILINE)
    assert [row[0] + row[1] for row in rates] == ["Gatepost, no rules", "Gatepost, signing", "Postfix", "Postfix, OpenDKIM signing"] * 2, done.stdout
    assert all(float(figure) > 0 for row in rates for figure in row[2:]), done.stdout


@needs.root
@measured
def test_new_connections_are_measured_in_networks_beside_a_peer_that_shows_clients_addresses_too():
    namespaces.to_have_them()
    command = [sys.executable, str(needs.ROOT / "bench" / "run"), "--transparent", "--scale", "0.02", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=dict(os.environ, GATEPOST_BUILD=str(needs.BUILD)))
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r"^(direct|HAProxy, .*?|Gatepost, .*?) +([\d.]+) +%s +%s \.\. %s +([\d.]+|-)$" % ((RATIO,) * 3), done.stdout, re.MULTILINE)
    assert [row[0] for row in rows] == ["direct"] + ["%s, %s" % (program, whose) for program in ("HAProxy", "Gatepost")
                                                     for whose in ("its own address", "clients' addresses")], done.stdout
    assert all(float(row[1]) > 0 for row in rows) and [row[2] for row in rows if "HAProxy, c" in row[0]] == ["1.000"], done.stdout


def test_a_folder_without_programs_is_told():
    done = subprocess.run([sys.executable, str(needs.ROOT / "bench" / "run"), "--against", "/nonexistent"], capture_output=True, text=True)
    assert done.returncode != 0 and "no gatepost" in done.stderr, done.stderr


@pytest.mark.skipif(not shutil.which("valgrind"), reason="no valgrind")
@pytest.mark.skipif(needs.SANITIZED, reason="valgrind cannot run a sanitized program")
def test_instructions_are_counted_program_by_program():
    command = [sys.executable, str(needs.ROOT / "bench" / "run"), "--instructions", "--messages", "4"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=dict(os.environ, GATEPOST_BUILD=str(needs.BUILD)))
    assert done.returncode == 0, done.stdout + done.stderr
    counts = dict(re.findall(r"^(gatepost-proxy|gatepost-scan|gatepost-av|total) +([\d.]+)$", done.stdout, re.MULTILINE))
    assert set(counts) == {"gatepost-proxy", "gatepost-scan", "gatepost-av", "total"}, done.stdout
    assert all(float(count) > 0 for count in counts.values())


def test_the_interval_holds_the_median_as_often_as_it_says():
    """The tables of the sign test: for 11 values the 2nd and the 10th, with 98.8 %; for 15 the 4th and the 12th, with 96.5 %."""
    assert interval_rank(11) == (2, pytest.approx(0.98828, abs=1e-5))
    assert interval_rank(15) == (4, pytest.approx(0.96484, abs=1e-5))
    assert interval_rank(6) == (1, pytest.approx(0.96875))
    assert interval_rank(3) == (1, pytest.approx(0.75))
    assert tuple(interval([5, 1, 4, 2, 3, 9, 8, 7, 6, 11, 10])) == (6, 2, 10)
