# SPDX-License-Identifier: ISC
"""The rows of the comparison: each message with envelopes of all kinds."""
from lab.agreement import Envelope, Row
from lab.agreement_mails import authors_of_all_kinds, contents, raw
from lab.corpus import as_sent, mails

USUAL = Envelope(10, "mail.good.example", "a@good.example", ["user@example.com"])
OURS, OURS_IN_UNICODE = "xn--rtlich-vxa.example", "örtlich.example"
LONG_HELO = ".".join(["x" * 60] * 6) + ".example"

# Beside those that each message has in turn: what is worth a row of its own.
PAIRS = [("author: below bank", "light"), ("content: too big", "refused client"), ("content: too big", "discarded"),
         ("content: program", "friend"), ("content: two programs", "tagged"), ("content: signed program", "two"),
         ("content: asks to be discarded", "two fates"), ("content: asks to be dropped", "postmaster too")]

# Most let the message through to the rules about it.
ENVELOPES = {
    "usual": USUAL,
    "bounce": USUAL._replace(sender=""),
    "bank's": Envelope(20, "bank.example", "a@bank.example", ["user@example.com"]),
    "no name": Envelope(40, "nobody.example", "a@soft.example", ["user@example.com"]),
    "listed by its name": Envelope(50, "host.example", "a@plain.example", ["user@example.com"]),
    "light": Envelope(67, "light.example", "a@grey.example", ["user@example.com"]),
    "allowed": Envelope(68, "[198.18.0.1]", "a@null.example", ["abuse@example.com"]),
    "list": Envelope(11, "lists.example", "list-bounces+user=example.com@lists.example", ["user@example.com", "second@example.com"]),
    "IPv6": Envelope("::10", "good6.good.example", "a@good.example", ["user@example.com"]),
    "loopback": Envelope("127.0.0.1", "client.example", "sender@client.example", ["user@example.com"]),
    "listed sender": Envelope(11, "other.good.example", "a@bad.example", ["postmaster@example.com"]),
    "odd HELO": Envelope(11, "my_pc.bad.example", "a@sub.news.example", ["user@example.com"]),
    "outbound": Envelope(11, "mx.example.com", "user@example.com", ["user@example.org"], "outbound"),
    "friend": USUAL._replace(sender="friend@shop.example"),
    "two fates": USUAL._replace(recipients=["user@example.com", "late@example.com"]),
    "postmaster too": USUAL._replace(recipients=["user@example.com", "postmaster@example.com"], place=72),
}

RARE = {
    "refused client": USUAL._replace(place="127.0.0.81"),
    "discarded": USUAL._replace(sender="discarded@good.example"),
    "tagged": USUAL._replace(recipients=["user@example.com", "tagged@example.com"]),
    "two": USUAL._replace(recipients=["user@example.com", "second@example.com"]),
}

HELOS = ["null.example", "soft.example", "my_pc.bad.example", "-pc.bad.example", "pc-.bad.example", "a..bad.example",
         "bad.example.", "BAD.Example", "host.bad.example", "[127.0.0.5]", "[198.18.0.1]", "[IPv6:2001:db8::1]",
         "[2001:db8::1]", "[IPv6:::ffff:192.0.2.1]", "[not an address]", "192.0.2.1", "bücher.example",
         "xn--bcher-kva.example", "xn--broken-.example", "localhost", "single", "mx.example.com", "MX.Example.COM.",
         "example.com", "sub.example.com", OURS_IN_UNICODE, "x.refused.example", "host.broken.example", "host.silent.example",
         "a" * 64 + ".example", LONG_HELO, "123.456", "mail.good.example", "*.good.example", "good.example:25",
         "a@good.example", "grey.example", "\x7f.example"]

SENDERS = ["", "a@good.example", "A@Good.Example", "a@good.example.", "a@mail.good.example", "a@bank.example",
           "a@sub.bank.example", "a@shop.example", "a@news.example", "a@test.example", "a@plain.example",
           "strict@plain.example", "a@null.example", "strict@null.example", "a@soft.example", "user@macro.example",
           "User-x@macro.example", "a@chain.example", "a@loop.example", "strict@loop.example", "a@wrong.example",
           "a@twice.example", "a@void.example", "a@depends.example", "strict@wrong.example", "strict@twice.example",
           "strict@void.example", "strict@depends.example", "a@waits.example", "strict@waits.example", "a@alias.example",
           "a@bücher.example", "a@xn--bcher-kva.example", "müller@good.example", "müller@bücher.example",
           '"a b"@good.example', '"a@bad.example"@good.example', '"user"@macro.example', "a@bad.example", "a@www.bad.example",
           "a@grey.example", "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]", "a@nothing.invalid", "a@example", "a@broken.example",
           "a@host.silent.example", "a@my_pc.bad.example", "discarded@good.example", "friend@good.example",
           "slow@good.example", "a+b@good.example", "a..b@good.example", "srs0=aa=bb=bad.example=x@good.example",
           "x" * 64 + "@good.example"]

