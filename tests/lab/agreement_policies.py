# SPDX-License-Identifier: ISC
"""Policies for the comparison: one that names every fact there is and takes every action, one that names few."""
import re

from lab import needs

ROW = re.compile(r'^(FACT|KEYED)\(\w+, "([\w.]+)", .*?, (CONNECT|HELO|LOGIN|MAIL|RCPT|MESSAGE), (\w+), (?:CONTINUE|DEFER),', re.M)


def facts():
    """{fact without a key: its producer}, as facts.def has them."""
    rows = ROW.findall((needs.ROOT / "policy" / "facts.def").read_text())
    assert len(rows) > 80
    return {name: producer for kind, name, _, producer in rows if kind == "FACT" and producer != "POLICY"}


def producers():
    rows = ROW.findall((needs.ROOT / "policy" / "facts.def").read_text())
    return sorted({producer for _, _, _, producer in rows})


def names_all():
    """Rules that observe whether a fact is known, absent or unknown, for every fact."""
    return "".join('observe rule "%s is %s" when %s is %s then log "x"\n' % (fact, state, fact, state)
                   for fact in facts() for state in ("known", "absent", "unknown"))


# What rests on Redis has a name that begins with "remembered".
KEYED = """
observe rule "two light lists" when dnsbl.listed("light.example") and not dnsbl.listed("wl.example") then log "x"
observe rule "a list is not known" when unknown(dnsbl.listed("bl.example")) or unknown(domains.listed("dbl.example")) then log "x"
observe rule "a domain is listed" when domains.listed("grey.test") then log "x"
observe rule "remembered: connections" when rate(client.ip, 1h) is known then log "x"
observe rule "remembered: transactions" when rate(spf.domain, 1h) is known then log "x"
"""

