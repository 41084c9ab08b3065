# SPDX-License-Identifier: ISC
"""Where a client is, by files of networks: as others read them, in sessions and in `gatepostctl check`, and when the files change."""
import ipaddress
import json
import os
import random
import re

import pytest

from lab import check, mmdb, needs, pop3_client, samples, steered
from lab.gatepost import backend, check_configuration, domains
from lab.pop3_stub import Pop3Stub
from lab.process import wait_until
from lab.smtp_client import Session

HOME, AWAY, NOWHERE = "127.0.0.1", "127.7.0.1", "127.8.0.1"
COUNTRIES = {"127.0.0.0/16": mmdb.country("DE"), "127.7.0.0/16": mmdb.country("NL"), "::1/128": mmdb.country("FR"), "2001:db8::/32": mmdb.country("JP"),
             "127.9.0.0/16": mmdb.country("ZZ"), "127.10.0.0/16": {"registered_country": {"iso_code": "US"}}}
SYSTEMS = {"127.0.0.0/16": mmdb.system(64500, "Beispiel & Söhne"), "127.7.0.0/16": mmdb.system(4200000000, "bad\nname")}
RULES = """
rule "away" when client.country in ("NL", "FR") then reject 550 5.7.1 "not from {client.country}"
observe rule "whose" when client.asn is known or client.as_name is known then log "AS{client.asn} {client.as_name}"
"""


def settings(folder, country="country.mmdb", asn="asn.mmdb"):
    return 'geo { country "%s/%s"  asn "%s/%s" }\n' % (folder, country, folder, asn)


@pytest.fixture
def files(own_dir):
    (own_dir / "country.mmdb").write_bytes(mmdb.database(COUNTRIES))
    (own_dir / "asn.mmdb").write_bytes(mmdb.database(SYSTEMS, "Test-ASN"))
    return own_dir


@pytest.fixture
def gateway(start, new_backend, files):
    def run(rules=RULES, **how):
        body = backend("behind", new_backend().port) + domains("behind", "example.com") + settings(files)
        return start(body + rules, changes={"process": {"proxies": 2}}, **how)
    return run


def reply(gateway, source=HOME):
    with Session(gateway.port, source=source) as client:
        client.ehlo()
        client.expect("MAIL FROM:<a@client.example>", 250)
        answer = client.command("RCPT TO:<user@example.com>")
        if answer.code == 250:
            answer = client.data(samples.clean())
        return answer.code, answer.text


def origin(facts):
    return [facts["client." + name] for name in ("country", "asn", "as_name")]


def asked(folder, file, ips):
    """{ip: facts}, as check has them."""
    listing = folder / "ips.jsonl"
    listing.write_text("".join(json.dumps({"id": ip, "ip": ip, "from": "a@b.example", "rcpt": ["user@example.com"]}) + "\n" for ip in ips))
    done = check.gatepostctl("check", "--config", file, "--json", "--batch", listing)
    return {answer["id"]: answer["facts"] for answer in map(json.loads, done.stdout.splitlines())}


# ---- as others read them


def random_networks(chance, version, count):
    networks = {}
    for _ in range(count):
        four = version == 4 or chance.random() < 0.6
        width, least = (32, 4) if four else (128, 16)
        length = chance.randint(least, width)
        address = chance.getrandbits(width) >> (width - length) << (width - length)
        if four or address >> 96:
            kind = ipaddress.IPv4Network if four else ipaddress.IPv6Network
            networks[str(kind((address, length)))] = "%c%c" % (chance.randint(65, 89), chance.randint(65, 90))
    return networks


@pytest.mark.parametrize("size", [24, 28, 32])
@pytest.mark.parametrize("version", [4, 6])
def test_what_is_found_is_what_mmdblookup_finds(own_dir, size, version):
    chance = random.Random(size + version)
    networks = random_networks(chance, version, 300)
    file = own_dir / "random.mmdb"
    file.write_bytes(mmdb.database({n: mmdb.country(code) for n, code in networks.items()}, size=size, version=version))
    config = check.configuration(own_dir, 'geo { country "%s" }\n' % file)
    ips = [str(ipaddress.ip_network(n)[chance.randint(0, 3) % ipaddress.ip_network(n).num_addresses]) for n in networks]
    ips += [str(ipaddress.IPv4Address(chance.getrandbits(32))) for _ in range(100)]
    found = asked(own_dir, config, ips)
    others = {ip: mmdb.looked_up(file, ip, "country", "iso_code") for ip in ips}
    assert {ip: facts["client.country"] for ip, facts in found.items()} == {ip: others[ip] for ip in found}
    assert sum(code is not None for code in others.values()) > 250


def test_what_stands_in_no_file_is_absent(files):
    config = check.configuration(files, settings(files) + RULES)
    expected = {HOME: ["DE", 64500, "Beispiel & Söhne"], "127.7.0.1": ["NL", 4200000000, None], NOWHERE: [None, None, None],
                "127.9.0.1": [None, None, None], "127.10.0.1": [None, None, None], "2001:db8::25": ["JP", None, None],
                "::ffff:127.0.0.1": ["DE", 64500, "Beispiel & Söhne"],
                "::1": [None, None, None], "::127.0.0.1": [None, None, None],  # below ::/96, where files have IPv4
                "10.1.2.3": [None, None, None], "192.168.1.1": [None, None, None], "fd00::1": [None, None, None]}
    assert {ip: origin(facts) for ip, facts in asked(files, config, expected).items()} == expected


# ---- in sessions


