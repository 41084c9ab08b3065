# SPDX-License-Identifier: ISC
"""A real Sendmail that takes the mail itself asks Gatepost about it as of a milter, as docs/postfix.md has it, but for the ports."""
import contextlib
import os
import re

import dkim
import pytest

from lab import beside, needs, samples
from lab.backend import EXTENSIONS, Backend
from lab.dkim_keys import PEER, Key, sentence, verify
from lab.documents import shown
from lab.gatepost import Gatepost, backend, domains, running
from lab.milter_steps import RULES, die_in_a_message, several_verdicts
from lab.ports import free_port
from lab.process import asleep, wait_until
from lab.sendmail import Sendmail
from lab.smtp_client import Session, send

SENDMAIL_RULES = RULES + """
rule "set" when message.subject contains "[set]" then header set "X-Set" "ours"
rule "way" when direction == outbound then header add "X-Way" "out"
rule "strip" then strip each a in attachments (a.name contains ".exe") "it was taken out"
rule "banner" when message.subject contains "[banner]" then banner "From outside"
rule "below" when message.subject contains "[below]" then disclaimer "Example Ltd"
rule "bcc" when message.subject contains "[bcc]" then bcc "third@example.com"
rule "elsewhere" when message.subject contains "[elsewhere]" and recipient == "second@example.com" then redirect to "abuse@example.com"
rule "tag" when bounce.tag is not absent then header add "X-Tag" "{bounce.tag}"
observe rule "asks" when spf.result == pass and dkim.result == pass then log "both"
"""
LOCAL_SOCKET = "/run/gatepost/milter.sock"  # where Sendmail sees it


class Site:
    """A Sendmail that asks, the Gatepost that it asks, and the server that Sendmail sends all on to. `edit` changes the lines of
    sendmail.mc; `ports` are those in the lab of what the page names."""

    def __init__(self, folder, rules=SENDMAIL_RULES, certificate=None, edit=lambda mc: mc, where=None, behind=None):
        self.behind = behind or Backend()
        self.ports = {number: free_port() for number in (25, 587, 10025, 8891, 8892)}
        self.port = self.ports[25]
        self.sendmail = Sendmail(folder, self.port, self.behind.port, edit(self._documented()), ["example.com"], certificate)
        body = 'listen milter "asked" on "%s"\n' % (where or "127.0.0.1:%d" % self.ports[8891])
        body += 'listen milter "submitted" on "127.0.0.1:%d" { outbound relay sendmail }\n' % self.ports[8892]
        body += backend("sendmail", self.ports[10025]) + domains("sendmail", "example.com")
        self.gateway = Gatepost(folder, body + rules)

    def _documented(self):
        mc = re.sub(r"inet:(\d+)@", lambda found: "inet:%d@" % self.ports[int(found[1])], shown("docs/postfix.md", "m4"))
        return re.sub(r"Port=(\d+)(?:, Addr=[\d.]+)?", lambda found: "Port=%d, Addr=127.0.0.1" % self.ports[int(found[1])], mc)

    def start(self):
        self.behind.start()
        self.sendmail.process.start()
        self.sendmail.process.wait_port(*(self.ports[number] for number in (25, 587, 10025)))

    def send(self, subject, *recipients, sender="sender@client.example", **headers):
        return send(self.port, samples.clean(subject, **headers), *(recipients or ("user@example.com",)), sender=sender)

    def all_for(self, address, mark):
        return [m.content for m in self.behind.messages if address in m.recipients and mark.encode() in m.content]

    def arrived(self, mark):
        """The message for that user, as the server behind has it."""
        assert wait_until(lambda: self.all_for("user@example.com", mark))
        [message] = self.all_for("user@example.com", mark)
        return message


@contextlib.contextmanager
def site_in(folder, **how):
    needs.to_be_root("a Sendmail of its own")
    site = Site(folder, **how)
    site.sendmail.prepare()
    beside.make_folder(site.sendmail.root, os.path.dirname(LOCAL_SOCKET))
    with running(site.gateway, [site.sendmail, site.behind], ready=("gatepost-milter ready",)):
        site.start()
        yield site


@pytest.fixture(scope="module")
def site(run_dir, internet):
    folder = run_dir / "milter-sendmail"
    folder.mkdir()
    with site_in(folder, rules=SENDMAIL_RULES + internet.configuration) as site:
        assert site.gateway.wait_log("gatepost-release ready", 40)
        yield site