RECIPIENTS = [["postmaster@example.com"], ["abuse@example.com"], ["Postmaster@Example.COM"], ["postmaster"],
              ['"postmaster"@example.com'], ['"user name"@example.com'], ['"user"@example.com'], ['"a\\"b"@example.com'],
              ["User@EXAMPLE.com"], ["user@example.com."], ["user@example.com", "user@example.com"],
              ["user@example.com", "USER@example.com"], ["user@example.com", "user@Example.Com"],
              ["user@example.com", '"user"@example.com'], ["üser@" + OURS_IN_UNICODE], ["user@" + OURS_IN_UNICODE],
              ["user@xn--rtlich-vxa.example"], ["refused@example.com"], ["refused@example.com", "user@example.com"],
              ["user@example.com", "refused@example.com"], ["refused@example.com", "refused@example.org"],
              ["dropped@example.com"], ["dropped@example.com", "user@example.com"],
              ["user@example.com", "dropped@example.com"], ["refused@example.com", "dropped@example.com"],
              ["refused@example.com", "user@example.com", "late@example.com"], ["late@example.com"],
              ["user@example.com", "late@example.com"], ["late@example.com", "late@example.org"], ["tagged@example.com"],
              ["user@example.com", "tagged@example.com"], ["tagged@example.com", "tagged@example.org"],
              ["late@example.com", "postmaster@example.com"], ["refused@example.com", "postmaster@example.com"],
              ["n1@example.com", "n2@example.com", "n3@example.com"]]

PLACES = [10, 11, 20, 40, 50, 66, 67, 68, 70, 71, 72, 73, 74, 75, 80, "127.0.0.1", "127.0.0.80", "127.0.0.81", "127.0.0.82",
          "127.0.0.83", "::10", "::66"]


def envelopes():
    """With the one usual message."""
    for helo in HELOS:
        yield "HELO " + helo[:40], USUAL._replace(helo=helo)
        yield "HELO %s, bounce" % helo[:40], USUAL._replace(helo=helo, sender="")
    for sender in SENDERS:
        yield "from " + sender[:40], USUAL._replace(sender=sender)
    for to in RECIPIENTS:
        yield "to " + " ".join(to), USUAL._replace(recipients=to)
        for place in ("127.0.0.81", "127.0.0.82"):
            yield "to %s by %s" % (" ".join(to), place), USUAL._replace(recipients=to, place=place)
    for place in PLACES:
        yield "at %s" % place, USUAL._replace(place=place)
        yield "at %s to postmaster" % place, USUAL._replace(place=place, recipients=["postmaster@example.com"])
        way = "inbound" if str(place).startswith("::") else "outbound"
        yield "at %s out" % place, USUAL._replace(place=place, way=way, helo="pc.example.com")


def _apart(rows, how):
    """Who is told to come again with some of his recipients is remembered: so no two rows have a sender with several in common."""
    for number, row in enumerate(rows):
        sender = row.envelope.sender
        if len(row.envelope.recipients) > 1 and sender:
            row = row._replace(envelope=row.envelope._replace(sender="%s%d-%s" % (how, number, sender)))
        yield row


def generated(signer=None, server=None):
    """Each message in a few envelopes, in turn, and each envelope with the usual message."""
    messages = {"content: " + name: octets for name, octets in contents().items()}
    messages.update({"author: " + name: octets for name, octets in authors_of_all_kinds().items()})
    if signer:
        messages.update({"signature: " + name: octets for name, octets in signer.mails(server).items()})
    names = list(ENVELOPES)
    rows = [Row("%s; %s" % (name, usual), ENVELOPES[usual], octets) for number, (name, octets) in enumerate(messages.items())
            for usual in ["usual"] + [names[1 + (number * 3 + turn) % (len(names) - 1)] for turn in range(3)]]
    rows += [Row("%s; %s" % (name, rare), dict(ENVELOPES, **RARE)[rare], messages[name]) for name, rare in PAIRS]
    for name, envelope in envelopes():
        rows += [Row("envelope: " + name, envelope, raw(b"", b"hello http://www.grey.example/\r\n")),
                 Row("envelope alone: " + name, envelope, None)]
    return list(_apart({row.name: row for row in rows}.values(), "made"))


def from_corpora(how_many):
    """`how_many`: {folder: mails}, evenly chosen; and the folders that are not here. What no session takes (NUL, size) is left out."""
    rows, absent = [], []
    for folder, count in how_many.items():
        paths = [path for path in mails(folder) if path.stat().st_size < 600000]
        absent += [] if paths else [folder]
        for path in paths[::max(1, len(paths) // count)]:
            octets = as_sent(path.read_bytes())
            name = list(ENVELOPES)[len(rows) % len(ENVELOPES)]
            if b"\0" not in octets:
                rows.append(Row("%s/%s; %s" % (folder, path.name, name), ENVELOPES[name], octets))
    return list(_apart(rows, "found")), absent
