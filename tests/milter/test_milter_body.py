# SPDX-License-Identifier: ISC
"""What rules change in the body of a message is changed where a real Postfix asks."""
import concurrent.futures
import email
import email.policy

import pytest

from lab import samples
from lab.dkim_keys import PEER, Key, sentence, verify
from lab.milter_site import site_in
from lab.process import asleep, wait_until
from lab.smtp_client import send

BODY_RULES = """
rule "strip" then strip each a in attachments (a.name contains ".exe") "it was taken out"
rule "top" when message.subject contains "[banner]" then banner "From outside"
rule "bottom" when message.subject contains "[below]" then disclaimer "Example Ltd"
rule "marked" when message.subject contains "[mark]" then header add "X-Mark" "it is marked"
"""


@pytest.fixture(scope="module")
def site(run_dir):
    folder = run_dir / "milter-body"
    folder.mkdir()
    with site_in(folder, BODY_RULES) as site:
        assert site.gateway.wait_log("scanners ready program=gatepost-scan", 40)
        yield site


def parsed(octets):
    return email.message_from_bytes(octets, policy=email.policy.default)


def sent(site, mail, mark, **envelope):
    octets = mail if isinstance(mail, bytes) else samples.octets(mail)
    assert send(site.postfix.port, octets, "user@example.com", **envelope).code == 250
    return site.arrived("user@example.com", mark)


def body_of(octets):
    return octets.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1]


def test_an_attachment_is_taken_out_and_the_rest_stays_to_the_octet(site, mark):
    mail = samples.message("a file", X_Mark=mark)
    mail.add_attachment(b"MZ" + bytes(range(256)), "application", "octet-stream", filename="a.exe")
    mail.add_attachment("kept", filename="b.txt")
    stored = parsed(sent(site, mail, mark))
    _, taken_out, kept = stored.iter_parts()
    assert "it was taken out" in taken_out.get_content() and taken_out.get_filename() is None
    assert kept.get_filename() == "b.txt" and kept.get_content().strip() == "kept"
    assert site.gateway.decisions()[-1]["verdict"] == "accept"


def test_a_message_that_is_one_file_is_replaced_with_its_fields(site, mark):
    mail = b"From: a@client.example\r\nX-Mark: %s\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=a.exe\r\n" \
        b"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=a.exe\r\n\r\nTVqQAAMA\r\n" % mark.encode()
    stored = parsed(sent(site, mail, mark))
    assert stored.get_content_type() == "text/plain" and len(stored.get_all("Content-Type")) == len(stored.get_all("MIME-Version")) == 1 and stored.get_filename() is None
    assert "it was taken out" in stored.get_content() and b"TVqQ" not in stored.as_bytes()


def test_a_banner_stands_at_the_top_and_a_disclaimer_at_the_bottom(site, mark):
    mail = samples.octets(samples.message("[banner] [below] [mark]", X_Mark=mark))
    stored = sent(site, mail, mark)
    text = parsed(stored).get_content()
    assert text.splitlines()[0].strip() == "From outside" and text.rstrip().endswith("Example Ltd")
    assert stored.count(b"X-Mark: it is marked\n") == 1
    edits = {edit["kind"]: edit for edit in site.gateway.decisions()[-1]["edits"]}
    assert "left out" not in str(edits["banner"])


def test_dots_and_lines_of_a_changed_body_stay_as_they_are(site, mark):
    lines = [b".", b"..", b".dot", b"", b"  blanks  ", b"x" * 900, b"From here", b"."]
    body = b"\r\n".join(lines) + b"\r\n"
    mail = b"From: a@client.example\r\nSubject: [below]\r\nX-Mark: %s\r\n\r\n" % mark.encode() + body
    before = body.replace(b"\r\n", b"\n")
    stored = body_of(sent(site, mail, mark))
    assert stored.startswith(before) and b"Example Ltd" in stored[len(before):]


def test_ten_megabytes_are_changed_and_no_octet_is_lost(site, mark):
    lines = b"".join(b"%07d %s\r\n" % (n, b"y" * 60) for n in range(10 * 1024 * 1024 // 70))
    mail = b"From: a@client.example\r\nSubject: [banner]\r\nX-Mark: %s\r\n\r\n" % mark.encode() + lines
    stored = body_of(sent(site, mail, mark))
    assert b"From outside" in stored[:200]
    assert stored.endswith(lines.replace(b"\r\n", b"\n"))


def test_what_is_not_changed_is_no_other_body(site, mark):
    """And the mail server is not given one: it would write 8-bit text and line ends anew."""
    body = b"no end\r\n\r\n\r\n"
    mail = b"From: a@client.example\r\nSubject: [mark]\r\nX-Mark: %s\r\n\r\n" % mark.encode() + body
    assert body_of(sent(site, mail, mark)) == body.replace(b"\r\n", b"\n")


def test_half_of_a_changed_body_goes_nowhere(own_dir, mark):
    """The proxy gives up in the middle, as nobody takes more of it; what it has said by then is heard afterwards."""
    rules = BODY_RULES + 'rule "slow" when message.size > 1MiB then delay 3s\n'
    lines = b"".join(b"%07d %s\r\n" % (n, b"y" * 60) for n in range(10 * 1024 * 1024 // 70))
    mail = b"From: a@client.example\r\nSubject: [banner]\r\nX-Mark: %s\r\n\r\n" % mark.encode() + lines
    with site_in(own_dir, rules, {"timeouts": {"data": "5s"}}) as site:
        assert site.gateway.wait_log("scanners ready program=gatepost-scan", 40)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            sent = pool.submit(send, site.postfix.port, mail, "user@example.com")
            assert wait_until(lambda: "judging" in site.gateway.control("sessions"), 20)
            with asleep(site.gateway.pids("gatepost-milter")):
                assert wait_until(lambda: "judging" not in site.gateway.control("sessions"), 20)
            assert sent.result().code // 100 == 4
        assert not any(mark.encode() in message for message in site.postfix.messages("user@example.com"))
        assert not [r for r in site.gateway.decisions() if r["verdict"] == "accept"]


@pytest.mark.skipif(not PEER.exists(), reason="not built")
@pytest.mark.parametrize("words", ["[below]", "[banner] [below] [mark]"])
def test_signatures_are_made_of_what_was_changed(own_dir, mark, words):
    pytest.importorskip("dkim", reason="no python3-dkim")
    key = Key(own_dir, "example.com", "2026a")
    with site_in(own_dir, BODY_RULES + sentence(["example.com"], key), listen="outbound relay behind") as site:
        assert site.gateway.wait_log("gatepost-sign ready", 20)
        assert site.gateway.wait_log("scanners ready program=gatepost-scan", 40)
        mail = samples.message(words, sender="anna@example.com", X_Mark=mark)
        mail.add_attachment(b"MZ", "application", "octet-stream", filename="a.exe")
        message = sent(site, mail, mark, sender="anna@example.com")
        signed = message[message.index(b"DKIM-Signature:"):].replace(b"\n", b"\r\n")
        assert b"Example Ltd" in signed and b"it was taken out" in signed
        assert verify(signed, key) == [("example.com", "2026a", True)]