def fields(message, name):
    """The values of a field, from the top, as they stand there."""
    block = message.partition(b"\r\n\r\n")[0] + b"\r\n"
    return re.findall(rb"^%s:((?:.|\r\n[ \t])*)\r\n" % name.encode(), block, re.M)


def test_mail_that_no_rule_speaks_of_arrives_with_results_of_authentication(site, internet, mark):
    """The signature is of fields to the octet, which Sendmail tells as they are."""
    mail = b"X-Folded:one\r\n\ttwo\r\n   three\r\n" + samples.octets(samples.message("two  blanks", sender="a@good.example", X_Mark=mark))
    how = {"canonicalize": (b"simple", b"simple"), "include_headers": [b"from", b"subject", b"x-folded"]}
    signed = dkim.sign(mail, b"rsa", b"good.example", internet.keys.rsa, **how) + mail
    with Session(site.port, source=internet.address(10)) as client:
        client.ehlo("mail.good.example")
        client.envelope("user@example.com", sender="a@good.example")
        assert client.data(signed).code == 250
    message = site.arrived(mark)
    [results] = fields(message, "Authentication-Results")
    assert results.startswith(b" mx.example.com;") and b"spf=pass" in results and b"dkim=pass header.d=good.example" in results
    assert len(fields(message, "Received-SPF")) == 1
    record = next(r for r in reversed(site.gateway.decisions()) if r["verdict"] == "accept")
    assert (record["protocol"], record["listener"], record["client"]) == ("milter", "asked", internet.address(10))


def test_results_that_the_sender_forged_are_gone(site, mark):
    assert site.send("clean", X_Mark=mark, Authentication_Results="mx.example.com; dkim=pass header.d=bank.example").code == 250
    [results] = fields(site.arrived(mark), "Authentication-Results")
    assert b"dkim=none" in results


def test_a_sender_is_refused_at_rcpt_with_the_words_of_the_rule(site):
    with Session(site.port) as client:
        client.ehlo()
        client.expect("MAIL FROM:<bad@client.example>", 250)
        reply = client.command("RCPT TO:<user@example.com>")
    assert (reply.code, reply.enhanced) == (553, "5.7.1")
    assert "100% refused: bad@client.example" in reply.text


def test_a_recipient_is_put_off_and_the_other_has_the_message(site, mark):
    with Session(site.port) as client:
        client.ehlo()
        client.expect("MAIL FROM:<odd@client.example>", 250)
        client.expect("RCPT TO:<user@example.com>", 250)
        reply = client.command("RCPT TO:<second@example.com>")
        assert (reply.code, reply.enhanced) == (451, "4.7.0") and "for the second later" in reply.text
        assert client.data(samples.clean("clean", X_Mark=mark)).code == 250
    assert site.arrived(mark) and not site.all_for("second@example.com", mark)


def test_content_is_refused_and_put_off_at_its_end_with_the_words_of_the_rule(site, mark):
    reply = site.send("[refuse] " + mark)
    assert (reply.code, reply.enhanced) == (554, "5.7.1") and "content is not wanted" in reply.text
    reply = site.send("[defer] " + mark)
    assert (reply.code, reply.enhanced) == (450, "4.7.1") and "come again" in reply.text
    assert site.send("clean", X_Mark="after-" + mark).code == 250
    assert site.arrived("after-" + mark) and len(site.all_for("user@example.com", mark)) == 1


def test_fields_are_added_before_all_others(site, mark):
    assert site.send("[mark] " + mark).code == 250
    message = site.arrived(mark)
    assert fields(message, "X-Mark") == [b" it is marked"]
    assert message.index(b"X-Mark:") < message.index(b"Received: from client.example") < message.index(b"\r\nSubject:")


def test_a_field_that_is_set_is_there_once_with_what_the_rule_says(site, mark):
    mail = b"X-Set: theirs\r\nX-Set: theirs too\r\n" + samples.clean("[set] " + mark)
    assert send(site.port, mail, "user@example.com").code == 250
    assert fields(site.arrived(mark), "X-Set") == [b" ours"]


