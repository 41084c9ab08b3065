# SPDX-License-Identifier: ISC
"""Tables from files, as other systems write them: what is read, what is refused and where the error points, and what a file
that became wrong does to a gateway that serves."""
import shutil
import subprocess

import pytest

from lab import needs, steered
from lab.gatepost import backend
from lab.parent import parent  # noqa: F401
from lab.process import wait_until
from lab.smtp_client import Session

TWO = "bob@example.com\r\nalice@example.com\r\n"


def with_recipients(port=25):
    return backend("behind", port) + 'domain "example.com" { backend behind  recipients from file "recipients.txt" }\n'


@pytest.fixture
def check(parent):
    """check(octets) writes the table of recipients: (exit status, report) of gatepost -n."""
    def run(octets):
        (parent.folder / "recipients.txt").write_bytes(octets)
        parent.configure(with_recipients())
        return parent.run("-n")
    return run


@pytest.mark.parametrize("octets", [
    TWO.encode(), TWO.encode("utf-8-sig"), TWO.replace("\r", "").encode(), b"  bob@example.com \t\r\n\r\n# nobody else\r\n",
    b"bob@example.com # the first", b"@example.com\n"])
def test_recipients_of_other_systems_are_read(check, octets):
    status, said = check(octets)
    assert status == 0 and "good" in said, said


@pytest.mark.parametrize("octets, place, word", [
    (TWO.encode("utf-16"), "1:1", "UTF-16"),
    (TWO.encode("utf-16-le"), "1:1", "UTF-16"),
    (TWO.encode("utf-16-be"), "1:1", "UTF-16"),
    (b"\xfe\xff" + TWO.encode("utf-16-be"), "1:1", "UTF-16"),
    (b"bob@example.com\nali\0ce@example.com\n", "2:4", "NUL"),
    (b"bob@example.com\n\n j\xfcrgen@example.com\n", "3:3", "not UTF-8"),
    (b'"Name","PrimarySmtpAddress"\r\n"Bob","bob@example.com"\r\n', "1:1", "CSV"),
    (b'#TYPE Selected.Object\r\n"PrimarySmtpAddress"\r\n"bob@example.com"\r\n', "2:1", "CSV"),
    (b"bob@example.com\r\nSMTP:alice@example.com\r\n", "2:1", "-like 'smtp:*'"),
    (b"\r\nPrimarySmtpAddress\r\n------------------\r\nbob@example.com\r\n", "2:1", "no address"),
    (b"bob@example.com\ralice@example.com\r", "1:1", "control character"),
    (b"bob\r\nalice\r\n", "1:1", "no address"),
    (b"", "1:1", "is empty"),
    (b"\xef\xbb\xbf", "1:1", "is empty"),
    (b"# none\r\n", "1:1", "is empty"),
])
def test_what_would_refuse_everybody_is_an_error_in_the_table(check, parent, octets, place, word):
    status, said = check(octets)
    assert status == 1
    first = said.splitlines()[0]
    assert first.startswith("%s:%s: error: " % (parent.folder / "recipients.txt", place)) and word in first, said


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_configuration_in_utf_16_is_one_error(parent, encoding):
    parent.path.write_bytes(parent.path.read_text().encode(encoding))
    status, said = parent.run("-n")
    assert status == 1
    assert said.count("error:") == 1 and said.startswith("%s:1:1: error: this file is in UTF-16" % parent.path)


def test_a_configuration_of_notepad_is_read(parent):
    parent.path.write_bytes(parent.path.read_text().replace("\n", "\r\n").encode("utf-8-sig"))
    assert parent.run("-n")[0] == 0


# -- while it serves

def answer(gateway, address):
    with Session(gateway.port) as session:
        session.ehlo()
        session.expect("MAIL FROM:<a@client.example>", 250)
        return session.command("RCPT TO:<%s>" % address).code


@pytest.fixture
def site(start, new_backend, own_dir):
    """A gateway with bob and alice in its table, and the table's path."""
    path = own_dir / "recipients.txt"
    path.write_text(TWO)
    body = with_recipients(new_backend().port).replace("recipients.txt", str(path))
    return start(body, changes={"process": {"proxies": 1}}, **steered.programs(own_dir)), path


def says_soon(gateway, text):
    """It looks at files every few seconds, and takes those that have not changed since: its clock runs ahead meanwhile."""
    def look():
        steered.move_clock(gateway.process.pid, 0.5)
        return text in gateway.log()
    return wait_until(look, 30)


@pytest.mark.parametrize("octets, words", [(b"", "table of recipients is empty"), (TWO.encode("utf-16"), "this file is in UTF-16"),
                                           (b"SMTP:bob@example.com\r\n", "has a type before the address")])
def test_a_table_that_became_wrong_leaves_the_old_one_serving_and_is_told(site, octets, words):
    gateway, path = site
    assert answer(gateway, "bob@example.com") == 250 and answer(gateway, "carol@example.com") == 550
    path.write_bytes(octets)
    assert says_soon(gateway, "reload refused, nothing is changed")
    assert words in gateway.log() and "at=%s:1:1 " % path in gateway.log()
    assert answer(gateway, "bob@example.com") == 250 and answer(gateway, "carol@example.com") == 550


def test_a_table_that_is_right_again_is_taken_up_by_itself(site):
    gateway, path = site
    path.write_bytes(b"")
    assert says_soon(gateway, "reload refused, nothing is changed")
    beside = path.with_name("recipients.new")
    beside.write_bytes(b"\xef\xbb\xbfcarol@example.com\r\n")
    beside.rename(path)
    assert says_soon(gateway, "serving generation=2")
    assert answer(gateway, "carol@example.com") == 250 and answer(gateway, "bob@example.com") == 550


# -- the cases

@pytest.fixture(scope="module")
def cases(run_dir):
    folder = run_dir / "table-cases"
    shutil.copytree(needs.cases("config"), folder)
    subprocess.run(["sh", folder / "make-tls", folder], check=True)
    return folder


@pytest.mark.parametrize("name, first", [
    ("60-rec-ok.conf", None), ("60-rec-crlf.conf", None), ("60-rec-spaces.conf", None), ("60-rec-bom.conf", None),
    ("22-bom.conf", None), ("23-crlf.conf", None),
    ("60-rec-csv.conf", "rec-csv.txt:1:1: error: the entry"),
    ("60-rec-smtp.conf", "rec-smtp.txt:1:1: error: the entry"),
    ("60-rec-utf16.conf", "rec-utf16.txt:1:1: error: this file is in UTF-16"),
    ("60-rec-empty.conf", "rec-empty.txt:1:1: error: this table of recipients is empty"),
    ("45-utf16.conf", "45-utf16.conf:1:1: error: this file is in UTF-16"),
    ("46-latin1.conf", "46-latin1.conf:8:5: error: this byte is not UTF-8"),
    ("61-badnets.conf", 'nets.txt:3001:1: error: the entry "10.1.1.1/33" is neither an address nor a network'),
])
def test_cases_of_tables_are_judged_as_they_deserve(cases, name, first):
    done = subprocess.run([needs.BUILD / "gatepost", "-n", "-c", cases / name], capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == (1 if first else 0), said
    assert said.startswith("%s/%s" % (cases, first) if first else "%s: good" % (cases / name)), said