@needs.root
def test_rules_know_where_a_client_is_and_the_record_tells(gateway, files):
    it = gateway()
    assert reply(it)[0] == 250 and reply(it, NOWHERE)[0] == 250
    code, text = reply(it, AWAY)
    assert code == 550 and "not from NL" in text
    records = wait_until(lambda: (found := it.decisions()) and len(found) >= 3 and found)
    live = {record["facts"]["client.ip"]: record["facts"] for record in records}
    offline = asked(files, it.file, live)
    assert {ip: origin(facts) for ip, facts in live.items()} == {ip: origin(facts) for ip, facts in offline.items()}
    assert origin(live[HOME]) == ["DE", 64500, "Beispiel & Söhne"] and origin(live[AWAY]) == ["NL", 4200000000, None]


@needs.root
def test_who_logs_in_from_elsewhere_is_refused_before_the_server_hears_of_it(gateway):
    behind = Pop3Stub([samples.clean("one")]).start()
    it = gateway(RULES.replace("when client", "when login.user is known and client") + backend("mailboxes", pop3=[behind.port]), pop3="backend mailboxes")
    try:
        with pop3_client.logged_in(it.pop3_port) as reader:
            assert reader.message(1)
        with pop3_client.Session(it.pop3_port, source=AWAY) as reader:
            reader.ask("USER user@example.com")
            assert reader.ask("PASS secret").startswith(b"-ERR")
        assert len(behind.logins) == 1
        told = wait_until(lambda: [r for r in it.decisions() if r["verdict"] == "reject"])
        assert told[0]["client"].startswith(AWAY) and "not from NL" in told[0]["reply"], told
        assert told[0]["facts"]["client.country"] == "NL"
    finally:
        it.stop()
        behind.stop()


@needs.root
def test_rates_count_by_network_and_country(gateway):
    it = gateway('rule "many" when rate(client.country, client.asn, 1h) > 2 then reject 550 5.7.1 "many"\n')
    assert wait_until(lambda: reply(it, AWAY)[0] == 550, 10), "Redis is there, and counts"
    assert reply(it, AWAY)[0] == 550
    assert [reply(it, NOWHERE)[0] for _ in range(4)] == [250] * 4, "what is absent is not counted"


# ---- when a file changes


def memfds(pid):
    """The inodes of large files that a process has mapped."""
    with open("/proc/%d/maps" % pid) as f:
        return sorted({line.split()[4] for line in f if "memfd:annex" in line})


def write_beside(path, octets):
    """As programs do that fetch such files: it has its name when it is whole."""
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(octets)
    beside.rename(path)


@needs.root
def test_all_processes_share_one_copy_that_a_reload_takes_over(gateway):
    it = gateway()

    def shared():
        found = {str(memfds(pid)) for pid in it.pids("gatepost-proxy") + [it.process.pid]}
        return len(found) == 1 and found

    before = wait_until(shared)
    assert before and len(json.loads(before.copy().pop().replace("'", '"'))) == 2
    it.reload()
    assert it.wait_log("generation ended", 20)
    assert wait_until(shared) == before


@needs.root
def test_a_new_file_holds_after_a_reload(gateway, files):
    it = gateway()
    assert reply(it)[0] == 250
    write_beside(files / "country.mmdb", mmdb.database({"127.0.0.0/16": mmdb.country("NL")}))
    it.reload()
    assert it.wait_log("generation ended", 20)
    assert reply(it)[0] == 550


BROKEN = {"empty": b"", "text": b"<html>404</html>", "cut": mmdb.database(COUNTRIES)[:-200], "other": mmdb.database(SYSTEMS, "Test-ASN")}
WORDS = {"empty": "it does not end as such a file does", "text": "it does not end as such a file does", "cut": "it does not end as such a file does",
         "other": "tells no countries: it is of the kind"}


@needs.root
@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_refused_and_the_old_one_stays(gateway, files, what):
    it = gateway()
    write_beside(files / "country.mmdb", BROKEN[what])
    it.reload()
    assert it.wait_log("reload refused, nothing is changed", 20)
    assert WORDS[what] in it.log() and re.search(r" at=\S*gatepost\.conf:\d+:\d+ reason=", it.log())
    assert reply(it)[0] == 250 and reply(it, AWAY)[0] == 550


@needs.root
def test_a_file_that_is_cut_under_them_harms_no_proxy(gateway, files):
    it = gateway()
    proxies = it.pids("gatepost-proxy")
    os.truncate(files / "country.mmdb", 0)
    os.truncate(files / "asn.mmdb", 100)
    for source in (HOME, AWAY, NOWHERE) * 3:
        assert reply(it, source)[0] == (550 if source == AWAY else 250)
    assert it.pids("gatepost-proxy") == proxies


@needs.root
def test_a_new_file_is_taken_up_by_itself(gateway, files):
    it = gateway(**steered.programs(files, *steered.RECORDING))
    write_beside(files / "country.mmdb", mmdb.database({"127.0.0.0/16": mmdb.country("NL")}))

    def look():
        steered.move_clock(it.process.pid, 0.5)
        return "generation ended" in it.log()

    assert wait_until(look, 30)
    assert reply(it)[0] == 550


# ---- what a configuration says of them


def said(folder, text):
    path = folder / "gatepost.conf"
    path.write_text('process { user "nobody" chroot "%s" }\nkeeper { user "daemon" }\n' % folder + text)
    return check_configuration(path)


@needs.root
def test_a_file_that_is_not_there_is_told_with_its_place(files):
    status, words = said(files, settings(files, country="none.mmdb"))
    assert status != 0 and re.search(r'gatepost\.conf:3:15: error: ".*none\.mmdb": No such file or directory', words), words


@needs.root
def test_a_rule_whose_fact_no_file_tells_is_warned_of(files):
    status, words = said(files, 'geo { asn "%s/asn.mmdb" }\n' % files + RULES)
    assert status == 0 and words.count("is absent of every client") == 1, words
    assert "'client.country' is absent of every client: no file tells it; expected one in geo country" in words
