# SPDX-License-Identifier: ISC
"""A mailbox asked for at random, at a server itself and through the gateway: whatever was shown of a message must be what is shown of it in
the whole."""

SECTIONS = ("", "TEXT", "1", "2", "3", "2.1", "2.2", "1.2", "1.1", "2.1.1", "2.2.1", "3.1")
UNCHANGED = ("HEADER", "1.MIME", "2.MIME", "2.1.MIME", "2.HEADER", "HEADER.FIELDS (Subject From)", "HEADER.FIELDS.NOT (Subject)")  # no verdict changes them

NOTICE = b"[Gatepost has removed this]"


class Asked:
    """By two sessions; `answers` are (UID, item, what it is, what was shown)."""

    def __init__(self, direct, reader, mailbox="INBOX"):
        self.sessions, self.answers = (direct, reader), []
        for session in self.sessions:
            self.count = session.select(mailbox, read_only=True)

    def at_random(self, rng, times):
        for _ in range(times):
            item = "BODY.PEEK[%s]" % rng.choice(SECTIONS * 2 + UNCHANGED) + rng.choice(("", "<%d.%d>" % (rng.randrange(6000), rng.choice((1, 10, 100, 3000)))))
            self.ask(rng.choice(("1:*", "%d" % rng.randint(1, self.count), "3:5")), item, uid=rng.random() < 0.5)

    def ask(self, numbers, item, uid=True):
        whole, through = (session.fetch(numbers, "(UID %s)" % item, uid=uid) for session in self.sessions)
        assert whole.keys() == through.keys()
        for number, values in whole.items():
            assert values.keys() == through[number].keys()
            self.answers += [(int(values["UID"]), item, before, through[number][name]) for name, before in values.items() if name.startswith("BODY[")]

    def check(self):
        """{UID: what is shown of it in the whole}"""
        originals, shown = ({uid: values["BODY[]"] for uid, values in session.fetch("1:*", "(BODY.PEEK[])", uid=True).items()} for session in self.sessions)
        for uid, item, before, after in self.answers:
            check_agrees(originals[uid], shown[uid], before, after, (uid, item))
        return shown


def check_agrees(original, shown, before, after, item):
    """What was shown for some octets of a message is what is shown of them in the whole. They may stand there more than once, and not be shown
    alike: then a few of them may be shown in neither way, and of many nothing is."""
    if not before or any(name in item[1] for name in ("HEADER", "MIME")):
        assert before == after, item
        return
    assert len(before) == len(after), item
    found = {shown[at:at + len(before)] for at in places(original, before)}
    assert after in found or len(found) != 1 and (len(before) < 64 or is_put_out(after)), item


def is_put_out(octets):
    notice, blanks = octets[:len(NOTICE)], octets[len(NOTICE):]
    return notice == NOTICE and len(set(blanks) - set(b" -.\r\n")) == 0


def places(whole, content):
    """Where content stands in a message."""
    at = whole.find(content)
    while at >= 0:
        yield at
        at = whole.find(content, at + 1)
