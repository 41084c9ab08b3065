# SPDX-License-Identifier: ISC
"""Rules on what a message says and where it points, in a running gateway and in `gatepostctl check`."""
import base64

import pytest

from lab import check, needs
from lab.backend import Backend
from lab.gatepost import Gatepost, backend, domains
from lab.smtp_client import Session

pytestmark = pytest.mark.skipif(not (needs.BUILD / "gatepostctl").exists(), reason="gatepostctl is not built")

RULES = """
rule "phrase" when message.text contains "verify your account" then reject 550 5.7.1 "phrase"
rule "pattern" when message.text matches /(?i)transfer .{1,20} bitcoin/ then reject 550 5.7.1 "pattern"
rule "other name" when any l in links (l.text_domain == "bank.example" and l.domain != "bank.example")
  then reject 550 5.7.1 "{l.text} leads to {l.host}"
rule "address" when any l in links (l.ip) then reject 550 5.7.1 "address"
rule "short" when any l in links (l.shortened) then reject 550 5.7.1 "short"
rule "place" when any l in links (l.domain == "shop.example" and l.path starts with "/wp-content/") then reject 550 5.7.1 "place"
rule "file" when any l in links (l.source == file and l.domain == "evil.example") then reject 550 5.7.1 "file"
rule "differ" when message.parts_differ then reject 550 5.7.1 "differ"
rule "undeclared" when message.malformations in ("charset-missing", "eight-bit-undeclared") then reject 550 5.7.1 "{message.malformations}"
"""

ONE = ("garden window letter summer winter kitchen bottle village orange purple silver copper "
       "marble timber leather cotton station minute engine monday flower")
OTHER = ("casino jackpot bonus winner million lottery prize claim urgent wallet crypto profit invest "
         "broker account deposit withdraw secret offer discount pharmacy medicine replica watches")


def mail(body, kind="text/plain", charset="; charset=utf-8", head="", encoding="8bit"):
    fields = "MIME-Version: 1.0\r\nContent-Type: %s%s\r\n" % (kind, charset)
    fields += "Content-Transfer-Encoding: %s\r\n" % encoding if encoding else ""
    body = body if isinstance(body, bytes) else body.encode()
    return b"From: a@client.example\r\nSubject: s\r\n" + fields.encode() + head.encode() + b"\r\n" + body.replace(b"\n", b"\r\n") + b"\r\n"


def html(body):
    return mail(body, "text/html")


def choice(plain, page):
    return mail("--b\nContent-Type: text/plain\n\n%s\n--b\nContent-Type: text/html\n\n%s\n--b--" % (plain, page), "multipart/alternative; boundary=b", "")


def calendar(text):
    part = "Content-Type: text/calendar; name=a.ics\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\n"
    return mail("--b\n\nhello\n--b\n%s%s\n--b--" % (part, base64.b64encode(text.encode()).decode()), "multipart/mixed; boundary=b", "")


CASES = {
    "phrase over two lines": (mail("Please verify your\naccount today"), "phrase"),
    "phrase in HTML": (html("<p>Please <b>verify</b>&nbsp;your<br>account</p>"), "phrase"),
    "phrase with hidden words": (html("ver<span style='display:none'>xx</span>ify your ac&#8203;count"), "phrase"),
    "phrase with a class that hides": (html("<style>.h{font-size:0}</style>verify<i class=h> not</i> your account"), "phrase"),
    "phrase that nobody sees": (html("<div style='display:none'>verify your account</div>hello"), None),
    "phrase in two paragraphs": (mail("verify your\n\naccount"), None),
    "phrase in a file": (mail("--b\n\nhello\n--b\nContent-Disposition: attachment; filename=a.txt\n\nverify your account\n--b--",
                              "multipart/mixed; boundary=b", ""), None),
    "pattern": (mail("You will TRANSFER 2 or 3 Bitcoin"), "pattern"),
    "other name": (html('<a href="https://evil.example/x">www.bank.example/login</a>'), "www.bank.example/login leads to evil.example"),
    "own name": (html('<a href="https://login.bank.example/x">www.bank.example/login</a>'), None),
    "address": (mail("see http://192.0.2.1/x"), "address"),
    "address in another spelling": (html('<a href="http:&#47;&#47;0xC0.0.513">x</a>'), "address"),
    "short": (mail("see https://bit.ly/abc"), "short"),
    "place": (html('<a href="https://shop.example/wp-content/x.php?y">x</a>'), "place"),
    "another place": (html('<a href="https://shop.example/blog?/wp-content/">x</a>'), None),
    "file": (calendar("BEGIN:VCALENDAR\nBEGIN:VEVENT\nURL:https://evil.example/\nEND:VEVENT\nEND:VCALENDAR\n"), "file"),
    "no file": (mail("https://evil.example/"), None),
    "differ": (choice(ONE, "<p>%s</p>" % OTHER), "differ"),
    "same": (choice(ONE, "<p>%s</p>" % ONE.replace(" ", "\n<b>x</b> ")), None),
    "stub": (choice("Your program does not show HTML.", "<p>%s</p>" % OTHER), None),
    "no charset": (mail("caf\u00e9", charset=""), "charset-missing"),
    "undeclared": (mail("caf\u00e9", encoding=""), "eight-bit-undeclared"),
    "neither": (mail("caf\u00e9"), None),
    "ASCII": (mail("cafe", charset="", encoding=""), None),
}


@pytest.fixture(scope="module")
def gateway(run_dir):
    server = Backend().start()
    folder = run_dir / "words"
    folder.mkdir()
    body = backend("behind", server.port) + domains("behind", "example.com") + RULES
    it = Gatepost(folder, body, changes={"antivirus": {"enabled": "off"}})
    yield it.start()
    status = it.stop()
    server.stop()
    assert status == 0


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    paths = {}
    for number, (name, (message, _)) in enumerate(CASES.items()):
        paths[name] = folder / ("%d.eml" % number)
        paths[name].write_bytes(message)
    return check.batch(folder, paths, check.configuration(folder, RULES))


@pytest.mark.parametrize("name", CASES)
def test_a_rule_decides(name, gateway, offline):
    message, expected = CASES[name]
    with Session(gateway.port) as client:
        client.ehlo()
        client.envelope("u@example.com")
        reply = client.data(message)
    assert (reply.code == 250) == (expected is None), reply
    assert expected is None or expected in reply.text
    answer = offline[name]
    assert (answer["verdict"] == "accept") == (expected is None) and (expected or "") in str(answer["reply"]), answer