# What decides before the message has a name that begins with "early".
ACTS = """
table deferred { "127.0.0.82" "127.0.0.83" }
rule "early: dropped" when client.ip == "127.0.0.80" then drop 421 4.7.1 "go away, {client.ip}"
rule "early: client" when client.ip == "127.0.0.81" then reject 550 5.7.1 "not from {client.ip}, {client.ptr}"
rule "early: deferred" when client.ip in deferred then delay 10ms, defer 451 4.7.1 "later"
rule "early: helo" when helo ends with "refused.example" then reject 550 5.7.1 "HELO {helo}"
rule "early: ours" when helo.is_ours and direction == inbound then reject 550 5.7.1 "{helo} is ours"
rule "early: listed" when dnsbl.score >= 5 then reject 550 5.7.1 "{client.ip} is listed by {dnsbl.lists}: {dnsbl.score}"
rule "early: sender" when sender.local == "strict" and spf.result != pass
  then reject 550 5.7.23 "{spf.result} {spf.identity} {spf.domain} {spf.mechanism} {spf.explanation} {spf.problem}"
rule "early: bounce" when message.null_sender and spf.helo in (fail, softfail) then defer 451 4.7.23 "{spf.helo} of {helo}"
rule "early: discarded" when sender.local == "discarded" then discard
rule "early: recipient" when recipient.local == "refused" then reject 550 5.7.1 "nothing to {recipient}"
rule "early: dropped recipient" when recipient.local == "dropped" then drop 421 4.7.1 "nothing to {recipient}"
condition "from a friend" when sender.local == "friend" or condition "of an example"
condition "of an example" when sender.domain ends with ".example" and any w in words (message.subject contains i w)
table words { "INVOICE" "re" "hello" }
table weights { "client.example" -> 2 "*.example" -> 1 "*.test" -> 3 }
observe rule "remarkable" when condition "from a friend" and not (message.from.domain starts with i "A") then log "x"
observe rule "weighty" when weights[sender.domain] >= 2 and weights[helo] is not absent then log "{weights[sender.domain]}"
observe rule "all the words" when all w in words (message.subject matches i /[a-z]/ and not message.subject contains w) then log "x"
rule "slow" when sender.local == "slow" then delay 20ms
rule "light" when dnsbl.score > 0 then score 1.5 as "lists"
rule "sender in lists" when domains.sender_score > 0 then score 2 as "sender"
rule "friend" when sender.local == "friend" then header add "X-Friend" "{sender}", accept
rule "asks for it" when message.subject == "reject" then reject 550 5.6.0 "{message.subject}: {message.from}, {message.size}"
rule "asks to wait" when message.subject == "defer" then defer 450 4.6.0 "{message.id} {message.received_count}"
rule "asks to vanish" when message.subject == "discard" then discard
rule "asks to be dropped" when message.subject == "drop" then drop 554 5.6.0 "as you like"
rule "asks to pass" when message.subject == "accept" then header remove "X-Spam-Flag", accept
rule "listed" when domains.score >= 6
  then reject 550 5.7.1 "{domains.found} in {domains.lists}: {domains.score}, {domains.sender_score}"
rule "infected" when av.result == infected then reject 550 5.7.1 "{av.signatures}"
rule "hides" when message.hides_content then reject 550 5.6.0 "{message.malformations}"
rule "in an archive" when any a in attachments (a.depth > 0 and a.extension in ("exe", "scr"))
  then reject 550 5.7.1 "{a.name} in {a.path}"
rule "locked" when any a in attachments (a.encrypted or a.unscannable)
  then defer 451 4.7.1 "{message.part_count} {a.name} {a.type}"
rule "program" when any a in attachments (a.type == "application/x-dosexec" or a.extension == "exe")
  then strip each a in attachments (a.type == "application/x-dosexec" or a.extension == "exe") "{a.name} was here"
rule "DMARC" when dmarc.result == fail and dmarc.policy == reject and not (arc.result == pass and arc.sealers == "lists.example")
  then reject 550 5.7.26 "{dmarc.domain} {dmarc.record_domain} {dmarc.reason} {dkim.result} {arc.reason}"
rule "DMARC, a little" when dmarc.result == fail and dmarc.policy == quarantine
  then score 3 as "DMARC", header remove "X-Spam-Flag", header add "X-Spam-Flag" "YES", subject prefix "[{dmarc.domain}] "
rule "signed" when any s in dkim (s.result == pass and s.aligned) then score -1 as "signed"
rule "for one" when recipient.local == "tagged" then header add "X-Tag" "{recipient}"
rule "late" when recipient.local == "late" and message.part_count > 0 then reject 550 5.7.1 "{recipient} of {recipients}"
rule "score" when score >= 5 then reject 550 5.7.1 "score {score}"
rule "marked" when score > 0 then header add "X-Score" "{score}"
"""

# What domains.score and domains.sender_score rest on is named by nobody.
FEW = """
rule "sender" when domains.sender_score >= 2 then score 3 as "sender"
rule "listed" when domains.score >= 5 then reject 550 5.7.1 "{domains.found}: {domains.score}"
rule "listed a little" when domains.listed("grey.test") then subject prefix "[grey] "
rule "likely" when score > 2 then header add "X-Score" "{score}"
"""
# Fields of the header, beside what is asked of the DNS.
FIELDS = """
rule "SPF" when spf.result == pass then score 0.5 as "SPF"
rule "DMARC" when dmarc.result == fail and dmarc.policy == reject
  then reject 550 5.7.26 "{dmarc.domain} {header[\\"Message-ID\\"]}"
rule "asks for it" when header["X-Case"] == "reject" then reject 550 5.6.0 "{header[\\"X-Case\\"]} {header[\\"Subject\\"]}"
rule "asks for it among others" when header["X-Case"] == "defer" then defer 451 4.6.0 "{header[\\"X-Case\\"]}"
observe rule "a field is there" when header["X-Case"] is not absent and header["X-Spam-Flag"] is absent then log "x"
observe rule "odd words"
  when header["X-Case"] matches /F.hn/ or header["X-Fold"] ends with "b" or header["X-Odd"] is known then log "x"
"""


def named(policy):
    """The facts that it names."""
    return {fact for fact in facts() if re.search(r"(?<![\w.])%s(?![\w.(])" % re.escape(fact), policy)}
