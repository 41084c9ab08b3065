# SPDX-License-Identifier: ISC
"""gatepost --first-run: what it asks, and what it writes."""
import os
import signal
import subprocess

import pytest

from lab import needs
from lab.first_run import NOBODY, answers, first_run  # noqa: F401
from lab.ports import free_port


# What it writes

def test_in_front_of_a_real_server_it_writes_what_passes(first_run, postfix, authority):
    cert = authority.certificate("mx.example.com")
    status, said, complained = first_run(*answers(postfix.port, certificate=cert.chain, key=cert.key, recipients="ask"))
    assert status == 0, said + complained
    assert "greets: 220 behind.example.com" in said and "encrypted with TLSv1.3" in said
    assert "for behind.example.com, until 20" in said and "nobody can be sure of it" in said
    assert "example.com: it refuses an address that does not exist (550 5.1.1" in said
    assert "gatepostctl status" in said and "MX record of each domain name mx.example.com" in said
    assert "recipient_check on" in first_run.text() and '{ starttls }' in first_run.text()
    status, said = first_run.check()
    assert status == 0 and "good: 2 listeners, 1 backends, 1 domains" in said
    assert first_run.left() == ["gatepost.conf"] and first_run.file.stat().st_mode & 0o7777 == 0o644


def test_a_table_of_recipients_is_taken(first_run, new_backend, own_dir):
    table = own_dir / 'who "exists".txt'
    table.write_text("user@example.com\n")
    status, said, complained = first_run(*answers(new_backend().port, recipients=table))
    assert status == 0, said + complained
    assert "Get-Recipient" not in said and "recipients from file" in first_run.text() and first_run.check()[0] == 0


def test_without_a_certificate_it_says_so(first_run, new_backend):
    status, said, _ = first_run(*answers(new_backend().port))
    assert status == 0 and "Without a certificate mail comes in in clear" in said and "starttls }\n\n" not in first_run.text()


def test_a_domain_is_written_as_the_dns_has_it(first_run, new_backend):
    status, said, _ = first_run(*answers(new_backend().port, domain="Bücher.example, example.com,EXAMPLE.com"))
    assert status == 0 and "xn--bcher-kva.example, example.com;" in said
    assert 'domain "xn--bcher-kva.example"' in first_run.text() and first_run.text().count("\ndomain ") == 2


@pytest.mark.parametrize("changes, complaint", [
    ({"domain": 'a".example'}, "--domain"), ({"domain": "example"}, "a name with a dot"), ({"domain": "a example.com { }"}, "--domain"),
    ({"server": "mail.example.com"}, "no names"), ({"server": "10.0.0.5:0"}, "expected an address"), ({"server": "127.0.0.1"}, "that is this machine"),
    ({"server-tls": "verify=a b"}, "--server-tls"), ({"server-tls": "maybe"}, "expected none"), ({"certificate": "/absent"}, "/absent: No such file"),
    ({"recipients": "a\nb"}, "control characters"), ({"recipients": "/etc"}, "not a file"), ({"hostname": "mx"}, "a name with a dot")])
def test_an_answer_that_cannot_be_is_told_and_nothing_is_written(first_run, new_backend, changes, complaint):
    status, _, complained = first_run(*answers(new_backend().port, **changes))
    assert status == 2 and complaint in complained and first_run.left() == []


def test_what_the_check_refuses_is_not_written_and_told_with_its_place(first_run, new_backend, own_dir):
    table = own_dir / "recipients.txt"
    table.write_text("no address\n")
    status, _, complained = first_run(*answers(new_backend().port, recipients=table))
    assert status == 1 and "nothing is written" in complained and "recipients.txt" in complained
    assert first_run.left() == [] and "gatepost.conf." not in complained


def test_a_file_that_is_there_is_never_overwritten_unasked(first_run, new_backend):
    first_run.file.write_text("mine\n")
    status, _, complained = first_run(*answers(new_backend().port))
    assert status == 1 and "--force replaces it" in complained and first_run.text() == "mine\n"
    first_run.file.chmod(0o640)
    os.chown(first_run.file, 0, 8)
    status, _, _ = first_run(*answers(new_backend().port), "--force")
    found = first_run.file.stat()
    assert status == 0 and "example.com" in first_run.text() and (found.st_mode & 0o7777, found.st_gid) == (0o640, 8)


def test_the_shipped_example_is_kept_beside_it(first_run, new_backend):
    shipped = (needs.ROOT / "etc" / "gatepost.conf").read_text()
    first_run.file.write_text(shipped)
    assert first_run(*answers(new_backend().port))[0] == 0
    assert first_run.left() == ["gatepost.conf", "gatepost.conf.example"] and first_run.check()[0] == 0
    assert (first_run.folder / "gatepost.conf.example").read_text() == shipped
    first_run.file.write_text(shipped)
    assert first_run(*answers(new_backend().port))[0] == 1 and first_run.text() == shipped


@pytest.mark.parametrize("server, fits", [("192.0.2.25", True), ("127.0.0.1", False)])
def test_where_any_address_can_be_bound_not_every_one_is_this_machine(first_run, server, fits):
    """As where an address moves between two machines."""
    command = first_run.command("--first-run", "--unchecked", *answers(0, server=server))
    done = subprocess.run(["unshare", "--net", "sh", "-c", 'ip link set lo up; echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind && exec "$@"', "sh", *command],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert (done.returncode == 0) == fits and ("that is this machine" in done.stderr) != fits, done.stderr


# Questions

def test_without_a_terminal_what_is_missing_is_listed(first_run):
    status, said, complained = first_run("--domain", "example.com", "--certificate", "none", "--hostname", "mx.example.com")
    assert status == 2 and said == "" and "no terminal" in complained
    assert [line.split()[0] for line in complained.splitlines()[1:]] == ["--server", "--recipients"]


def test_at_a_terminal_it_asks_for_what_is_missing(first_run, new_backend):
    port = new_backend(NOBODY).port
    somebody = first_run.at_a_terminal("--hostname", "mx.example.com")
    somebody.answer("Which domains is mail accepted for?", "example")
    somebody.answer("Which domains is mail accepted for?", "example.com example.org")
    somebody.answer("mail server behind", "127.0.0.1:%d" % port)
    somebody.answer("[opportunistic]?", "")
    somebody.answer("certificate chain (or none)?", "none")
    somebody.answer("[ask]?", "")
    status, said = somebody.end()
    assert status == 0 and "a name with a dot" in said and said.index("it refuses an address") < said.index("certificate chain")
    assert "recipient_check on" in first_run.text() and 'domain "example.org"' in first_run.text() and first_run.check()[0] == 0


def test_a_server_that_fails_is_written_only_when_somebody_says_so(first_run):
    for answer, expected in (("", 1), ("yes", 0)):
        somebody = first_run.at_a_terminal(*answers(free_port(), server_tls="none"))
        somebody.answer("all the same", answer)
        assert somebody.end()[0] == expected and first_run.file.exists() == (answer == "yes")


def test_who_goes_away_leaves_nothing_behind(first_run):
    somebody = first_run.at_a_terminal()
    somebody.answer("called in the DNS", "\x04")
    os.killpg(somebody.popen.pid, signal.SIGHUP)
    somebody.end()
    assert first_run.left() == []