def test_all_fields_of_a_name_go_and_those_between_them_stay(site, mark):
    mail = b"X-Private: one\r\nX-Other: first\r\nX-PRIVATE: two\r\nX-Other: second\r\nX-Private: three\r\n" + samples.clean("[without] " + mark)
    assert send(site.port, mail, "user@example.com").code == 250
    message = site.arrived(mark)
    assert b"x-private" not in message.lower()
    assert fields(message, "X-Other") == [b" first", b" second"]


def test_a_subject_gets_its_prefix(site, mark):
    assert site.send("[prefix] " + mark).code == 250
    assert fields(site.arrived(mark), "Subject") == [b" [told] [prefix] " + mark.encode()]


def test_fields_and_body_that_nobody_changes_stay_as_they_were_and_are_judged_so(site, mark):
    """And what Sendmail adds, it adds behind: a Date, and a Message-ID."""
    body = b".\r\n..\r\n.dot\r\n" + b"x" * 900 + b"\r\n\r\n  blanks  \r\n" + "ü".encode() + b"\r\n"
    mail = b"From: a@client.example\r\nSubject:  two  blanks\r\nX-Folded: one\r\n\ttwo\r\n  three\r\nX-Bare:" + mark.encode() \
        + b"\r\n\r\n" + body
    assert send(site.port, mail, "user@example.com").code == 250
    message = site.arrived(mark)
    assert message.endswith(b"\r\n\r\n" + body)
    assert fields(message, "Subject") == [b"  two  blanks"]
    assert fields(message, "X-Folded") == [b" one\r\n\ttwo\r\n  three"]
    assert fields(message, "X-Bare") == [mark.encode()]
    assert fields(message, "Date") and fields(message, "Message-Id")
    assert site.gateway.decisions()[-1]["size"] == len(mail)


def test_what_is_held_is_in_the_quarantine_and_arrives_once_it_is_released(site, mark):
    assert site.send("[hold] " + mark).code == 250
    [held] = [h for h in site.gateway.held() if mark in h["subject"]]
    assert site.send("clean", X_Mark="after-" + mark).code == 250
    assert site.arrived("after-" + mark) and len(site.all_for("user@example.com", mark)) == 1
    assert site.gateway.control("quarantine", "release", str(held["number"])) is not None
    assert wait_until(lambda: len(site.all_for("user@example.com", mark)) == 2)


def test_who_it_is_held_for_is_taken_out_and_the_other_has_it(site, mark):
    assert site.send("[half] " + mark, "user@example.com", "Second@Example.com").code == 250
    assert site.arrived(mark)
    [held] = [h for h in site.gateway.held() if mark in h["subject"]]
    assert held["to"].lower() == "second@example.com"
    assert [m.recipients for m in site.behind.messages if mark.encode() in m.content] == [["user@example.com"]]


def test_what_is_discarded_is_answered_and_arrives_nowhere(site, mark):
    assert site.send("[discard] " + mark).code == 250
    assert site.send("clean", X_Mark="after-" + mark).code == 250
    assert site.arrived("after-" + mark) and len(site.all_for("user@example.com", mark)) == 1


def body_of(message):
    return message.partition(b"\r\n\r\n")[2]


def test_a_file_is_taken_out_and_a_banner_and_a_disclaimer_are_put_in(site, mark):
    mail = samples.message("[banner] [below] [mark]", X_Mark=mark)
    mail.add_attachment(b"MZ" + bytes(range(256)), "application", "octet-stream", filename="a.exe")
    mail.add_attachment("kept", filename="b.txt")
    assert send(site.port, samples.octets(mail), "user@example.com").code == 250
    message = site.arrived(mark)
    body = body_of(message)
    assert all(words in body for words in (b"From outside", b"Example Ltd", b"it was taken out", b'filename="b.txt"'))
    assert b"a.exe" not in body and fields(message, "X-Mark") == [b" it is marked", b" " + mark.encode()]


def test_dots_and_lines_of_a_changed_body_stay_as_they_are(site, mark):
    body = b".\r\n..\r\n.dot\r\n\r\n  blanks  \r\nFrom here\r\n" + b"x" * 900 + b"\r\n.\r\n"
    mail = b"From: a@client.example\r\nSubject: [below]\r\nX-Mark: %s\r\n\r\n" % mark.encode() + body
    assert send(site.port, mail, "user@example.com").code == 250
    stored = body_of(site.arrived(mark))
    assert stored.startswith(body) and b"Example Ltd" in stored[len(body):]


