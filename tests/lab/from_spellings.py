# SPDX-License-Identifier: ISC
"""Spellings of From by the grammar of RFC 5322, its obsolete forms (4.4) and the mistakes beside it, the same ones for the
same seed; and what readers of others take for the addresses in them."""
import email.parser
import email.policy
import email.utils
import json
import random
import re
import subprocess

from lab import needs

COMMENTS = ["(x)", "()", "(a b)", "(a(b)c)", "(\\))", "(@)", "(ceo)"]
BLANKS = [" ", "\t", "  ", "\r\n ", "\r\n\t"]


class Writer:
    """Writes addresses; `odd` from 0 (as all write them) to 1 (as few read them)."""

    def __init__(self, seed, odd):
        self.chance, self.odd = random.Random(seed), odd

    def pick(self, *choices):
        return self.chance.choice(choices)

    def often(self, share):
        return self.chance.random() < share

    def cfws(self):
        """Mostly nothing."""
        if not self.often(self.odd):
            return ""
        return "".join(self.pick(self.pick(*COMMENTS), self.pick(*BLANKS)) for _ in range(self.chance.randint(1, 3)))

    def dotted(self, text):
        """Blanks and comments beside dots: obs-domain, obs-local-part."""
        return (self.cfws() + "." + self.cfws()).join(text.split("."))

    def cased(self, text):
        return "".join(self.pick(c, c.upper()) for c in text) if self.often(self.odd / 2) else text

    def local(self, name):
        if self.often(self.odd / 2):
            return self.pick('"%s"', '"%s x"', '"\\%s"', '"x@y"."%s"') % name
        return self.dotted(self.pick(name, name + ".x"))

    def spec(self, domain, name="ceo"):
        return (self.cfws() + self.local(name) + self.cfws() + "@" + self.cfws() + self.dotted(self.cased(domain))
                + self.pick("", "", "", "." if self.often(self.odd) else "") + self.cfws())

    def phrase(self):
        return self.pick("", "CEO", "The Boss", '"CEO"', '"Boss, The"', "John Q. Public", '"a\\"b"', "=?utf-8?q?Caf=C3=A9?=") + self.cfws()

    def route(self, other):
        return self.pick("", "", "@%s:" % other, "@%s,@%s:" % (other, other)) if self.often(self.odd) else ""

    def angle(self, domain, name="ceo", other="relay.example"):
        return "%s <%s%s>%s" % (self.phrase(), self.route(other), self.spec(domain, name), self.cfws())

    def mailbox(self, domain, name="ceo"):
        return self.angle(domain, name) if self.often(0.5) else self.spec(domain, name)

    def group(self, *members):
        return "%s:%s%s;" % (self.pick("Team", '"The team"', "A B"), self.cfws(), ",".join(members)) + self.cfws()

    def listing(self, domains):
        """mailbox-list and address-list, with the empty members of their obsolete forms."""
        members = [self.mailbox(domain) for domain in domains]
        if self.often(self.odd):
            members.insert(self.chance.randint(0, len(members)), self.pick("", " ", "(x)"))
        text = ",".join(members)
        return self.group(*members) if self.often(self.odd / 2) else text


MISTAKES = list("\x01\x07\x0b\x0c\x1b\x7f()<>[]:;,.@\\\"/=?#%'!*& \u00a0\u202e\u00ad\uff20\uff0e\u3002") + ["..", "@@", "()", "(x", "\r\n "]


def mistaken(writer, text):
    """One to three octets that do not belong there."""
    for _ in range(writer.chance.randint(1, 3)):
        at = writer.chance.randint(0, len(text))
        text = text[:at] + writer.pick(*MISTAKES) + text[at:]
    return re.sub("\r\n(?![ \t])", "", text)  # else the field would end there


def q_word(text):
    return "=?utf-8?q?%s?=" % "".join(c if c.isalnum() else "=%02X" % ord(c) for c in text)


# No sentences of the grammar: the victim's address {a} where some reader may find it, one's own {x}.
SHAPES = [
    "{a} <{x}>", "<{a} <{x}>>", "<{a}><{x}>", "<{x}>{a}", "<{x}> {a}", "{a} {x}", "{x} {a}", "<{a}:{x}>", "<{a},{x}>",
    "<{x},{a}>", "{a}@{own}", "<{a}@{own}>", "{x}@{victim}", "{a};{x}", "{a}, x", "x, {a}", "{a}@", "@{a}", "{a}, <>", "<> {a}",
    "<>, {a}", "<{a}", "{a}>", "\"x\" {a}", "(x {a}", "\"x {a}", "{a} (", "{a}\" {x}", "<{a}\" {x}>", "<{a} {own}>",
    "<{a}.{own}", "{a} .{own}", "{a}(x).{own}", "<{a} .{own}>", "{a}. {own}", "{a}){own}", "<{a}){own}>", "{a}\"{own}\"",
    "{a}[{own}", "ceo@[{victim}]", "ceo@[{victim}].{own}", "ceo@[192.0.2.1]{victim}", "{word}", "{word}, {x}", "{word}, <{x}>",
    "<{word}>", "{word}@{own}", "{word} {x}", "\"{a}\"", "\"{a}\", {x}", "\"{a}\", <{x}>", "ceo\uff20{victim}",
    "ceo\uff20{victim}, {x}", "ceo\uff20{victim}, <{x}>", "{a}: {x};", "A: {a}, {x};", "A:{a};, {x}", "{a}\x0c{x}",
    "{a}\x01{x}", "{a}\x1b{x}", "ceo@*.{victim}", "ceo@.{victim}", "ceo@-{victim}", "({a})", "({a}", "ceo@{cut}", "<ceo@{cut}>",
    "ceo@{cut} <{x}>", "<{x}> ceo@{cut}", "ceo@{cut}, {x}", "{x}, ceo@{cut}", "ceo@(x){victim}, {x}", "{x}, ceo@(x){victim}",
    "ceo@, {x}", "{x}, ceo@", "=?utf-8?q?\"?= <{a}>, \" <{x}>", "=?utf-8?q?(?= <{a}>, ) <{x}>", "=?utf-8?q?(?= {a}, ) {x}",
    "\"=?utf-8?q?\" x?= \" <{a}>, \" <{x}>", "\"=?utf-8?q?\"?=\", <{a}>, \"\" <{x}>", "(=?utf-8?q?)?= ( <{a}> ) <{x}>",
]


