# SPDX-License-Identifier: ISC
"""gatepostctl quarantine show: what is held, told to somebody who has to decide on it, and the message as it came."""
import base64
import hashlib
import io
import json
import os
import pty
import signal
import subprocess
import zipfile

import pytest

from lab import needs
from lab.gatepost import backend, domains
from lab.process import wait_until
from lab.smtp_client import Session

pytestmark = needs.root

RULE = 'rule "held" when sender == "a@b.example" then quarantine "spam"\n'


def zipped(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return out.getvalue()


def hostile():
    """Text, HTML and an archive, with escape sequences wherever text can stand."""
    archive = base64.encodebytes(zipped(**{"inside\x1b[31m_exe": "MZ" + "x" * 100, "plain_txt": "hello"})).replace(b"\n", b"\r\n")
    return b"\r\n".join([
        b"From: =?utf-8?q?Boss_=1B[2J?= <boss@x.example>", b"To: u@example.com", b"Reply-To: evil@other.example",
        b"Date: Sat, 28 Nov 2026 12:00:00 +0000", b"Subject: =?utf-8?q?bad_=1B]0;pwned=07_gr=C3=BC=C3=9Fe?=", b"Message-ID: <1@x.example>",
        b"MIME-Version: 1.0", b'Content-Type: multipart/mixed; boundary="o"', b"",
        b"--o", b'Content-Type: multipart/alternative; boundary="i"', b"",
        b"--i", b"Content-Type: text/plain; charset=iso-8859-1", b"Content-Transfer-Encoding: quoted-printable", b"",
        b"see =1B[1;31mhere=1B[0m, gr=FC=DFe", b".a line with a dot", b"",
        b"--i", b"Content-Type: text/html", b"", b'<p>see <a href="https://login.phish.example/x">here</a></p>', b"",
        b"--i--", b"--o", b'Content-Type: application/zip; name="=?utf-8?q?in=1B[5mvoice.zip?="', b"Content-Transfer-Encoding: base64",
        b"Content-Disposition: attachment", b"", archive, b"--o--", b""])


@pytest.fixture
def body(new_backend):
    return backend("behind", new_backend().port) + domains("behind", "example.com") + RULE


def send(gateway, recipients, *messages):
    """In one session, once what they are sealed for is there."""
    assert gateway.wait_log("gatepost-release ready")
    with Session(gateway.port) as client:
        client.ehlo()
        for message in messages:
            assert wait_until(lambda: send_one(client, recipients, message) == 250)


def send_one(client, recipients, message):
    client.command(b"MAIL FROM:<a@b.example>")
    for recipient in recipients:
        client.command(b"RCPT TO:<%s>" % recipient.encode())
    return client.data(message).code


def hold(gateway, message, *recipients):
    """Sends it, and returns what is held since, the newest first."""
    send(gateway, recipients or ("u@example.com",), message)
    return [json.loads(line) for line in gateway.control("quarantine", "list", "--json").splitlines()]


def control(gateway, *words, **how):
    return subprocess.run([str(gateway.build / "gatepostctl"), "quarantine", *words, "--config", gateway.file], capture_output=True, timeout=60, **how)


def show(gateway, *words):
    done = control(gateway, "show", *words)
    assert done.returncode == 0, done.stderr.decode()
    assert b"\x1b" not in done.stdout and b"\x07" not in done.stdout
    return done.stdout.decode()


def test_a_page_tells_what_it_is_and_holds_no_escape_sequence(start, body):
    gateway = start(body)
    hold(gateway, hostile())
    page = show(gateway, "1")
    assert 'held as "spam" by rule "held"' in page
    for words in ("Boss", "<boss@x.example>", "evil@other.example", "<1@x.example>", "Date", "grüße",
                  "multipart/mixed", "multipart/alternative", "text/plain", "quoted-printable", "iso-8859-1", "application/zip",
                  "voice.zip", "plain.txt", "exe", "points to", "phish.example", "  | see ", "  | .a line with a dot"):
        assert words in page, (words, page)
    assert "<a href" not in page


def test_a_gateway_with_rules_about_other_things_only_tells_as_much(start, body):
    gateway = start(body, changes={"history": {"enabled": "off"}})
    hold(gateway, hostile())
    assert "plain.txt" in show(gateway, "1")


def test_json_is_one_object_with_the_same(start, body):
    gateway = start(body)
    hold(gateway, hostile(), "u@example.com", "v@example.com")
    told = json.loads(show(gateway, "1", "--json"))
    assert (told["number"], told["why"], told["state"], told["other_copies"]) == (1, "spam", "waiting", [])
    assert [field["name"] for field in told["fields"]] == ["From", "To", "Date", "Subject", "Reply-To", "Message-ID"]
    assert [(part["depth"], part["type"]) for part in told["parts"]] == [
        (0, "multipart/mixed"), (1, "multipart/alternative"), (2, "text/plain"), (2, "text/html"), (1, "application/zip")]
    assert {"plain.txt"} < {file["name"] for file in told["attachments"]}
    assert told["domains"] == ["phish.example"]
    assert "grüße" in told["text"] and not told["text_was_html"] and not told["text_cut"]


def test_a_reference_names_the_message_and_tells_of_its_other_copies(start, body):
    gateway = start(body)
    held = hold(gateway, hostile(), "u@example.com", "v@example.com")
    told = json.loads(show(gateway, held[0]["reference"], "--json"))
    assert sorted([told["number"], *told["other_copies"]]) == [1, 2]
    assert control(gateway, "delete", str(told["number"])).returncode == 0
    rest = json.loads(show(gateway, held[0]["reference"], "--json"))
    assert rest["number"] == told["other_copies"][0] and rest["text"]


def test_several_messages_of_a_session_are_not_one(start, body):
    gateway = start(body)
    send(gateway, ["u@example.com"], b"Subject: one\r\n\r\nhi\r\n", b"Subject: two\r\n\r\nhi\r\n")
    reference = json.loads(gateway.control("quarantine", "list", "--json").splitlines()[0])["reference"]
    done = control(gateway, "show", reference.partition(".")[0])
    assert done.returncode == 1 and b"several messages" in done.stderr


def test_our_results_are_told_and_nobody_elses(start, body):
    gateway = start(body + 'rule "asks" when spf.result == fail then log "x"\n', changes={"resolver": {"patience": "1s"}})
    hold(gateway, b"Subject: x\r\nAuthentication-Results: mx.example.com; spf=pass\r\nAuthentication-Results: other.example; dkim=pass\r\n\r\nhi\r\n")
    results = json.loads(show(gateway, "1", "--json"))["authentication_results"]
    assert len(results) == 1 and results[0].startswith("mx.example.com; spf=") and "pass" not in results[0]
    assert "auth results mx.example.com; spf=" in show(gateway, "1")


MESSAGES = {"hostile": hostile(), "dots and octets": b"Subject: x\r\n\r\n.\x80\xff dot\r\n..\r\n", "empty": b"\r\n",
            "large": b"Subject: large\r\n\r\n" + (b"y" * 70 + b"\r\n") * 20000}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_raw_is_the_message_octet_for_octet(start, body, message):
    gateway = start(body)
    hold(gateway, message)
    done = control(gateway, "show", "--raw", "1")
    assert done.returncode == 0 and hashlib.sha256(done.stdout).digest() == hashlib.sha256(message).digest()


def test_raw_is_not_for_terminals(start, body):
    gateway = start(body)
    hold(gateway, hostile())
    ours, theirs = pty.openpty()
    done = subprocess.run([str(gateway.build / "gatepostctl"), "quarantine", "show", "--raw", "1", "--config", gateway.file], stdout=theirs,
                          stderr=subprocess.PIPE, timeout=30)
    os.close(theirs)
    assert done.returncode == 1 and b"> message.eml" in done.stderr
    with pytest.raises(OSError):
        os.read(ours, 100)
    os.close(ours)


def test_a_long_text_is_cut_and_says_so(start, body):
    gateway = start(body)
    hold(gateway, b"Subject: long\r\n\r\n" + b"word word word\r\n" * 20000)
    page = show(gateway, "1")
    assert "... cut" in page and len(page) < 150000


def test_one_that_is_not_there_any_more_says_why(start, body):
    gateway = start(body)
    hold(gateway, hostile())
    assert control(gateway, "delete", "1").returncode == 0
    done = control(gateway, "show", "1")
    assert done.returncode == 1 and b"not there any more: it was deleted" in done.stderr
    assert b"deleted" in done.stdout and b"boss@x.example" in done.stdout and b"multipart" not in done.stdout
    done = control(gateway, "show", "--raw", "1")
    assert done.returncode == 1 and done.stdout == b"" and b"deleted" in done.stderr


@pytest.mark.parametrize("words, said", [(["7"], "nothing of that number or reference is held"), (["boss"], "expected a number or a reference"), (["0"], "expected"),
                                         ([], "usage:"), (["1", "2"], "usage:"), (["--raw", "--json", "1"], "usage:")])
def test_what_is_none_is_refused(start, body, words, said):
    gateway = start(body)
    hold(gateway, hostile())
    done = control(gateway, "show", *words)
    assert done.returncode == 1 and done.stdout == b"" and said in done.stderr.decode()


def test_one_too_large_to_be_looked_into_is_still_told_of(start, body):
    gateway = start(body)
    hold(gateway, hostile() + b"x" * 70000)
    gateway.configure(body, {"limits": {"message_size": "64KiB"}})
    done = control(gateway, "show", "1")
    assert done.returncode == 1 and b"larger than limits message_size" in done.stderr
    assert b'held as "spam"' in done.stdout and b"multipart" not in done.stdout
    assert json.loads(control(gateway, "show", "--json", "1").stdout)["failed"].startswith("it is larger")


def test_without_a_scanner_the_entry_is_still_told(start, body, own_dir):
    gateway = start(body)
    hold(gateway, hostile())
    (own_dir / "nothing").mkdir()
    done = control(gateway, "show", "1", env={**os.environ, "GATEPOST_LIBEXEC": str(own_dir / "nothing")})
    assert done.returncode == 1 and b"gatepostctl: 1: " in done.stderr and b'held as "spam"' in done.stdout


def test_while_nobody_opens_it_that_is_said(start, body):
    gateway = start(body)
    hold(gateway, hostile())
    pid = wait_until(lambda: gateway.pids("gatepost-release"))[0]
    os.kill(pid, signal.SIGSTOP)
    try:
        done = control(gateway, "show", "--raw", "1")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert done.returncode == 1 and done.stdout == b"" and b"gatepost-release does not run" in done.stderr