def test_ten_megabytes_are_changed_and_no_octet_is_lost(site, mark):
    lines = b"".join(b"%07d %s\r\n" % (n, b"y" * 60) for n in range(10 * 1024 * 1024 // 70))
    mail = b"From: a@client.example\r\nSubject: [banner]\r\nX-Mark: %s\r\n\r\n" % mark.encode() + lines
    assert send(site.port, mail, "user@example.com").code == 250
    stored = body_of(site.arrived(mark))
    assert b"From outside" in stored[:200] and stored.endswith(lines)


def test_a_blind_copy_and_what_goes_elsewhere_arrive(site, mark):
    assert site.send("[bcc] [elsewhere] " + mark, "user@example.com", "second@example.com").code == 250
    assert site.arrived(mark)
    assert wait_until(lambda: site.all_for("third@example.com", mark) and site.all_for("abuse@example.com", mark), 40)
    assert not site.all_for("second@example.com", mark)


def test_what_leaves_has_a_tagged_sender_and_a_bounce_to_it_reaches_its_owner(own_dir, mark):
    key = own_dir / "batv.key"
    key.write_text("a secret that nobody knows\n")
    key.chmod(0o600)
    with site_in(own_dir, rules=SENDMAIL_RULES + 'batv { key "%s" }\n' % key) as site:
        assert send(site.ports[587], samples.clean("leaves", X_Mark="left-" + mark), "user@example.com", sender="anna@example.com").code == 250
        assert site.arrived("left-" + mark)
        tagged = site.behind.messages[-1].sender
        assert re.fullmatch(r"prvs=\d{4}[0-9a-f]{6}=anna@example\.com", tagged)
        assert site.send("a bounce", tagged, sender="", X_Mark=mark).code == 250
        assert wait_until(lambda: site.all_for("anna@example.com", mark))
        [message] = [m for m in site.behind.messages if mark.encode() in m.content and b"a bounce" in m.content]
        assert message.recipients == ["anna@example.com"] and fields(message.content, "X-Tag") == [b" valid"]


def test_several_messages_of_one_session_each_have_their_verdict(site, mark):
    several_verdicts(site.port, mark)
    assert site.arrived(mark)


def test_each_port_asks_whom_it_is_told_to(site, mark):
    for number in (587, 10025):
        assert send(site.ports[number], samples.clean("[mark] %d-%s" % (number, mark)), "user@example.com").code == 250
    users = site.arrived("587-" + mark)
    assert fields(users, "X-Way") == [b" out"] and fields(users, "X-Mark") and not fields(users, "Authentication-Results")
    assert site.gateway.decisions()[-1]["listener"] == "submitted"
    assert not fields(site.arrived("10025-" + mark), "X-Mark")


def test_a_proxy_that_dies_in_a_message_puts_it_off(site):
    die_in_a_message(site.port, site.gateway)


def test_a_gatepost_that_is_away_puts_mail_off_and_is_asked_again_once_it_is_back(own_dir, mark):
    with site_in(own_dir) as site:
        with Session(site.port) as client:
            client.ehlo()
            client.envelope("user@example.com")
            assert client.data(samples.clean("clean", X_Mark=mark)).code == 250
            site.gateway.stop()
            reply = client.command("MAIL FROM:<sender@client.example>")
            assert reply.code // 100 == 4
        reply = site.send("[mark] back-" + mark)
        assert (reply.code, reply.enhanced) == (451, "4.3.2")
        site.gateway.start()
        assert wait_until(lambda: site.send("[mark] back-" + mark).code == 250, 40)
        assert fields(site.arrived("back-" + mark), "X-Mark") == [b" it is marked"]


@pytest.mark.parametrize("flag, code", [("F=T, ", 451), ("F=R, ", 554), ("", 250)])
def test_without_a_gatepost_each_flag_does_as_the_page_says(own_dir, mark, flag, code):
    needs.to_be_root("a Sendmail of its own")
    site = Site(own_dir, edit=lambda mc: mc.replace("F=T, ", flag))
    site.sendmail.prepare()
    try:
        site.start()
        assert site.send("[refuse] " + mark).code == code
        assert code != 250 or site.arrived(mark)
    finally:
        site.sendmail.stop()
        site.behind.stop()


def test_a_gateway_that_hangs_puts_mail_off(own_dir, mark):
    with site_in(own_dir, edit=lambda mc: mc.replace("R:60s", "R:2s")) as site:
        with asleep(site.gateway.pids("gatepost-proxy")):
            assert site.send("clean").code // 100 == 4
        assert wait_until(lambda: site.send("clean", X_Mark=mark).code == 250)
        assert site.arrived(mark)


def test_a_local_socket_is_asked_as_well(own_dir, mark):
    def edit(mc):
        return re.sub(r"S=inet:\d+@127\.0\.0\.1", "S=local:" + LOCAL_SOCKET, mc, count=1)

    with site_in(own_dir, edit=edit, where="unix:%s/sendmail%s" % (own_dir, LOCAL_SOCKET)) as site:
        assert site.send("[mark] " + mark).code == 250
        assert fields(site.arrived(mark), "X-Mark") == [b" it is marked"]


def test_rules_are_told_how_the_client_is_encrypted(own_dir, authority, mark):
    rules = 'rule "plain" when not tls.active then reject 550 5.7.1 "in the clear"\n' \
            'rule "how" when tls.version is known then header add "X-How" "{tls.version} {tls.cipher}"\n'
    with site_in(own_dir, rules=rules, certificate=authority.certificate("sendmail.example.com")) as site:
        assert site.send("clean").code == 550
        with Session(site.port) as client:
            client.ehlo()
            client.starttls()
            client.ehlo()
            client.envelope("user@example.com")
            assert client.data(samples.clean("clean", X_Mark=mark)).code == 250
        [how] = fields(site.arrived(mark), "X-How")
        assert re.fullmatch(rb" TLSv1\.3 TLS_\w+", how)


@pytest.mark.skipif(not PEER.exists(), reason="not built")
def test_what_leaves_is_signed_and_verifies_where_it_arrives_though_it_is_folded_anew(own_dir, mark):
    key = Key(own_dir, "example.com", "2026a")
    authors = b"Anna B. Smith <anna@example.com>", b"=?iso-8859-1?q?J=F6rg?= <anna@example.com>"
    with site_in(own_dir, rules=sentence(["example.com"], key)) as site:
        assert site.gateway.wait_log("gatepost-sign ready", 20)
        for number, author in enumerate(authors):
            to = b",\r\n\t".join(b'"User, %d" <user%d@example.com>' % (n, n) for n in range(40))
            mail = samples.clean("x", X_Mark="%d-%s" % (number, mark))
            mail = mail.replace(b"From: sender@client.example", b"From: " + author).replace(b"To: user@example.com", b"To: " + to)
            assert send(site.ports[587], mail, "user@example.com", sender="anna@example.com").code == 250
            message = site.arrived("%d-%s" % (number, mark))
            assert fields(message, "To") != fields(mail, "To")
            assert verify(message[message.index(b"DKIM-Signature:"):], key) == [("example.com", "2026a", True)]


@pytest.mark.skipif(not PEER.exists(), reason="not built")
@pytest.mark.parametrize("flag, verifies", [("", False), ("define(`SMTP_MAILER_FLAGS', `8')dnl\n", True)], ids=["usual", "as documented"])
def test_a_signature_of_eight_bits_verifies_at_a_server_of_seven(own_dir, flag, verifies):
    key = Key(own_dir, "example.com", "2026a")
    behind = Backend(extensions=[word for word in EXTENSIONS if word not in ("8BITMIME", "SMTPUTF8")])
    mail = b"From: anna@example.com\r\nTo: user@example.com\r\nDate: Mon, 05 Jan 2026 10:00:00 +0000\r\nMessage-ID: <a@example.com>\r\n" \
        b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + "Grüße\r\n".encode()
    assert flag == "" or flag.strip()[:-3] in open("docs/postfix.md").read()
    with site_in(own_dir, rules=sentence(["example.com"], key), edit=lambda mc: mc + flag, behind=behind) as site:
        assert site.gateway.wait_log("gatepost-sign ready", 20)
        with Session(site.ports[587]) as client:
            client.ehlo()
            client.expect("MAIL FROM:<anna@example.com> BODY=8BITMIME", 250)
            client.expect("RCPT TO:<user@example.com>", 250)
            assert client.data(mail).code == 250
        message = site.arrived("<a@example.com>")
    [(_, _, how)] = verify(message[message.index(b"DKIM-Signature:"):], key)
    assert (how is True) == verifies, how
    assert ("Grüße".encode() in message) == verifies