def forgeries(victim, own):
    """All shapes, and more addresses than are looked at."""
    a, x = "ceo@" + victim, "x@" + own
    cuts = [victim[:i] + gap + victim[i:] for i in range(len(victim) + 1) for gap in (" ", "(x)", "\r\n ", "\t(x) ")]
    for shape in SHAPES:
        for cut in cuts if "{cut}" in shape else [""]:
            yield shape.format(a=a, x=x, own=own, victim=victim, word=q_word(a), cut=cut)
    yield ",".join([x] * 70 + [a])
    yield ",".join("x@s%d.%s" % (i, own) for i in range(70)) + "," + a


def spellings(victim, own, seed=5322):
    """Values of From in which the victim's address stands, in one way or another."""
    found = list(forgeries(victim, own))
    for number in range(2400):
        writer = Writer(seed + number, [0.1, 0.3, 0.6][number % 3])
        domains = writer.pick([victim], [victim, own], [own, victim], [own, victim, own])
        text = writer.listing(domains)
        found.append(mistaken(writer, text) if number % 4 == 3 else text)
    return list(dict.fromkeys(found))


def own_spellings(own, seed=2822):
    """Values by the grammar, of one's own domain alone, as programs write them."""
    plain = ["x@{d}", "<x@{d}>", "X <x@{d}>", "\"X, Y\" <x@{d}>", "x@{d} (X)", "X Y. Z <x@{d}>", "=?utf-8?q?Caf=C3=A9?= <x@{d}>",
             "\"ceo@bank.com\" <x@{d}>", "\"Bob via list@lists.example\" <x@{d}>", "x@{d} <x@{d}>", "'x@{d}' <x@{d}>", "X, Inc. <x@{d}>", "X Y x@{d}",
             "\"x y\"@{d}", "x.y+z@{d}", "x@{D}", "x@sub.{d}", "X (at work) <x@{d}>", "X\r\n <x@{d}>", "X @ Home <x@{d}>", "Jobs @ X Corp. Berlin <x@{d}>",
             "x @ {d}", "<x@{d} >", "X <x@{d}>, Y <y@{d}>", "A: x@{d}, y@{d};", "<@relay.example:x@{d}>", "x@(y){d}", "x@{d}.", "\u00e4 <x@{d}>"]
    found = [text.format(d=own, D=own.upper()) for text in plain]
    for number in range(600):
        writer = Writer(seed + number, [0, 0.05, 0.15][number % 3])
        found.append(writer.mailbox(own, "x"))
    return list(dict.fromkeys(found))


# ---- readers


def unfolded(value):
    return value.replace("\r\n", "")


def python_old(values):
    """email.utils, which many scripts use."""
    for value in values:
        yield [address for _, address in email.utils.getaddresses([unfolded(value)]) + [email.utils.parseaddr(unfolded(value))]]


def python_new(values):
    """The parser of headers by email.policy."""
    for value in values:
        try:
            message = email.parser.BytesParser(policy=email.policy.default).parsebytes(b"From: %s\r\n\r\n" % value.encode())
            yield [a.addr_spec for a in message["from"].addresses]
        except Exception:  # it fails on some: nothing is shown
            yield []


PERL = r"""
use strict; use JSON::PP; use %s;
$| = 1; my $json = JSON::PP->new->utf8;
while (<STDIN>) { my $value = $json->decode($_); utf8::encode($value);
  my @found = eval { map { $_->address } grep { defined } %s };
  print $json->encode([map { my $a = $_; utf8::decode($a); $a } grep { defined } @found]), "\n"; }
"""


def perl(module, call):
    def read(values):
        lines = "".join(json.dumps(unfolded(value)) + "\n" for value in values)
        done = subprocess.run(["perl", "-e", PERL % (module, call)], input=lines.encode(), capture_output=True, timeout=60, check=True)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(values), done.stderr[-2000:]
        return answers
    return read


READERS = {
    "email.utils": python_old,
    "email.policy": python_new,
    "Email::Address::XS": perl("Email::Address::XS qw(parse_email_addresses)", "parse_email_addresses($value)"),  # Dovecot's parser
    "Mail::Address": perl("Mail::Address", "Mail::Address->parse($value)"),
}


def shows(address, domain):
    """Whether an address is one of this domain, as people see it."""
    return "".join((address or "").rpartition("@")[2].lower().split()).rstrip(".>") == domain


def readers_of(values, domain):
    """For each value the readers who show an address of this domain."""
    found = [[] for _ in values]
    for name, read in READERS.items():
        for readers, addresses in zip(found, read(values)):
            if any(shows(address, domain) for address in addresses):
                readers.append(name)
    return found
