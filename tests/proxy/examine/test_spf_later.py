# SPDX-License-Identifier: ISC
"""SPF is found out with the message where no rule would do anything before because of it: the same is said, known and recorded in the end,
and a scanner is asked once less."""
import re

import pytest

from lab import needs, samples
from lab.gatepost import backend, domains, shipped_policy
from lab.internet import LISTS
from lab.process import wait_until
from lab.smtp_client import Session

pytestmark = needs.root
GREYLIST = "greylist { delay 1h  passes 1 }\n"
# Pending before each message, whatever was found out but SPF: so that is found out first.
AT_ONCE = 'rule "nothing" when spf.problem == "no such problem" then reject 550 5.7.1 "no"\n'
KNOWN = 10  # the host of good.example
CHANGES_EACH_TIME = {"client.port", "greylist.first_seen"}
MESSAGE = samples.clean()

# who brings it: (host, HELO, sender)
SENDERS = {
    "in good order": (KNOWN, "mail.good.example", "a@good.example"),
    "a bounce": (KNOWN, "mail.good.example", ""),
    "not allowed to send": (77, "mail.good.example", "a@good.example"),
    "without a record": (KNOWN, "mail.good.example", "a@nothing.example"),
    "a name that leads nowhere": (KNOWN, "no.such.example", "a@good.example"),
    "no name in HELO": (KNOWN, "[192.0.2.1]", "a@good.example"),
}


@pytest.fixture
def new_gateway(start, new_backend, internet):
    def make(more="", policy=None):
        server = new_backend()
        gateway = start(backend("behind", server.port) + domains("behind", "example.com") + internet.configuration + LISTS + GREYLIST
                     + more + (policy or shipped_policy()), changes={"process": {"proxies": 1}})
        gateway.behind = server
        return gateway
    return make


def attempt(gateway, internet, host, helo, sender, recipients=("user@example.com",)):
    """(what each command was answered with, the record)"""
    before, said = len(gateway.decisions()), []
    with Session(gateway.port, source=internet.address(host)) as client:
        client.ehlo(helo)
        for line in ["MAIL FROM:<%s>" % sender] + ["RCPT TO:<%s>" % one for one in recipients]:
            said.append(client.command(line).code)
        if said[-1] == 250:
            said.append(client.data(MESSAGE).code)
    assert wait_until(lambda: len(gateway.decisions()) > before)
    return said, gateway.decisions()[-1]


def is_known(gateway, internet):
    """One message of a sender in good order makes his network known."""
    assert attempt(gateway, internet, *SENDERS["in good order"])[0][-1] == 250
    return gateway


def told(record):
    facts = {name: value for name, value in record["facts"].items() if name not in CHANGES_EACH_TIME}
    return record["verdict"], record.get("rules"), record["stage"], facts


def traces(gateway):
    """What those behind are told of SPF, DKIM and DMARC."""
    header = re.sub(rb"\r\n(?=[ \t])", b"", gateway.behind.messages[-1].content.partition(b"\r\n\r\n")[0])
    return [line for line in header.split(b"\r\n") if line.lower().startswith((b"received-spf:", b"authentication-results:"))]


def set_apart(one, other):
    """Facts that differ, with both values."""
    return [(name, (one.get(name), other.get(name))) for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]


@pytest.mark.parametrize("who", SENDERS)
def test_what_is_said_and_recorded_does_not_depend_on_when_spf_is_found_out(new_gateway, internet, who):
    later, at_once = is_known(new_gateway(), internet), is_known(new_gateway(AT_ONCE), internet)
    for _ in range(2):
        codes, record = attempt(later, internet, *SENDERS[who])
        expected_codes, expected = attempt(at_once, internet, *SENDERS[who])
        assert codes == expected_codes
        assert told(record)[:3] == told(expected)[:3]
        assert dict(set_apart(told(record)[3], told(expected)[3])) == {}
        assert "spf.result" in record["facts"]
        assert traces(later) == traces(at_once)


def test_of_a_known_sender_in_good_order_a_scanner_is_asked_once(new_gateway, internet):
    later, at_once = is_known(new_gateway(), internet), is_known(new_gateway(AT_ONCE), internet)
    asked = [min(attempt(gateway, internet, *SENDERS["in good order"])[1]["cost"]["sender"]["count"] for _ in range(3))  # names that came late cost a round
             for gateway in (later, at_once)]
    assert asked[0] < asked[1]


def test_a_stranger_is_judged_by_spf_before_his_message(new_gateway, internet):
    codes, record = attempt(new_gateway(), internet, *SENDERS["not allowed to send"])
    assert codes == [250, 550]
    assert record["facts"]["spf.helo"] == "fail" and record["facts"]["greylist.known"] is False


def test_each_recipient_has_what_is_his(new_gateway, internet):
    gateway = is_known(new_gateway(), internet)
    codes, record = attempt(gateway, internet, *SENDERS["in good order"], recipients=("user@example.com", "other@example.com"))
    assert codes == [250, 250, 250, 250]
    assert record["facts"]["spf.result"] == "pass" and record["facts"]["greylist.known"] is True


@pytest.mark.parametrize("rules", ['rule "counts" when rate(spf.domain, 1h, recipients) > 1000 then reject 550 5.7.1 "no"\n',
                                   'smtp { refuse_early on }\nrule "at MAIL" when spf.result == permerror then reject 550 5.7.1 "no"\n'],
                         ids=["counted by its domain", "refused at MAIL"])
def test_what_needs_spf_before_has_it(new_gateway, internet, rules):
    gateway = is_known(new_gateway(rules), internet)
    codes, record = attempt(gateway, internet, *SENDERS["in good order"])
    assert codes == [250, 250, 250] and record["cost"]["sender"]["count"] >= 2
