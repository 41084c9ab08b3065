# SPDX-License-Identifier: ISC
"""A message that does not begin with a field has no header: not for the rules, and not for the server behind."""
import pytest

from lab import check, needs
from lab.gatepost import backend, domains
from lab.smtp_client import send

MARKED = """
rule "mark" when helo != "nobody.example" then header add "X-Spam-Flag" "YES", header remove "X-Secret", subject prefix "[marked] "
rule "odd" when message.malformations contains "header-bad-name" then score 1 as "odd"
rule "no author" when message.from_fields == 0 then score 2 as "no author"
"""
INNER = b"From: a@client.example\r\nSubject: inner\r\nX-Secret: 1\r\n\r\nbody\r\n"
ALL_BODY = {
    "folded": b" folded\r\n" + INNER,
    "folded field": b"\tX-Spam-Flag: NO\r\n" + INNER,
    "text": b"text first\r\n" + INNER,
    "no name": b": x\r\n" + INNER,
    "blank in the name": b"A b: x\r\n" + INNER,
    "8-bit name": b"gr\xc3\xbcn: x\r\n" + INNER,
    "blanks": b" \r\n" + INNER,
    "a letter": b"From here on it is a letter\r\n\r\nand goes on\r\n",
    "mailbox line, then folded": b"From a@b.example Thu Jan  1 00:00:00 2026\r\n folded\r\n" + INNER,
    "no mailbox line": b"From x: ceo@example.com\r\n" + INNER,
    "text alone": b"text\r\n",
    "a dot": b". \r\n" + INNER,
}


@pytest.fixture(scope="module")
def site(run_dir):
    from lab.backend import Backend
    from lab.gatepost import Gatepost
    if not needs.IS_ROOT:
        pytest.skip("needs root: Gatepost's parent")
    server = Backend().start()
    folder = run_dir / "first-line"
    folder.mkdir()
    gateway = Gatepost(folder, backend("behind", server.port) + domains("behind", "example.com") + MARKED)
    gateway.behind = server
    try:
        yield gateway.start()
    finally:
        gateway.stop()
        server.stop()


def delivered(site, message):
    """The header and the rest as the server behind reads them."""
    site.behind.forget()
    assert send(site.port, message, "user@example.com").code == 250
    header, _, body = site.behind.messages[0].content.partition(b"\r\n\r\n")
    return header + b"\r\n", body


@pytest.mark.parametrize("name", ALL_BODY)
def test_our_fields_stand_alone_before_what_has_no_header(name, site):
    header, body = delivered(site, ALL_BODY[name])
    assert body == ALL_BODY[name]
    assert header.startswith(b"Received: from ")
    assert b"\r\nX-Spam-Flag: YES\r\nSubject: [marked] \r\n" in header and header.endswith(b"Subject: [marked] \r\n")
    assert site.decisions()[-1]["score"] >= 2, "a From was found"


def test_the_recorded_message_keeps_the_flag_as_it_was_given(site):
    case = needs.CORPORA.parent / "cases" / "wire" / "w7-folded-first-line.eml"
    if not case.exists():
        pytest.skip("%s is not here" % case)
    header, body = delivered(site, case.read_bytes())
    assert b"\r\nX-Spam-Flag: YES\r\n" in header and body == case.read_bytes()


@pytest.mark.parametrize("first", [b"", b"From a@b.example Thu Jan  1 00:00:00 2026\r\n", b">From a@b.example Thu Jan  1\r\n"],
                         ids=["", "From", ">From"])
def test_a_header_stays_one_and_a_mail_boxs_line_before_it_goes(first, site):
    header, body = delivered(site, first + INNER)
    assert body == b"body\r\n"
    assert header.endswith(b"X-Spam-Flag: YES\r\nFrom: a@client.example\r\nSubject: [marked] inner\r\n")
    assert site.decisions()[-1]["score"] == 0


def test_an_empty_line_first_is_the_end_of_our_header(site):
    header, body = delivered(site, b"\r\n" + INNER)
    assert body == INNER and header.endswith(b"Subject: [marked] \r\n")


@pytest.mark.parametrize("name", ALL_BODY)
def test_check_says_what_the_proxy_found(name, site, tmp_path):
    delivered(site, ALL_BODY[name])
    live = site.decisions()[-1]
    (tmp_path / "m.eml").write_bytes(ALL_BODY[name])
    told = check.batch(tmp_path, {"m": tmp_path / "m.eml"}, check.configuration(tmp_path, MARKED))["m"]
    assert (told["verdict"], told["score"], told["rules"]) == (live["verdict"], live["score"], live["rules"])
    assert told["facts"]["message.from_fields"] == 0
    for fact in ("message.malformations", "message.from_fields"):
        assert live["facts"][fact] == told["facts"][fact]
