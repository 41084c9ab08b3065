# SPDX-License-Identifier: ISC
"""Words at the bottom of mail that leaves: what the server behind gets, under signatures that verify, and which mail has none."""
import email
import email.policy
import html
import re
import shutil
import subprocess

import pytest

from lab import check, needs, samples
from lab.backend import Backend
from lab.dkim_keys import Key, sentence, verify
from lab.gatepost import Gatepost, backend, domains
from lab.process import wait_until
from lab.smtp_client import Session, send

pytest.importorskip("dkim", reason="no python3-dkim")

POLICY = """
table footers { "example.com" -> "Example Gru\u00dfe GmbH, Amtsgericht M\u00fcnchen"  "example.org" -> "Example Foundation" }
condition "a person's" when direction == outbound and header["Auto-Submitted"] is absent and header["List-Id"] is absent
  and not message.null_sender
rule "firm" when condition "a person's" and footers[sender.domain] is not absent and not message.text contains "Amtsgericht M\u00fcnchen"
  then disclaimer "{footers[sender.domain]}"
rule "more" when message.subject == "more" then disclaimer "second line"
rule "both" when message.subject == "both" then banner "at the top"
rule "some" when message.subject == "some" and recipient == "c@example.net" then disclaimer "for one"
"""
FOOTER = "Example Gru\u00dfe GmbH, Amtsgericht M\u00fcnchen"


class Site:
    def __init__(self, folder):
        (folder / "keys").mkdir()
        self.rsa = Key(folder / "keys", "example.com", "2026a")
        self.ed25519 = Key(folder / "keys", "example.com", "2026e", "ed25519")
        self.behind = Backend().start()
        self.gateway = Gatepost(folder, backend("behind", self.behind.port) + domains("behind", "example.net") + POLICY
                                + sentence(["example.com"], self.rsa, self.ed25519), listen="outbound")

    def sent(self, message, *recipients, sender="anna@example.com"):
        """What the server behind gets; what is recorded of disclaimers."""
        before = len(self.gateway.decisions())
        self.behind.forget()
        reply = send(self.gateway.port, message, *(recipients or ("b@example.net",)), sender=sender)
        assert reply.code == 250, reply
        assert wait_until(lambda: len(self.gateway.decisions()) > before)
        edits = self.gateway.decisions()[before].get("edits", [])
        return self.behind.messages[-1].content, [(e.get("name"), e["value"]) for e in edits if e["kind"] == "disclaimer"]

    def verifies(self, content):
        return sorted(verify(content, self.rsa, self.ed25519)) == [("example.com", "2026a", True), ("example.com", "2026e", True)]


@pytest.fixture(scope="module")
def site(run_dir):
    needs.to_be_root("Gatepost's parent")
    folder = run_dir / "disclaimers"
    folder.mkdir()
    it = Site(folder)
    try:
        it.gateway.start()
        yield it
    finally:
        it.gateway.stop()
        it.behind.stop()


def mail(subject="hello", cte=None, author="Anna <anna@example.com>", charset="utf-8"):
    message = samples.message(subject)
    message.replace_header("From", author)
    message.set_content("plain words\n", cte=cte, charset=charset)
    message.add_alternative("<html><body><p>HTML words</p><!-- </body> --></body></html>\n", subtype="html", cte=cte, charset=charset)
    return message


def parts(content):
    message = email.message_from_bytes(content, policy=email.policy.SMTP)
    return {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}


def body_of(content):
    return content.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("cte", ["7bit", "8bit", "quoted-printable", "base64"])
@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1"])
def test_text_and_html_end_with_it_and_signatures_verify(site, cte, charset):
    message = mail(cte=None if cte == "8bit" else cte, charset=charset)
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="a.pdf")
    content, told = site.sent(samples.octets(message))
    got = parts(content)
    footer = FOOTER if cte in ("base64", "quoted-printable") else FOOTER.replace("\u00df", "ss").replace("\u00fc", "u")
    assert got["text/plain"].replace("\r\n", "\n").rstrip() == "plain words\n\n" + footer
    page = html.unescape(got["text/html"])
    assert page.index("HTML words") < page.index("<!-- </body> -->") < page.index("<div") < page.index(FOOTER)
    assert re.search(r"</div>\s*</body></html>\s*$", page)
    assert got["application/pdf"] == b"%PDF-1.4"
    assert told == [("in text and HTML", FOOTER)]
    assert site.verifies(content)


def test_each_domain_has_its_own(site):
    content, told = site.sent(samples.octets(mail(author="a@example.org")), sender="a@example.org")
    assert told == [("in text and HTML", "Example Foundation")]
    assert body_of(content).count(b"Example Foundation") == 2


def test_whose_domain_has_none_goes_without(site):
    content, told = site.sent(samples.octets(mail()), sender="a@elsewhere.example")
    assert told == [] and b"<div" not in content


