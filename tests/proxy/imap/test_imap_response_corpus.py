# SPDX-License-Identifier: ISC
"""What IMAP servers have said, through tests/response_dump: each response ends where its authors know that it does, and of
what was fetched nothing is lost."""
import json
import re
import subprocess

import pytest

from lab import needs
from lab.imap_said import by_lines, conversations, net_imap

DUMP = needs.BUILD / "tests/response_dump"
UNTAGGED, TAGGED, CONTINUE = 0, 1, 2
NO_STATUS = 5

pytestmark = pytest.mark.skipif(not DUMP.exists(), reason="response_dump is not built")


def octets(response, member):
    return bytes.fromhex(response[member])


def dumped(tmp_path, inputs):
    """{name: (responses, octets that are left)} of {name: octets}."""
    names = {}
    for number, (name, said) in enumerate(inputs.items()):
        (tmp_path / str(number)).write_bytes(said)
        names[str(tmp_path / str(number))] = name
    done = subprocess.run([DUMP, *names], capture_output=True, timeout=120, check=True)
    found, responses = {}, []
    for line in map(json.loads, done.stdout.splitlines()):
        if "left" in line:
            found[names[line["file"]]] = responses, line["left"]
            responses = []
        else:
            responses.append(line)
    return found


# ---- mailkit: whole conversations of many servers


def test_conversations_are_framed(tmp_path):
    said, total = conversations(), 0
    for name, (responses, left) in dumped(tmp_path, said).items():
        assert left == 0, name
        assert [octets(r, "octets") for r in responses] == [whole for whole, _ in by_lines(said[name])], name
        assert all(r["placed"] for r in responses if r["literals"]), name
        total += len(responses)
    print("\n%d responses in %d conversations" % (total, len(said)))


UNREADABLE = {
    "exchange/issue115.txt": [b"[COPYUID 55 31 6]"],
    "gmail/headers.1+unsolicited-info.txt": [b")"],  # the header's last line got a blank, which its size does not know
}
CLIENTS_LINES = [b"A2 LOGIN user pass"]  # in banners.json, of Yandex


def test_conversations_are_read(tmp_path):
    """Names are found, and items with all literals."""
    said, fetched = conversations(), 0
    for name, (responses, _) in dumped(tmp_path, said).items():
        assert [octets(r, "rest") for r in responses if not r["name"]] == UNREADABLE.get(name, []), name
        for response, (_, literals) in zip(responses, by_lines(said[name])):
            if octets(response, "name").upper() != b"FETCH":
                continue
            fetched += 1
            assert response["readable"], response
            assert check_items(response) == literals, name
    print("\n%d responses to FETCH" % fetched)


def check_items(response):
    """The literals in its items; the items' names are names."""
    literals = []
    for item in response["items"]:
        assert re.fullmatch(rb"[A-Z0-9.-]+(\[.*\](<\d+>)?)?", octets(item, "name"), re.I | re.S), item
        value = octets(item, "value")
        assert value, item
        announced = re.match(rb"~?\{(\d+)\}\r\n", value)
        if announced:
            assert octets(item, "content") == value[announced.end() :], item
            literals.append(octets(item, "content"))
        elif value.startswith(b"("):
            literals += nested_literals(value)
    return literals


def nested_literals(value):
    found = []
    while announced := re.search(rb"\{(\d+)\}\r\n", value):
        end = announced.end() + int(announced[1])
        found.append(value[announced.end() : end])
        value = value[end:]
    return found


# ---- net-imap: what its authors read in each response


TOO_LARGE = "quirky_behaviors invalid literal numeric format (too large)"


def test_responses_of_net_imap_are_whole(tmp_path):
    cases = {name: said for name, said, _ in net_imap()}
    for name, (responses, left) in dumped(tmp_path, cases).items():
        if name == TOO_LARGE:
            assert not responses and left
            continue
        assert len(responses) == 1 and left == 0, name
        assert octets(responses[0], "name"), name
    print("\n%d responses" % len(cases))


def test_responses_of_net_imap_are_what_they_are(tmp_path):
    cases = {name: (said, case.get(":expected")) for name, said, case in net_imap() if name != TOO_LARGE}
    compared = 0
    for name, (responses, _) in dumped(tmp_path, {name: said for name, (said, _) in cases.items()}).items():
        response, expected = responses[0], cases[name][1]
        if not isinstance(expected, dict):
            continue
        if "tag" in expected:
            assert response["kind"] == TAGGED and octets(response, "tag").decode() == expected["tag"], name
        if "name" in expected:
            assert octets(response, "name").decode().upper() == expected["name"], name
        else:
            assert response["kind"] == CONTINUE, name
        compare_code(name, response, expected.get("data"))
        compare_items(name, response, expected.get("data"))
        compared += 1
    print("\n%d compared" % compared)
    assert compared > 100


def compare_code(name, response, data):
    """What of a code its authors cannot read is text to them."""
    if response["status"] == NO_STATUS or not isinstance(data, dict):
        return
    code = data.get("code")
    if code:
        assert octets(response, "code").upper().startswith(b"[" + code["name"].encode()), name
    elif not data["text"].startswith("["):
        assert not response["code"], name


def compare_items(name, response, data):
    if octets(response, "name").upper() != b"FETCH":
        return
    assert response["number"] == data["seqno"] and response["readable"], name
    found = {octets(item, "name").decode().replace('"', ""): item for item in response["items"]}
    found = {item.replace("RFC822[]", "RFC822"): value for item, value in found.items()}
    assert list(found) == list(data["attr"]), name
    for item, value in data["attr"].items():
        if isinstance(value, str) and item != "INTERNALDATE":
            assert octets(found[item], "content").decode() == value, name


# ---- what servers say before anything else, and cases for any proxy


def test_banners_are_read(tmp_path):
    entries = [e for e in json.loads(needs.corpus("imap-pop3", "banners.json").read_text())["entries"] if e["protocol"] == "imap"]
    lines = {str(n): ("\r\n".join(e["server_lines"]) + "\r\n").encode() for n, e in enumerate(entries)}
    for name, (responses, left) in dumped(tmp_path, lines).items():
        assert left == 0 and len(responses) == len(entries[int(name)]["server_lines"])
        assert all(r["name"] or octets(r, "rest") in CLIENTS_LINES for r in responses), name
    print("\n%d banners" % len(entries))


def test_the_proxy_case_that_gives_a_servers_octets(tmp_path):
    cases = json.loads(needs.corpus("imap-pop3", "proxy_cases.json").read_text())["cases"]
    assert any(c["id"] == "imap-fetch-literal-odd" for c in cases)
    said = {"odd": b"* 1 FETCH (BODY[] {012}\r\nSubject: x\r\n)\r\n"}
    responses, left = dumped(tmp_path, said)["odd"]
    assert left == 0 and octets(responses[0]["items"][0], "content") == b"Subject: x\r\n"
