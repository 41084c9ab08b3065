# SPDX-License-Identifier: ISC
"""The scripts of imaptest: each has through Gatepost, step by step, the outcome that it has from Dovecot itself; what needs an extension
that is not relayed is refused."""
import contextlib
import re

import pytest

from lab import imaptest, needs
from lab.imap_client import Session, logged_in, normalised

# It makes that every message is looked into.
RULES = 'rule "programs" when any a in attachments (a.extension == "exe") then reject 550 5.7.1 "no programs"\n'
CHANGES = {"limits": {"errors": 1000}}
FOLDER = needs.CORPORA / "imap-pop3" / "imaptest"
SCRIPTS = {path.name: path for path in sorted([*FOLDER.glob("*"), *FOLDER.glob("broken/*")])
           if path.is_file() and path.suffix != ".mbox" and not path.name.startswith("COPYING")}
# Extensions that are hidden, as what they give is not looked at: contents decoded, or made of others', or given to anybody, or unasked.
REFUSED = {
    "BINARY": {"append-binary", "fetch-binary-mime", "fetch-binary-mime-base64", "fetch-binary-mime-qp"},
    "CATENATE": {"catenate"}, "URLAUTH": {"urlauth", "urlauth2", "urlauth-binary"}, "NOTIFY": {"notify"},
    "CONTEXT=SEARCH": {"search-context-update", "search-context-update2", "search-partial"},
}
HIDDEN = {name: extension for extension, names in REFUSED.items() for name in names}
LEADS_ELSEWHERE = {b'list (remote) "" %'}
# How many steps Dovecot itself fails: it knows no more of LIST, and its time zone would have to be another.
FAILING = {"listext": 1, "search-intdate": 18}
BEFORE_LOGIN = {"id"}  # the gateway answers
NEEDING = (b"URLFETCH", b"GENURLAUTH", b"RESETKEY", b"NOTIFY", b"CANCELUPDATE", b"SEARCH RETURN (UPDATE", b"SEARCH RETURN (PARTIAL", b"FETCH 1 (BINARY", b"FETCH 1 BINARY")
ANSWERED = sorted(set(SCRIPTS) - set(HIDDEN))

pytestmark = [pytest.mark.usefixtures("no_proxy_dies"), pytest.mark.skipif(not SCRIPTS, reason="corpus imap-pop3/imaptest is not here")]


@pytest.fixture(scope="module")
def site(before_dovecot):
    return before_dovecot


@contextlib.contextmanager
def sessions(script, port, user):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Session(port) if script.state == "nonauth" else logged_in(port, user)) for _ in range(script.connections)]


def outcomes(name, site, port):
    """What they are of its steps, and what the server offers."""
    script = imaptest.read(SCRIPTS[name])
    user = "%s-%s@example.com" % (name, "through" if port == site.imap_port else "directly")
    site.server.fill(user, [])
    with sessions(script, port, user) as them:
        return imaptest.run(script, them, user), them[0].capabilities()


def said(outcome):
    """Without what differs though nothing is damaged: who asks for a literal, and says what is none, may be the gateway."""
    came = [re.sub(rb"( BAD ).*", rb"\1", normalised(response)) for response in outcome.responses]
    return [response for response in came if not response.startswith(b"+")]


@pytest.mark.parametrize("name", ANSWERED)
def test_a_script_has_the_outcome_that_it_has_without_us(name, site):
    (directly, _), (through, _) = (outcomes(name, site, port) for port in (site.server.imap_port, site.imap_port))
    for before, after in zip(directly, through, strict=True):
        if after.command in LEADS_ELSEWHERE:
            assert b" BAD " in after.responses[-1]
            continue
        assert before.failure == after.failure
        assert said(before) == said(after) or name in BEFORE_LOGIN, after.command
    failed = {outcome.command for outcome in directly if outcome.failure}
    assert len(failed) <= FAILING.get(name, 0), failed


@pytest.mark.parametrize("name", sorted(HIDDEN))
def test_a_script_of_an_extension_that_is_not_relayed_is_refused(name, site):
    through, offered = outcomes(name, site, site.imap_port)
    assert HIDDEN[name] not in {word.upper() for word in offered}
    needed = [outcome for outcome in through if outcome.failure]
    assert any(b" BAD " in outcome.responses[-1] for outcome in needed)
    assert not any(b" OK " in outcome.responses[-1] and outcome.command.upper().startswith(NEEDING) for outcome in through)
