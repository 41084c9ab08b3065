# SPDX-License-Identifier: ISC
"""What any mail server that asks of a milter is to be told, by these rules, and what it makes of it."""
from lab import samples
from lab.process import kill, wait_until
from lab.smtp_client import Session

RULES = """
rule "sender" when sender == "bad@client.example" then reject 553 5.7.1 "100% refused: {sender}"
rule "later" when recipient == "second@example.com" and sender == "odd@client.example" then defer 451 4.7.0 "for the second later"
rule "marked" when message.subject contains "[mark]" then header add "X-Mark" "it is marked"
rule "subject" when message.subject contains "[prefix]" then subject prefix "[told] "
rule "without" when message.subject contains "[without]" then header remove "X-Private"
rule "refused" when message.subject contains "[refuse]" then reject 554 5.7.1 "content is not wanted"
rule "put off" when message.subject contains "[defer]" then defer 450 4.7.1 "come again"
rule "thrown away" when message.subject contains "[discard]" then discard
rule "held" when message.subject contains "[hold]" then quarantine "spam"
rule "held for one" when message.subject contains "[half]" and recipient == "second@example.com" then quarantine "spam"
"""


def several_verdicts(port, mark):
    """In one session of a client; the last message, with that mark, is taken."""
    with Session(port) as client:
        client.ehlo()
        for subject, code in (("clean", 250), ("[refuse]", 554), ("clean", 250), ("[defer]", 450), ("clean", 250)):
            client.envelope("user@example.com")
            assert client.data(samples.clean(subject)).code == code
        client.expect("MAIL FROM:<sender@client.example>", 250)
        client.expect("RSET", 250)
        client.envelope("user@example.com")
        assert client.data(samples.clean("clean", X_Mark=mark)).code == 250


def die_in_a_message(port, gateway):
    """All proxies do: the message is put off, and others serve."""
    with Session(port) as client:
        client.ehlo()
        client.envelope("user@example.com")
        before = gateway.pids("gatepost-proxy")
        gateway.caused += ["died", "signal=9"]
        for pid in before:
            kill(pid)
        assert client.data(samples.clean("clean")).code // 100 == 4
        assert wait_until(lambda: len(set(gateway.pids("gatepost-proxy")) - set(before)) == 2)
        assert wait_until(gateway.answers)
