# SPDX-License-Identifier: ISC
"""A mark at the top of a message: what the server behind gets, what is recorded, and for whom there is none."""
import contextlib
import email
import email.policy
import html
import os
import shutil
import signal
import subprocess
from email.message import EmailMessage

import pytest

from lab import check, needs, samples
from lab.backend import EXTENSIONS, Backend
from lab.gatepost import Gatepost, backend, domains
from lab.process import wait_until
from lab.smtp_client import Session, send

POLICY = """
rule "stripped" when message.subject == "strip" then strip each a in attachments (a.extension == "exe") "a program was removed"
rule "not the second" when message.subject starts with "differ" and recipient == "second@example.com" then accept
rule "not this one" when message.subject == "inside" then accept
rule "outside" when message.subject != "differ split" then banner "Au\u00dfen: {message.from}"
rule "told apart" when message.subject == "differ split" then banner "told apart" split
rule "more" when message.subject == "more" then banner "and more"
"""
MARK = "Au\u00dfen: sender@client.example"
IN_ASCII = MARK.replace("\u00df", "ss")


def make(folder, server, policy=POLICY, **changes):
    return Gatepost(folder, backend("behind", server.port) + domains("behind", "example.com") + policy, **changes)


@pytest.fixture(scope="module")
def site(run_dir):
    needs.to_be_root("Gatepost's parent")
    server = Backend().start()
    folder = run_dir / "banners"
    folder.mkdir()
    gateway = make(folder, server)
    gateway.behind = server
    try:
        yield gateway.start()
    finally:
        gateway.stop()
        server.stop()


@pytest.fixture
def gateway(site):
    site.behind.forget()
    return site


def delivered(gateway, message, *recipients):
    """What the server behind got; what was recorded of banners."""
    before = len(gateway.decisions())
    recipients = recipients or ("user@example.com",)
    assert send(gateway.port, message, *recipients).code == 250
    assert wait_until(lambda: len(gateway.decisions()) > before)
    edits = gateway.decisions()[before].get("edits", [])
    return gateway.behind.messages[-1].content, [(e.get("name"), e["value"]) for e in edits if e["kind"] == "banner"]


def body_of(content):
    return content.partition(b"\r\n\r\n")[2]


def parts(content):
    message = email.message_from_bytes(content, policy=email.policy.SMTP)
    return {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}


def alternative(subject, cte=None, words="words"):
    mail = samples.message(subject)
    mail.set_content("plain %s\n" % words, cte=cte)
    mail.add_alternative("<html><body bgcolor='white'><p>HTML %s</p></body></html>\n" % words, subtype="html", cte=cte)
    return mail


@pytest.mark.parametrize("cte", ["7bit", "quoted-printable", "base64"])
def test_text_and_html_have_it(gateway, cte):
    mail = alternative("hello", cte)
    mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="a.pdf")
    content, told = delivered(gateway, samples.octets(mail))
    got = parts(content)
    mark = IN_ASCII if cte == "7bit" else MARK
    assert got["text/plain"].replace("\r\n", "\n").startswith(mark + "\n\n")
    assert got["text/plain"].rstrip().endswith("plain words")
    page = html.unescape(got["text/html"])
    assert page.index("<body bgcolor='white'>") < page.index("<div") < page.index(MARK) < page.index("<p>HTML words</p>")
    assert got["application/pdf"] == b"%PDF-1.4"
    assert told == [("in text and HTML", MARK)]


def test_who_comes_from_inside_has_none(gateway):
    message = samples.clean("inside")
    content, told = delivered(gateway, message)
    assert body_of(content) == body_of(message) and told == []


def test_several_stand_in_their_order(gateway):
    content, told = delivered(gateway, samples.clean("more"))
    assert body_of(content).startswith(IN_ASCII.encode() + b"\r\nand more\r\n\r\nHello,\r\n")
    assert [value for _, value in told] == [MARK, "and more"]


def test_what_the_sender_says_of_himself_ends_no_part(gateway):
    """Who writes From chooses what a banner says: a boundary, a file in a text."""
    sender = '"--B"@client.example'
    message = (b"From: %s\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
               b"--B\r\nContent-Type: text/plain\r\n\r\nwords\r\n--B--\r\n" % sender.encode())
    content, told = delivered(gateway, message)
    assert told and len(list(email.message_from_bytes(content).walk())) == 2
    assert b"--B\r\nContent-Type: text/plain\r\n\r\nAussen: " in content


