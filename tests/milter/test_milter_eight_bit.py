# SPDX-License-Identifier: ISC
"""What Gatepost has signed for a mail server that asks verifies at the next one, also where that takes seven bits alone: with the
settings of docs/postfix.md, and not without."""
import pytest

from lab.backend import EXTENSIONS, Backend
from lab.dkim_keys import PEER, Key, sentence, verify
from lab.documents import of_text
from lab.gatepost import running
from lab.milter_site import Site
from lab.process import wait_until
from lab.smtp_client import Session

SENDS_ON = """
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
disable_dns_lookups = yes
default_transport = smtp
relayhost = [127.0.0.1]:{port}
"""
SEVEN_BITS = tuple(word for word in EXTENSIONS if word not in ("8BITMIME", "SMTPUTF8"))
MESSAGES = {
    "text": b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + "Grüße, ж\r\n.\r\n..ü\r\n".encode(),
    "parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n"
             b"Content-Transfer-Encoding: 8bit\r\n\r\n" + "<p>Grüße</p>\r\n".encode() + b"--b--\r\n",
}

pytestmark = pytest.mark.skipif(not PEER.exists(), reason="not built")


class SendingSite(Site):
    """Whose Postfix sends on to `onward`."""

    def __init__(self, folder, rules, onward, options):
        self.onward = onward
        super().__init__(folder, rules, options=SENDS_ON.format(port=onward.port) + options, listen="outbound relay behind")
        services = self.postfix._more_services()
        self.postfix._more_services = lambda: services + "smtp unix - - n - - smtp\nrelay unix - - n - - smtp\n"


def documented():
    """The sentence of the page that is about this."""
    return next(block.text for block in of_text("docs/postfix.md") if "disable_mime_output_conversion =" in block.text)


@pytest.mark.parametrize("kind", MESSAGES)
@pytest.mark.parametrize("extensions, documented_way, verifies", [(EXTENSIONS, False, True), (SEVEN_BITS, False, False), (SEVEN_BITS, True, True)],
                         ids=["eight bits", "seven bits", "seven bits as documented"])
def test_a_signature_of_eight_bits_verifies_at_the_next_server(own_dir, extensions, documented_way, verifies, kind):
    key = Key(own_dir, "example.com", "2026a")
    rules = sentence(["example.com"], key) + 'rule "below" then disclaimer "Example Ltd"\n'
    onward = Backend(extensions=extensions)
    site = SendingSite(own_dir, rules, onward, documented() if documented_way else "")
    with running(site.gateway, [site.postfix, onward], ready=("gatepost-milter ready", "gatepost-sign ready", "scanners ready program=gatepost-scan")):
        onward.start()
        site.postfix.start()
        with Session(site.postfix.port) as client:
            client.ehlo()
            client.expect("MAIL FROM:<anna@example.com> BODY=8BITMIME", 250)
            client.expect("RCPT TO:<someone@elsewhere.example>", 250)
            assert client.data(b"From: anna@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n" + MESSAGES[kind]).code == 250
        assert wait_until(lambda: onward.messages)
        content = onward.messages[0].content
    signed = content[content.index(b"DKIM-Signature:"):]
    assert b"Example Ltd" in signed
    [(domain, selector, how)] = verify(signed, key)
    assert (domain, selector, how is True) == ("example.com", "2026a", verifies), how
    assert ("Grüße".encode() in signed) == verifies
