# SPDX-License-Identifier: ISC
"""Lookalikes of a domain, as they are registered: made from a seed, of each kind that message.from_lookalike tells."""
import random

LETTERS = {"a": "аɑáа4", "c": "сċ", "d": "ԁ", "e": "еéė3", "g": "ɡ9", "h": "һ", "i": "іíl1", "j": "ј", "l": "ӏ1i", "n": "ո", "o": "оοó0",
           "p": "рр", "s": "ѕ5", "t": "7", "u": "ս", "v": "ѵν", "w": "ԝ", "x": "х", "y": "уý", "b": "8", "z": "2", "0": "o", "1": "l"}
PAIRS = {"m": "rn", "w": "vv", "d": "cl"}
WORDS = ["login", "secure", "support", "account", "verify", "service", "online", "billing", "help", "payment", "update", "security"]
ENDINGS = ["com", "net", "org", "co", "info", "xyz", "online", "top", "shop", "io", "site", "app", "de", "co.uk", "com.br"]
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
KINDS = ["letters", "spelling", "words", "ending"]


def letters(dice, label, ending):
    """One or two letters, or a pair, that look the same."""
    places = [n for n, c in enumerate(label) if c in LETTERS]
    if len(label) < 5:  # there digits mean something (filters/likeness/look.h)
        places = [n for n in places if label[n] in "iloaecpxy"]
    pairs = [n for n, c in enumerate(label) if c in PAIRS]
    if pairs and dice.random() < 0.3 or not places:
        if not pairs:
            return None
        at = dice.choice(pairs)
        return label[:at] + PAIRS[label[at]] + label[at + 1:] + "." + ending
    out = list(label)
    for at in dice.sample(places, min(len(places), dice.choice([1, 1, 2]))):
        choices = LETTERS[label[at]]
        out[at] = dice.choice([c for c in choices if len(label) >= 5 or not c.isascii() or c in "01il"] or choices[:1])
    return "".join(out) + "." + ending


def spelling(dice, label, ending):
    """A slip; two in long labels, sometimes."""
    if len(label) < 6:
        return None
    for _ in range(2 if len(label) >= 10 and dice.random() < 0.3 else 1):
        at = dice.randrange(len(label) - 1)
        label = dice.choice([label[:at] + dice.choice(ALPHABET) + label[at:], label[:at] + label[at] + label[at:], label[:at] + label[at + 1:],
                             label[:at] + dice.choice(ALPHABET) + label[at + 1:], label[:at] + label[at + 1] + label[at] + label[at + 2:]])
    return label + "." + ending


def words(dice, label, ending):
    word, other = dice.sample(WORDS, 2)
    evil = "%s%d.%s" % (dice.choice(["kx", "update", "zone", "docs-mail"]), dice.randrange(100), ending)
    forms = ["%s-%s.%s" % (label, word, ending), "%s-%s.%s" % (word, label, ending), "%s-%s-%s.%s" % (other, label, word, ending),
             "%s.com.%s" % (label, evil), "%s.%s" % (label, evil), "%s-%s.%s" % (label, word, evil), "mail.%s.%s" % (label, evil)]
    forms += ["%s%s.%s" % (label, word, ending), "my%s.%s" % (label, ending), "%s%s.%s" % (word, label, ending)] if len(label) >= 4 else []
    forms += ["%s-%s%d.%s" % (label, dice.choice(["kq", "zz"]), dice.randrange(10), ending)] if len(label) >= 5 else []
    return dice.choice(forms)


def ending(dice, label, its):
    return label + "." + dice.choice([e for e in ENDINGS if e != its])


MAKERS = {"letters": letters, "spelling": spelling, "words": words, "ending": ending}


def lookalikes(seed, domains, known, count):
    """`count` (domain, kind, of which) that are none of `known`, as many of each kind; labels have three letters at least."""
    dice, made = random.Random(seed), {}
    while len(made) < count:
        of = dice.choice(domains)
        label, _, its = of.partition(".")
        kind = KINDS[len(made) % len(KINDS)]
        domain = MAKERS[kind](dice, label, its) if len(label) >= 3 else None
        if domain and domain not in known and domain != of:
            made.setdefault(domain, (kind, of))
    return [(domain, *of) for domain, of in made.items()]