def test_the_text_is_dot_stuffed_as_all_else(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + 'rule "dot" then banner ".a dot"\n')
    assert send(gateway.port, samples.clean(), "user@example.com").code == 250
    assert b"\r\n\r\n..a dot\r\n\r\nHello" in server.messages[0].wire
    assert b"\r\n\r\n.a dot\r\n\r\nHello" in server.messages[0].content


# ---- for whom


BOTH = ("user@example.com", "second@example.com")


def test_who_differs_in_banners_alone_is_delivered_to_at_once_without(gateway):
    message = samples.clean("differ")
    content, told = delivered(gateway, message, *BOTH)
    assert body_of(content) == body_of(message)
    assert sorted(gateway.behind.messages[-1].recipients) == sorted(BOTH)
    assert told == [("left out: recipients differ", MARK)]


def test_where_the_first_has_none_it_is_recorded_of_the_second(gateway):
    content, told = delivered(gateway, samples.clean("differ"), *reversed(BOTH))
    assert MARK.encode() not in content and IN_ASCII.encode() not in content
    assert told == [("left out: recipients differ", MARK)]


def test_a_banner_that_shall_tells_recipients_apart(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + POLICY, changes={"process": {"proxies": 1}})
    message = samples.clean("differ split")
    assert send(gateway.port, message, *BOTH).code == 451
    assert not server.messages
    for turn in range(2):
        with Session(gateway.port) as session:
            session.ehlo()
            session.expect("MAIL FROM:<sender@client.example>", 250)
            replies = [session.command("RCPT TO:<%s>" % address).code for address in BOTH[turn:]]
            assert replies == ([250, 452], [250])[turn]
            assert session.data(message).code == 250
    got = {m.recipients[0]: body_of(m.content).startswith(b"told apart\r\n\r\n") for m in server.messages}
    assert got == {BOTH[0]: True, BOTH[1]: False}


# ---- with what else


def test_a_banner_and_a_notice_in_one_message(gateway):
    content, told = delivered(gateway, samples.with_attachment("setup.exe", samples.PROGRAM, "strip"))
    assert b"a program was removed" in content and b"cannot be run in DOS" not in content
    assert IN_ASCII.encode() + b"\r\n\r\nHello,\r\n" in content
    assert told == [("in text", MARK)]


def test_a_text_that_is_taken_out_has_none(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") +
                    'rule "s" then banner "outside", strip each a in attachments (a.part == 1) "gone"\n')
    mail = samples.message("x")
    mail.add_attachment("attached\n", filename="a.txt")
    assert send(gateway.port, samples.octets(mail), "user@example.com").code == 250
    assert server.messages[0].content.count(b"outside\r\n") <= 1


def test_rules_that_know_it_before_the_message_find_its_place_all_the_same(start, new_backend):
    """Nothing in this policy names the message: it is decided at RCPT."""
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") +
                    'rule "all" when helo == "client.example" then banner "outside {helo}"\n')
    assert send(gateway.port, samples.octets(alternative("x", "base64")), "user@example.com").code == 250
    got = parts(server.messages[0].content)
    assert got["text/plain"].startswith("outside client.example")
    assert "outside client.example</div>" in got["text/html"]


@pytest.mark.parametrize("eight", [True, False])
def test_a_message_in_seven_bits_stays_so(start, new_backend, eight):
    server = new_backend(extensions=[e for e in EXTENSIONS if eight or e != "8BITMIME"])
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + POLICY)
    for cte in ("7bit", "quoted-printable", "base64"):
        assert send(gateway.port, samples.octets(alternative("x", cte)), "user@example.com").code == 250
    assert all(m.content.isascii() for m in server.messages) and len(server.messages) == 3


def test_where_no_scanner_can_look_it_goes_on_without(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") +
                    'rule "all" when helo == "client.example" then banner "outside"\n', changes={"timeouts": {"scan": "1s", "verdict": "6s"}})
    gateway.behind = server
    message = samples.clean()
    workers = gateway.workers("gatepost-scan")
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        content, told = delivered(gateway, message)
    finally:
        for pid in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    assert body_of(content) == body_of(message) and told == [("left out: not examined", "outside")]


@pytest.mark.parametrize("action,to", [('redirect to "abuse@example.com"', ["abuse@example.com"]),
                                       ('bcc "abuse@example.com"', ["abuse@example.com", "user@example.com"])])
