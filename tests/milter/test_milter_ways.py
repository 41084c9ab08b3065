# SPDX-License-Identifier: ISC
"""Other recipients than the sender has named, and tagged ones, where a real Postfix asks and delivers."""
import re

import pytest

from lab import needs, samples
from lab.milter_site import site_in
from lab.process import wait_until
from lab.smtp_client import send

RULES = """
rule "strip" when message.subject contains "[strip]" then strip each a in attachments (a.name contains ".exe") "it was taken out"
rule "mark" when message.subject contains "[mark]" then header add "X-Mark" "yes"
rule "tag" when bounce.tag is not absent then header add "X-Tag" "{bounce.tag}"
rule "bcc" when message.subject contains "[bcc]" then bcc "third@example.com"
rule "copy" when message.subject contains "[copy]" then copy to "third@example.com"
rule "elsewhere" when message.subject contains "[elsewhere]" then redirect to "abuse@example.com"
rule "half" when message.subject contains "[half]" and recipient == "second@example.com" then redirect to "abuse@example.com"
"""
LEARN = """
learn {
  enabled on
  trap { "left@example.com" }
}
"""
UNTAG = r"/^prvs=[0-9]{4}[0-9a-f]{6}=(.+)$/ $1"
TAGGED = re.compile(rb"^Return-Path: <(prvs=\d{4}[0-9a-f]{6}=user@example\.com)>", re.M)


@pytest.fixture(scope="module")
def site(run_dir):
    folder = run_dir / "milter-ways"
    folder.mkdir()
    with site_in(folder, RULES + LEARN, {"timeouts": {"verdict": "5s"}}, options="smtpd_reject_unlisted_recipient = no\n") as site:
        assert site.gateway.wait_log("gatepost-release ready", 40)
        assert site.gateway.wait_log("scanners ready program=gatepost-scan", 40)
        yield site


def all_for(site, address, mark):
    return [m for m in site.postfix.messages(address) if mark.encode() in m]


def wait_for_all(site, mark, **counts):
    """Each has that many, and nobody more, once nothing is under way any more."""
    addresses = {local + "@example.com": count for local, count in counts.items()}
    assert wait_until(lambda: all(len(all_for(site, to, mark)) == count for to, count in addresses.items()), 20), \
        {to: len(all_for(site, to, mark)) for to in addresses}


def test_a_blind_copy_is_as_what_is_delivered_and_nothing_tells_of_it(site, mark):
    mail = samples.message("[bcc] [mark] [strip] " + mark)
    mail.add_attachment(b"MZ", "application", "octet-stream", filename="a.exe")
    assert send(site.postfix.port, samples.octets(mail), "user@example.com", sender="a@client.example").code == 250
    wait_for_all(site, mark, user=1, third=1)
    [copy], [delivered] = all_for(site, "third@example.com", mark), all_for(site, "user@example.com", mark)
    for message in copy, delivered:
        assert b"X-Mark: yes" in message and b"it was taken out" in message and b"TVo=" not in message
    assert b"third@" not in delivered


def test_a_copy_is_as_the_message_came(site, mark):
    assert site.send("[copy] [mark] " + mark).code == 250
    wait_for_all(site, mark, user=1, third=1)
    [copy] = all_for(site, "third@example.com", mark)
    assert b"X-Mark: yes" not in copy and b"X-Gatepost-Copy" in copy


def test_what_goes_elsewhere_goes_there_alone_and_as_it_was_changed(site, mark):
    assert site.send("[elsewhere] [mark] " + mark).code == 250
    wait_for_all(site, mark, user=0, abuse=1)
    [message] = all_for(site, "abuse@example.com", mark)
    assert b"X-Mark: yes" in message
    assert site.send("clean", X_Mark="after-" + mark).code == 250
    assert site.arrived("user@example.com", "after-" + mark)
    assert not [m for m in all_for(site, "user@example.com", mark) if b"after-" not in m]


def test_one_recipient_has_it_and_the_other_s_goes_elsewhere(site, mark):
    assert site.send("[half] " + mark, "user@example.com", "second@example.com").code == 250
    wait_for_all(site, mark, user=1, second=0, abuse=1)


def test_a_trap_is_answered_learnt_from_and_has_nothing(site, mark):
    learnt = lambda: [r for r in site.gateway.decisions() if r.get("learnt")]  # noqa: E731
    before = len(learnt())
    assert site.send("trap " + mark, "left@example.com", sender="a@client.example").code == 250
    assert wait_until(lambda: len(learnt()) == before + 1)
    assert site.send("both " + mark, "user@example.com", "left@example.com").code == 250
    wait_for_all(site, "both " + mark, user=1)
    assert not re.search(r"to=<left@example.com>.*status=", site.postfix.log())


@pytest.fixture(scope="module")
def key(run_dir):
    needs.to_be_root("a key that only root may read")
    key = run_dir / "milter-batv.key"
    key.write_text("a secret that nobody knows\n")
    key.chmod(0o600)
    return 'batv { key "%s" }\n' % key


@pytest.fixture(scope="module")
def tagged(run_dir, key):
    """By whom a message of user@example.com leaves."""
    folder = run_dir / "milter-tagged"
    folder.mkdir()
    with site_in(folder, RULES + key, listen="outbound relay behind") as site:
        assert site.send("leaves", sender="user@example.com", X_Mark="tagged").code == 250
        message = site.arrived("user@example.com", "tagged")
        assert site.send("not ours", sender="a@client.example", X_Mark="untagged").code == 250
        assert b"Return-Path: <a@client.example>" in site.arrived("user@example.com", "untagged")
        return TAGGED.search(message)[1].decode()


@pytest.mark.parametrize("how", ["by Gatepost alone", "by a map of Postfix as well"])
def test_a_bounce_to_a_tagged_sender_reaches_its_owner_once(own_dir, key, tagged, how, mark):
    (own_dir / "untag").write_text(UNTAG + "\n")
    options = "virtual_alias_maps = regexp:%s/untag\n" % own_dir if "map" in how else "smtpd_reject_unlisted_recipient = no\n"
    with site_in(own_dir, RULES + key, options=options) as site:
        assert site.send("a bounce", tagged, sender="", X_Mark=mark).code == 250
        message = site.arrived("user@example.com", mark)
        assert b"X-Tag: valid\n" in message and b"Delivered-To: user@example.com\n" in message
        assert site.send("an answer", tagged, "second@example.com", sender="a@client.example", X_Mark="answer-" + mark).code == 250
        assert site.arrived("second@example.com", "answer-" + mark)
        assert wait_until(lambda: len(all_for(site, "user@example.com", "answer-" + mark)) == 1)
        assert "status=bounced" not in site.postfix.log()
