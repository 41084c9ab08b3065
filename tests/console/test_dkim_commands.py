# SPDX-License-Identifier: ISC
"""gatepostctl dkim: keys are made and never written over, what is published of them is told, and compared with what the DNS has."""
import json
import os
import re
import stat
import subprocess

import pytest

from lab.dkim_keys import Key, sentence
from lab.dns import Nsd, _quoted
from lab.needs import BUILD


def run(*words, status=0):
    done = subprocess.run([BUILD / "gatepostctl", "dkim", *map(str, words)], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, (words, done.stdout, done.stderr)
    return done


def rows(*words, status=0):
    return [json.loads(line) for line in run(*words, "--json", status=status).stdout.splitlines()]


@pytest.fixture
def config(own_dir):
    """config(text): a file with it."""
    path = own_dir / "gatepost.conf"

    def write(text):
        path.write_text('hostname "mx.example.com"\n' + text)
        return path
    return write


def public(row):
    """What openssl says of the key that is in the file."""
    der = subprocess.run(["openssl", "pkey", "-in", row["key"], "-pubout", "-outform", "DER"], capture_output=True, check=True).stdout
    import base64
    return base64.b64encode(der if row["algorithm"].startswith("rsa") else der[-32:]).decode()


# ---- generate

def test_both_kinds_of_key_are_made_for_their_owner_alone(config, own_dir):
    rsa, ed25519 = rows("generate", "--config", config(""), "--folder", own_dir / "keys", "Example.COM")
    assert [r["algorithm"] for r in (rsa, ed25519)] == ["rsa-sha256", "ed25519-sha256"] and rsa["bits"] == 2048
    for row in (rsa, ed25519):
        assert re.fullmatch(r"20\d\d[ab]", row["selector"]) and row["name"] == row["selector"] + "._domainkey.example.com"
        assert stat.S_IMODE(os.stat(row["key"]).st_mode) == 0o600
        assert row["record"] == "v=DKIM1; k=%s; p=%s" % (row["algorithm"].split("-")[0], public(row))
        strings = re.findall(r'"([^"]*)"', row["zone"])
        assert "".join(strings) == row["record"] and all(len(s) <= 255 for s in strings)


def test_the_statement_that_is_told_loads(config, own_dir):
    text = run("generate", "--config", config(""), "--folder", own_dir / "keys", "example.com").stdout
    [statement] = re.findall(r'(?ms)^dkim "example.com" \{.*?^\}', text)
    assert len(rows("show", "--config", config(statement))) == 2


def test_no_key_is_written_over(config, own_dir):
    words = ("generate", "--config", config(""), "--folder", own_dir, "--algorithm", "ed25519", "--selector", "mine", "example.com")
    [row] = rows(*words)
    with open(row["key"]) as f:
        before = f.read()
    assert "is not written over" in run(*words, status=1).stderr
    with open(row["key"]) as f:
        assert f.read() == before


def test_the_next_selector_is_one_that_nobody_has(config, own_dir):
    words = ("generate", "--config", config(""), "--folder", own_dir, "--algorithm", "ed25519", "example.com")
    assert [rows(*words)[0]["selector"][4:] for _ in range(3)] == ["a", "b", "c"]


@pytest.mark.parametrize("words", [(), ("--bits", "1024", "example.com"), ("--algorithm", "dsa", "example.com"), ("not a domain",),
                                   ("--selector", "x", "example.com"), ("--selector", "a b", "--algorithm", "rsa", "example.com")])
def test_what_makes_no_key_is_an_error(config, own_dir, words):
    run("generate", "--config", config(""), "--folder", own_dir / "keys", *words, status=1)
    assert not (own_dir / "keys").exists()


# ---- show

def test_a_key_that_cannot_be_used_is_told(config, own_dir):
    good = Key(own_dir, "example.com", "good", "ed25519")
    text = 'dkim "example.com" { selector "good" key "%s"  selector "gone" key "gone.pem" }\n' % good.file
    told = {r["selector"]: r for r in rows("show", "--config", config(text), "example.com", status=1)}
    assert told["good"]["record"] == good.record and told["gone"]["fault"] == "No such file or directory"
    assert "no key that signs for it" in run("show", "--config", config(text), "example.org", status=1).stderr


# ---- check

@pytest.fixture
def published(own_dir):
    """published({name: text}): a name server with these records; its address."""
    servers = []

    def publish(records):
        zone = "\n".join("%s. TXT %s" % (name, _quoted(text)) for name, text in records.items())
        servers.append(Nsd(own_dir, {"example.com": zone}, "nsd-%d" % len(servers)).start())
        return servers[-1].address

    yield publish
    for server in servers:
        server.stop()


def test_what_is_published_is_compared_with_each_key(config, own_dir, published):
    keys = {name: Key(own_dir, "example.com", name, "rsa" if name == "rsa" else "ed25519")
            for name in ("rsa", "ed", "none", "other", "revoked", "test", "kind", "two")}
    text = sentence(["example.com"], *keys.values())
    records = {keys["rsa"].name: keys["rsa"].record, keys["ed"].name: keys["ed"].record, keys["other"].name: keys["ed"].record,
               keys["revoked"].name: "v=DKIM1; k=ed25519; p=", keys["test"].name: keys["test"].record.replace("; p=", "; t=y; p="),
               keys["kind"].name: keys["rsa"].record}
    address = published(records)
    found = {r["selector"]: r for r in rows("check", "--config", config(text), "--resolver", address, status=1)}
    assert {s: r["published"] for s, r in found.items()} == {
        "rsa": "ok", "ed": "ok", "none": "nothing is published", "other": "another key is published", "revoked": "the key is revoked",
        "test": "ok", "kind": "the key is of another type", "two": "nothing is published"}
    assert "t=y" in found["test"]["note"] and "note" not in found["rsa"]
    said = run("check", "--config", config(text), "--resolver", address, status=1).stdout
    assert re.search(r"(?m)^ok +rsa\._domainkey", said) and re.search(r"(?m)^WRONG none\._domainkey.*nothing is published", said)


def test_all_is_fine_where_all_is_published(config, own_dir, published):
    key = Key(own_dir, "example.com", "rsa")
    address = published({key.name: key.record})
    path = config(sentence(["example.com", "*.example.com"], key) + 'keeper { control "%s" }\n' % (own_dir / "nobody"))
    said = run("check", "--config", path, "--resolver", address, "example.com", status=2)
    assert said.stdout.startswith("ok ") and "WRONG" not in said.stdout and "no gateway" in said.stdout


def test_a_silent_dns_is_told_as_such(config, own_dir):
    key = Key(own_dir, "example.com", "s", "ed25519")
    text = sentence(["example.com"], key) + "resolver { timeout 500ms }\n"
    [row] = rows("check", "--config", config(text), "--resolver", "127.0.0.1:9", status=1)
    assert row["published"].startswith("DNS ")


# ---- rotate

def test_new_keys_come_beside_the_old_ones(config, own_dir):
    old = Key(own_dir, "example.com", "old"), Key(own_dir, "example.com", "older", "ed25519")
    path = config(sentence(["example.com"], *old))
    fresh = rows("rotate", "--config", path, "example.com")
    assert [r["algorithm"] for r in fresh] == ["rsa-sha256", "ed25519-sha256"]
    assert {os.path.dirname(r["key"]) for r in fresh} == {str(own_dir)}
    assert not {r["selector"] for r in fresh} & {"old", "older"}
    told = run("rotate", "--config", path, "example.com").stdout
    assert "Seven days later" in told and "old._domainkey.example.com TXT" in told and 'dkim "example.com" {' in told