def test_an_answer_that_quotes_it_has_it_once(site):
    message = samples.message("Re: hello")
    message.replace_header("From", "anna@example.com")
    message.set_content("yes\n\n> words\n>\n> %s\n" % FOOTER, cte="quoted-printable")
    content, told = site.sent(samples.octets(message))
    assert told == [] and site.verifies(content)
    assert parts(content)["text/plain"].count("Amtsgericht") == 1


@pytest.mark.parametrize("field", ["Auto-Submitted: auto-replied", "List-Id: <x.example.com>"])
def test_what_no_person_writes_has_none_where_the_rule_says_so(site, field):
    content, told = site.sent(field.encode() + b"\r\n" + samples.octets(mail()))
    assert told == [] and site.verifies(content)


def test_a_report_of_delivery_has_none(site):
    message = (b"From: anna@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; boundary=B\r\n\r\n"
               b"--B\r\nContent-Type: text/plain\r\n\r\nwords\r\n--B--\r\n")
    content, told = site.sent(message)
    assert body_of(content) == body_of(message) and told == [("left out: no text", FOOTER)]
    assert site.verifies(content)


def test_with_a_banner_and_a_second_line(site):
    for subject in ("more", "both"):
        content, told = site.sent(samples.octets(mail(subject, "quoted-printable")))
        text = parts(content)["text/plain"].replace("\r\n", "\n").rstrip()
        assert text == {"more": "plain words\n\n%s\nsecond line", "both": "at the top\n\nplain words\n\n%s"}[subject] % FOOTER
        assert site.verifies(content)


def test_a_line_that_begins_with_a_dot_is_stuffed(start, new_backend):
    server = new_backend()
    gateway = start(backend("behind", server.port) + domains("behind", "example.com") + 'rule "dot" then disclaimer "."\n')
    empty = b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    for message in (samples.clean(), empty):
        assert send(gateway.port, message, "user@example.com").code == 250
    assert server.messages[0].wire.endswith(b"\r\n\r\n..\r\n")
    assert server.messages[1].content.endswith(b"</div>\r\n")


def test_who_differs_in_it_alone_goes_without(site):
    content, told = site.sent(samples.octets(mail("some")), "b@example.net", "c@example.net")
    assert b"for one" not in content
    assert ("left out: recipients differ", "for one") in told


def test_who_did_not_say_bdat_and_who_did_get_the_same(site):
    message = samples.octets(mail())
    content, _ = site.sent(message)
    with Session(site.gateway.port) as session:
        session.ehlo()
        session.expect("MAIL FROM:<anna@example.com>", 250)
        session.expect("RCPT TO:<b@example.net>", 250)
        session.send(b"BDAT %d LAST\r\n" % len(message) + message)
        assert session.reply().code == 250
    assert body_of(site.behind.messages[-1].content) == body_of(content)


@pytest.mark.skipif(not shutil.which("swaks"), reason="needs swaks")
def test_what_swaks_sends_has_it(site):
    site.behind.forget()
    done = subprocess.run(["swaks", "--server", "127.0.0.1:%d" % site.gateway.port, "--from", "anna@example.com", "--to", "b@example.net",
                           "--helo", "client.example", "--body", "words of swaks"], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stdout
    content = site.behind.messages[-1].content
    assert b"words of swaks" in content and b"Example Grusse GmbH, Amtsgericht Munchen\r\n" in content
    assert site.verifies(content)


def test_what_is_signed_after_smime_has_none(site, tmp_path):
    key, certificate = tmp_path / "signer.key", tmp_path / "signer.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                    "-subj", "/CN=signer/emailAddress=anna@example.com"], check=True, capture_output=True)
    inner = b"Content-Type: text/plain\r\n\r\nwords that are signed\r\n"
    signed = subprocess.run(["openssl", "smime", "-sign", "-signer", certificate, "-inkey", key], input=inner, capture_output=True, check=True).stdout
    content, told = site.sent(b"From: anna@example.com\r\nSubject: s\r\n" + signed.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    assert told == [("left out: signed or encrypted", FOOTER)]
    (tmp_path / "mail").write_bytes(content)
    done = subprocess.run(["openssl", "smime", "-verify", "-noverify", "-in", tmp_path / "mail"], capture_output=True)
    assert done.returncode == 0 and b"words that are signed" in done.stdout, done.stderr
    assert site.verifies(content)


def test_check_says_where_it_would_stand(tmp_path):
    config = check.configuration(tmp_path, 'rule "firm" then disclaimer "Example Ltd"\n')
    path = tmp_path / "mail"
    path.write_bytes(samples.octets(mail()))
    assert "disclaimer in text and HTML: Example Ltd" in check.gatepostctl("check", "--config", config, path).stdout
