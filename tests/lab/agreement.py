# SPDX-License-Identifier: ISC
"""The same messages, envelopes and DNS through a running gateway and through `gatepostctl check --batch`, and what each said."""
import json
import re
import time
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

from lab import check
from lab.smtp_client import Closed, Session

SESSIONS_AT_ONCE = 24
REFERENCE = re.compile(r" \(([0-9a-f]{12}(?:\.\d+)?)\)$")
DROPPED = "drop"

# place: where the client comes from (Addresses.of); way: "inbound" or "outbound"
Envelope = namedtuple("Envelope", "place helo sender recipients way", defaults=["inbound"])
Row = namedtuple("Row", "name envelope message")  # the message: None for an envelope alone

# replies: to each recipient, (text, reference); final: the reply to the message or None; record: its decision record or None
Said = namedtuple("Said", "replies final hung_up record")


class Refused(Exception):
    """The session ended before RCPT, with this reply."""

    def __init__(self, reply):
        self.reply = reply


# ---- the gateway


def _whole(reply):
    """Code and text on one line, and the reference behind it."""
    text = "%d %s" % (reply.code, " ".join(reply.lines))
    reference = REFERENCE.search(text)
    return (text[:reference.start()], reference[1]) if reference else (text, None)


def _is_ascii(*words):
    return all(word.isascii() for word in words)


def _open(client, envelope):
    """Up to MAIL."""
    if client.greeting.code != 220:
        raise Refused(client.greeting)
    utf8 = "" if _is_ascii(envelope.sender, *envelope.recipients) else " SMTPUTF8"
    for line in ("EHLO " + envelope.helo, "MAIL FROM:<%s>%s" % (envelope.sender, utf8)):
        reply = client.command(line.encode())
        if reply.code != 250:
            raise Refused(reply)


def _hung_up(client):
    try:
        client.command("NOOP")
        return False
    except (Closed, OSError):
        return True


def _converse(client, row):
    replies, final = [], None
    try:
        _open(client, row.envelope)
        for recipient in row.envelope.recipients:
            reply = client.command(("RCPT TO:<%s>" % recipient).encode())
            replies.append(_whole(reply))
        if row.message is not None and any(text.startswith("250 ") for text, _ in replies):
            final = _whole(client.data(row.message))
    except Refused as refused:
        replies = [_whole(refused.reply)] * len(row.envelope.recipients)
    except Closed:  # dropped at one recipient: the others hear nothing more
        assert replies, "%s: closed without a word" % row.name
        replies += replies[-1:] * (len(row.envelope.recipients) - len(replies))
    return Said(replies, final, _hung_up(client), None)


def send(row, addresses, ports):
    """`ports`: of each way, and of IPv6 as "inbound6"."""
    six = str(row.envelope.place).startswith("::")
    with Session(ports[row.envelope.way + "6" * six], host="::1" if six else "127.0.0.1", timeout=30,
                 source=addresses.of(row.envelope.place)) as client:
        return _converse(client, row)


def live(gateway, rows, addresses, ports):
    """{name of the row: what the gateway said}, several sessions at once."""
    with ThreadPoolExecutor(SESSIONS_AT_ONCE) as pool:
        said = list(pool.map(lambda row: send(row, addresses, ports), rows))
    records = {record["id"]: record for record in gateway.decisions()}
    return {row.name: one._replace(record=records.get(one.final and one.final[1])) for row, one in zip(rows, said)}


# ---- gatepostctl check


def _line(row, path, addresses):
    envelope = row.envelope
    return {"id": row.name, "ip": addresses.of(envelope.place), "helo": envelope.helo, "from": envelope.sender,
            "rcpt": list(envelope.recipients), "direction": envelope.way, "time": int(time.time()), "message": path}


def batch_lines(folder, rows, addresses):
    """A line of a batch for each row, without its DNS; the messages are written into `folder`."""
    lines = []
    for number, row in enumerate(rows):
        path = folder / ("%d.eml" % number)
        if row.message is not None:
            path.write_bytes(row.message)
        lines.append(_line(row, str(path) if row.message is not None else None, addresses))
    return lines