def test_who_gets_it_instead_or_as_well_gets_it_with_the_banner(start, new_backend, action, to):
    """Decided at RCPT, too."""
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") +
                    'rule "all" when helo == "client.example" then banner "outside", %s\n' % action)
    assert send(gateway.port, samples.clean(), "user@example.com").code == 250
    assert wait_until(lambda: sorted(m.recipients[0] for m in server.messages) == to, 20)
    assert all(body_of(m.content).startswith(b"outside\r\n\r\nHello") for m in server.messages)
    told = [e for record in gateway.decisions() for e in record.get("edits", []) if e["kind"] == "banner"]
    assert told == [{"kind": "banner", "name": "in text", "value": "outside"}]


# ---- what is signed


@pytest.fixture(scope="module")
def smime(run_dir):
    """A key and its certificate."""
    key, certificate = run_dir / "signer.key", run_dir / "signer.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                    "-subj", "/CN=signer/emailAddress=sender@client.example"], check=True, capture_output=True)
    return key, certificate


def plain_mail(text):
    mail = EmailMessage()
    mail.set_content(text)
    return mail


def signed(smime, *options):
    key, certificate = smime
    inner = samples.octets(plain_mail("words that are signed\n"))
    out = subprocess.run(["openssl", "smime", "-sign", "-signer", certificate, "-inkey", key, "-crlfeol", *options], input=inner,
                         capture_output=True, check=True).stdout
    return b"From: sender@client.example\r\nTo: user@example.com\r\nSubject: signed\r\n" + out.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.mark.parametrize("options", [(), ("-nodetach",)])
def test_what_is_signed_after_smime_can_be_verified(gateway, smime, options, tmp_path):
    content, told = delivered(gateway, signed(smime, *options))
    assert told == [("left out: signed or encrypted", MARK)]
    (tmp_path / "mail").write_bytes(content)
    done = subprocess.run(["openssl", "smime", "-verify", "-noverify", "-in", tmp_path / "mail"], capture_output=True)
    assert done.returncode == 0 and b"words that are signed" in done.stdout, done.stderr


@pytest.fixture(scope="module")
def pgp(run_dir):
    if not shutil.which("gpg"):
        pytest.skip("needs gpg")
    home = run_dir / "gnupg"
    home.mkdir(mode=0o700)

    def run(*arguments, **how):
        return subprocess.run(["gpg", "--batch", "--quiet", "--homedir", home, "--pinentry-mode", "loopback", "--passphrase", "",
                               *arguments], capture_output=True, **how)
    run("--quick-gen-key", "sender@client.example", "ed25519", "sign", "1d", check=True)
    yield run
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], capture_output=True)


def test_what_is_signed_after_pgp_mime_can_be_verified(gateway, pgp, tmp_path):
    inner = b"Content-Type: text/plain\r\n\r\nwords that are signed\r\n"
    signature = pgp("--armor", "--detach-sign", input=inner, check=True).stdout.replace(b"\n", b"\r\n")
    message = (b"From: sender@client.example\r\nSubject: signed\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=S; "
               b'protocol="application/pgp-signature"\r\n\r\n--S\r\n' + inner + b"\r\n--S\r\nContent-Type: application/pgp-signature"
               b"\r\n\r\n" + signature + b"\r\n--S--\r\n")
    content, told = delivered(gateway, message)
    assert told == [("left out: signed or encrypted", MARK)]
    between = content.split(b"--S\r\n")
    (tmp_path / "words").write_bytes(between[1][:-2])
    (tmp_path / "signature").write_bytes(between[2].partition(b"\r\n\r\n")[2])
    assert pgp("--verify", tmp_path / "signature", tmp_path / "words").returncode == 0


def test_what_is_signed_in_its_text_is_left_alone(gateway, pgp):
    text = pgp("--armor", "--clearsign", input=b"words that are signed\n", check=True).stdout.replace(b"\n", b"\r\n")
    message = b"From: sender@client.example\r\nSubject: signed\r\n\r\n" + text
    content, told = delivered(gateway, message)
    assert body_of(content) == text and told == [("left out: signed or encrypted", MARK)]
    assert pgp("--verify", input=body_of(content)).returncode == 0


# ---- offline


def test_check_says_where_it_would_stand(tmp_path):
    config = check.configuration(tmp_path, POLICY)
    rows = {"a": (samples.octets(alternative("x")), "banner in text and HTML: " + MARK),
            "b": (samples.clean().replace(b"Content-Type: text/plain", b"Content-Type: application/pdf"),
                  "banner left out: no text: " + MARK)}
    for name, (message, told) in rows.items():
        path = tmp_path / name
        path.write_bytes(message)
        said = check.gatepostctl("check", "--config", config, path).stdout
        assert told in said, said