def _ask(folder, config, lines, *words):
    listing = folder / "batch.jsonl"
    listing.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = check.gatepostctl("check", *words, "--config", config, "--batch", listing, timeout=280)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == [line["id"] for line in lines], done.stderr[-3000:]
    return {answer["id"]: answer for answer in answers}


def offline(folder, config, rows, addresses, dns):
    """{name of the row: what check says}: every other row is told the DNS, the others ask for it."""
    lines = batch_lines(folder, rows, addresses)
    answers = _ask(folder, config, lines[0::2], "--live")
    answers.update(_ask(folder, config, [dict(line, dns=dns) for line in lines[1::2]]))
    wrong = [answer for answer in answers.values() if "error" in answer]
    assert not wrong, wrong[:3]
    return answers


def changes(folder, config, row, addresses, dns):
    """What check says it would change in the message, a line each: "header add X-Name: value"."""
    line, = batch_lines(folder, [row], addresses)
    words = [word for name in ("ip", "helo", "from", "direction", "time") for word in ("--" + name, line[name])]
    words += [word for to in line["rcpt"] for word in ("--rcpt", to)]
    report = check.gatepostctl("check", "--config", config, "--dns", dns, *words, line["message"]).stdout
    found = re.search(r"^  changes +(.*(?:\n {15}.*)*)", report, re.M)
    return [change.strip() for change in found[1].splitlines()] if found else []


# ---- side by side


def _word(text):
    return {"2": "accept", "4": "defer", "5": "reject"}[text[0]]



SPLIT = "451 4.5.3 recipients fare differently"  # then nobody hears what becomes of whom


def _fates(said, told):
    """What has become of each recipient; who was accepted fares as the message does, which a reply does not tell of one
    that is held."""
    if said.hung_up:
        return [DROPPED] * len(said.replies)
    final = said.final[0] if said.final else "250 "
    held = said.record and said.record["verdict"] == "quarantine"
    of_all = "quarantine" if held else _word(final)
    return [_word(text) if not text.startswith("250 ") else word if final.startswith(SPLIT) else of_all
            for (text, _), word in zip(said.replies, told)]


def _of_recipients(said, answer):
    """They are named one by one when they are not one."""
    told = list(answer.get("recipients", {}).values()) or [answer["verdict"]] * len(said.replies)
    return {"recipients": (_fates(said, told), told)}


def _of_the_envelope(said, answer):
    """No message has come: each was refused, or the session ends here."""
    refusals = [text for text, _ in said.replies if not text.startswith("250 ")]
    if not refusals:
        return {"taken": (True, answer["verdict"] in ("accept", "discard"))}
    if said.hung_up or len(refusals) == len(said.replies):
        refusal = refusals[-1] if said.hung_up else refusals[0]
        return {"verdict": (DROPPED if said.hung_up else _word(refusal), answer["verdict"]), "reply": (refusal, answer["reply"])}
    return _of_recipients(said, answer)


def _of_the_message(said, answer):
    names = ("verdict", "rules", "observed", "score", "score_parts", "delay")
    both = {name: (said.record.get(name), answer.get(name)) for name in names}
    both["reply"] = (said.final[0], answer["reply"])
    found = said.record["facts"]
    for name, value in found.items():
        other = answer["facts"].get(name, "not told")
        if name == "cut" and name in answer["facts"]:
            other = [cut for cut in other if cut in found]
        both["fact " + name] = (value, other)
    return both


def compare(said, answer):
    """{field: (live, check)}. A fact that live has not found out is not compared: missing() tells of those."""
    if said.final is None:
        return _of_the_envelope(said, answer)
    both = _of_the_message(said, answer)
    if any(not text.startswith("250 ") for text, _ in said.replies):
        both.update(_of_recipients(said, answer))
    return both


def missing(said, answer, named):
    """Facts that rules name and check knows, and live has not found out."""
    if said.record is None:
        return set()
    return {name for name in named if name in answer["facts"] and name not in said.record["facts"]}
