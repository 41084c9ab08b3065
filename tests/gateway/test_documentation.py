# SPDX-License-Identifier: ISC
"""What README, docs/ and the man pages show can be used as it stands there, and the man pages have each option of the programs."""
import functools
import json
import pathlib
import re
import shlex
import shutil
import subprocess

import pytest

from lab import documents, mmdb, needs
from lab.certs import Authority
from lab.dkim_keys import Key
from lab.gatepost import check_configuration

ALL = list(documents.blocks())
CONFIGURATIONS = [block for block in ALL if block.language == "conf"]
COMMANDS = [(block.page, line) for block in ALL if block.language in ("sh", "text") for line in documents.commands(block)]
LANGUAGES = {"", "conf", "sh", "json", "text", "powershell", "postfix", "dovecot", "keepalived", "m4"}


def named(block):
    return "%s:%d" % (block.page, block.line)


def run(*words, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20, **more)


@pytest.fixture(scope="module")
def etc(tmp_path_factory):
    """A folder like /etc/gatepost, with all files that examples name."""
    folder = tmp_path_factory.mktemp("etc")
    for file in (needs.ROOT / "etc").glob("*.*"):
        shutil.copy(file, folder)
    names = sorted({name for block in CONFIGURATIONS for row in re.findall(r"^\s*certificate ([^{]*)", block.text, re.M) for name in re.findall('"([^"]+)"', row)})
    made = Authority(folder / "ca").certificate(*names)
    (folder / "tls").mkdir()
    shutil.copy(made.chain, folder / "tls" / "fullchain.pem")
    shutil.copy(made.key, folder / "tls" / "privkey.pem")
    (folder / "dkim").mkdir()
    for selector in ("2026a", "2026b"):
        Key(folder / "dkim", "example.com", selector)
    (folder / "recipients.txt").write_text("user@example.com\nuser@example.net\n")
    (folder / "partners.txt").write_text("partner.example\n")
    for name in ("redis.password", "smarthost.password", "batv.key"):
        (folder / name).write_text("a secret of some length\n")
        (folder / name).chmod(0o600)
    (folder / "common.conf").write_text("")
    (folder / "own.conf").write_text("")
    (folder / "GeoLite2-Country.mmdb").write_bytes(mmdb.database({"192.0.2.0/24": mmdb.country("DE")}))
    (folder / "GeoLite2-ASN.mmdb").write_bytes(mmdb.database({"192.0.2.0/24": mmdb.system(64500, "example")}, "Test-ASN"))
    return folder


@pytest.mark.parametrize("block", CONFIGURATIONS, ids=named)
def test_a_configuration_is_good(etc, block):
    before = [one for one in CONFIGURATIONS if one.page == block.page and one.line < block.line]
    text = documents.whole(block, before).replace("/var/lib/GeoIP/", "%s/" % etc)
    file = etc / "gatepost.conf"
    file.write_text(text)
    status, said = check_configuration(file)
    assert status == 0, said + "\n" + text


def test_every_page_has_been_looked_into():
    pages = {block.page for block in CONFIGURATIONS}
    assert {"README.md", "docs/exchange.md", "docs/postfix.md", "docs/domino.md", "docs/dovecot.md", "docs/high-availability.md", "docs/tuning.md",
            "docs/policy.md", "gatepost.conf.5", "gatepost.8"} <= pages
    assert len(CONFIGURATIONS) > 40 and len(COMMANDS) > 40
    assert {block.language for block in ALL} <= LANGUAGES


def _options_of(line):
    """(program, words up to the first option, options), for each call in a line."""
    for call in re.split(r"\||&&|;|\bsystemctl\b", line):
        found = re.match(r"\s*(?:[$#] )?(?:(?:ssh \S+|sudo) )?(?:\S*/)?(gatepost|gatepostctl)\s(.*)|\s*(?:[$#] )?(gatepost|gatepostctl)$", call + " ")
        if found and found.group(1):
            words = re.split(r"\s(?=-)", " " + re.sub(r"\s#.*", "", found.group(2)))
            yield found.group(1), words[0].split(), [word.split()[0] for word in words[1:] if word.split()]


@pytest.mark.parametrize("page, line", COMMANDS, ids=lambda value: value.strip()[:60])
def test_a_command_and_its_options_are_known(page, line):
    for program, words, options in _options_of(line):
        if program == "gatepost":
            assert set(options) <= set(_options_of_gatepost()), line
            continue
        command = " ".join(words[:2]) if " ".join(words[:2]) in _commands() else words[0] if words else ""
        assert command in _commands() or not command, line
        for option in options if command else ():
            assert _is_known(command, option), (page, line, option)


OFFLINE = re.compile(r"gatepost -n|gatepostctl (?:check|policy check|policy test|policy explain)\b(?!.*(?:--live|--record-dns|--batch|[*|]))")
CALLS = [(page, found.string[found.start():].partition(" && ")[0]) for page, line in COMMANDS for found in [OFFLINE.search(line)] if found]


def _in_the_lab(call, configuration, message, answers):
    """A call that has its files here."""
    program, *words = shlex.split(call, comments=True)
    files = {".eml": message, ".json": answers, ".conf": configuration}
    words = [str(files.get(pathlib.Path(word).suffix, word)) for word in words]
    return [needs.BUILD / program, *words, *(() if {"-c", "--config"} & set(words) else ("-c", configuration))]


@pytest.mark.parametrize("page, call", CALLS, ids=lambda value: str(value)[:60])
def test_a_command_that_needs_no_gateway_runs(etc, page, call):
    shipped, message, answers = etc / "shipped.conf", etc / "message.eml", etc / "answers.json"
    shipped.write_text(documents.whole(documents.Block(page, 0, "conf", 'include "policy.conf"\n')))
    message.write_text("From: a@sender.example\r\nSubject: hello\r\n\r\nhello\r\n")
    answers.write_text("{}")
    done = run(*_in_the_lab(call, shipped, message, answers))
    verdict = re.search(r"gatepostctl (?:check|policy explain)", call)
    assert done.returncode in ((0, 10, 11, 12, 13, 14, 15) if verdict else (0,)), done.stdout + done.stderr


@functools.cache
def _is_known(command, option):
    done = run(needs.BUILD / "gatepostctl", *command.split(), option, env={"PATH": "/nonexistent"})
    return not re.search("unrecognized|invalid option|ambiguous", done.stderr)


@functools.cache
def _commands():
    said = run(needs.BUILD / "gatepostctl", "--help").stdout
    return [re.match(r"    (\S+(?: \S+)?)", line).group(1) for line in said.splitlines() if line.startswith("    ")]


@functools.cache
def _options_of_gatepost():
    return re.findall(r"^  (--?[\w-]+)", run(needs.BUILD / "gatepost", "--no-such-option").stderr, re.M)


def manual(page):
    return (needs.ROOT / "man" / page).read_text()


def test_every_option_of_gatepost_is_in_its_manual():
    options = _options_of_gatepost()
    assert len(options) >= 4
    for option in options:
        assert re.search(r"^\.It Fl %s\b" % re.escape(option[1:]), manual("gatepost.8"), re.M), option


def test_every_command_of_gatepostctl_is_in_its_manual():
    synopsis, _, rest = manual("gatepostctl.1").partition(".Sh DESCRIPTION")
    for command in _commands():
        assert re.search(r"^\.Cm %s$" % re.escape(command), synopsis, re.M), command
        first, _, second = command.partition(" ")
        assert re.search(r"^\.Ss %s$" % re.escape(command), rest, re.M) or \
            re.search(r"^\.Ss %s$" % first, rest, re.M) and (not second or re.search(r"\.It Cm %s\b|^\.Cm .*\b%s\b" % (second, second), rest, re.M)), command


def test_every_option_of_gatepostctl_is_in_its_manual():
    tables = "".join(path.read_text() for path in (needs.ROOT / "console").glob("*.[ch]"))
    options = set(re.findall(r'\{"([a-z-]+)", (?:no|required)_argument', tables)) | {"help", "version"}
    assert len(options) > 25
    text = manual("gatepostctl.1")
    missing = {option for option in options if not re.search(r"\bFl -%s\b" % re.escape(option), text)}
    assert not missing


def test_every_option_of_the_synopsis_is_known():
    synopsis = manual("gatepostctl.1").partition(".Sh SYNOPSIS")[2].partition(".Sh DESCRIPTION")[0]
    seen = 0
    for part in re.split(r"^\.Nm$", synopsis, flags=re.M)[1:]:
        command = "".join(re.findall(r"^\.Cm (.*)", part, re.M)[:1])
        for option in re.findall(r"\bFl (-?[\w-]+)|\| (-[\w-]+)", part):
            seen += 1
            assert _is_known(command, "-" + (option[0] or option[1])), (command, option)
    assert seen >= 40


def test_every_sentence_of_a_configuration_is_in_the_manual():
    text = manual("gatepost.conf.5")
    sentences = re.sub(r'\\\(dq', '"', text.partition(".Sh SENTENCES")[2].partition(".Sh SETTINGS")[0])
    for word in documents.WORDS:
        where = text if word in ("rule", "observe", "test") else sentences
        assert re.search(r'^\.(?:It|Ic) (?:Ic )?"?%s\b|^%s "' % (word, word), where, re.M), word


@pytest.mark.parametrize("table, row, entry", [
    ("facts.def", r'^(?:FACT|KEYED)\(\w+, "([^"]+)"', r"^\.It Va %s(?=[ (\[])"),
    ("settings.def", r"^SETTING_\w+\(\w+, (\w+),", r"^\.It Cm %s$"),
    ("actions.def", r'^ACTION\(\w+, "([^"]+)"', r"^\.It Cm %s$"),
    ("types.def", r"^FIELD\(\w+, (\w+),", r"^\.It Va %s(?= )"),
    ("types.def", r"^WORDS\((\w+)\)", r"^\.It %s Ta$"),
], ids=["facts", "settings", "actions", "fields", "words"])
def test_every_row_of_a_table_is_in_the_manual(table, row, entry):
    names = re.findall(row, (needs.ROOT / "policy" / table).read_text(), re.M)
    text = manual("gatepost.conf.5")
    assert len(names) > 8
    assert not [name for name in names if not re.search(entry % re.escape(name), text, re.M)]


def test_every_malformation_is_in_the_manual():
    names = re.findall(r'^MALFORMATION\(\w+, "([^"]+)"', (needs.ROOT / "filters" / "mime" / "malformations.def").read_text(), re.M)
    assert len(names) > 50 and not [name for name in names if "\n.It Li %s Ta " % name not in manual("gatepost.conf.5")]


@pytest.mark.parametrize("block", [block for block in ALL if block.language == "json"], ids=named)
def test_an_example_in_json_is_read(tmp_path, block):
    value = json.loads(block.text)
    if "event" in value:
        return  # a line of the log
    answers, message = tmp_path / "dns.json", tmp_path / "message.eml"
    answers.write_text(json.dumps(value.get("dns", value)))
    message.write_text("From: a@example.org\r\nSubject: hello\r\n\r\nhello\r\n")
    done = run(needs.BUILD / "gatepostctl", "check", "--dns", answers, "--from", "a@example.org", message)
    assert "example.org" in done.stdout, done.stderr


@pytest.mark.parametrize("block", [block for block in ALL if block.language == "postfix"], ids=named)
def test_a_main_cf_has_known_parameters(block):
    if not shutil.which("postconf"):
        pytest.skip("no Postfix")
    done = run("postconf", "-d", *re.findall(r"^(\w+) =", block.text, re.M))
    assert done.returncode == 0 and "warning" not in done.stderr, done.stderr


@pytest.mark.parametrize("block", [block for block in ALL if block.language == "dovecot"], ids=named)
def test_a_dovecot_conf_is_right(tmp_path, block):
    if not shutil.which("doveconf"):
        pytest.skip("no Dovecot")
    (tmp_path / "dovecot.conf").write_text("ssl = no\n" + block.text)
    done = run("doveconf", "-n", "-c", tmp_path / "dovecot.conf")
    assert done.returncode == 0 and "login_trusted_networks" in done.stdout, done.stderr


def test_links_between_pages_lead_somewhere():
    for page in documents.pages():
        folder = (needs.ROOT / page).parent
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", (needs.ROOT / page).read_text()):
            assert (folder / target).exists(), (page, target)


def test_a_screen_names_the_place_where_a_shipped_rule_stands():
    said = [found for page in documents.pages() for found in re.findall(r'rule "([^"]+)", /etc/gatepost/(\w+\.conf):(\d+)', (needs.ROOT / page).read_text())]
    assert said
    for rule, file, line in said:
        assert (needs.ROOT / "etc" / file).read_text().splitlines()[int(line) - 1].strip().startswith('rule "%s"' % rule), (rule, file, line)


LIMITS = [("common/bundle.h", "BUNDLE_FILE_MAX", "16 MiB"), ("policy/config.h", "TABLE_FILE_MAX", "256 MiB"), ("common/annex.h", "ANNEX_MAX", "1 GiB"), ("policy/source.h", "SOURCES_MAX", "256 of sentences"),
          ("common/bundle.h", "BUNDLE_FILES_MAX", "1,024 in all"), ("policy/parser.h", "INCLUDE_DEPTH_MAX", "16"), ("policy/source.h", "ERRORS_MAX", "20"),
          ("policy/table.h", "TABLE_ENTRY_MAX", "1,000 octets"), ("policy/check_table.c", "MEMBERS_MAX", "10,000 entries"),
          ("policy/config.h", "IMPERSONATION_MAX", "1,000 entries each"), ("policy/config_domain.c", "NAMES_MAX", "1,000"),
          ("policy/config.h", "SIGNING_KEYS_MAX", "8"), ("filters/sender/dkim_key.h", "DKIM_KEY_FILE_MAX", "64 KiB"),
          ("proxy/smtp/message_signing.c", "HEADER_MOST", "1 MiB"),
          ("policy/config.h", "MILTER_LISTENERS_MAX", "16"), ("policy/config.h", "LISTENERS_MAX", "256"), ("policy/config.h", "BLOCKLISTS_MAX", "64"), ("policy/config_blocklist.c", "ADDRESSES_MAX", "64"), ("policy/config_resolver.c", "NAME_SERVERS_MAX", "256"),
          ("policy/parse_condition.c", "DEPTH_MAX", "50"), ("policy/check_named.c", "NAMED_DEPTH_MAX", "50"), ("policy/program.h", "NODES_PER_RULE_MAX", "2,000"),
          ("policy/program.h", "SLOTS_MAX", "16"), ("policy/policy.h", "POLICY_KEYS_MAX", "256"), ("policy/policy.h", "RATE_FACTS_MAX", "4"),
          ("proxy/state/state_sending.c", "MET_MOST", "4,000"), ("proxy/state/state_sending.c", "LOOKED_FOR", "1,000"), ("proxy/smtp/smtp_notice.c", "NOTICES_MOST", "16"),
          ("proxy/state/state_campaigns.c", "ACCOUNTS_MOST", "50"), ("filters/spam/campaign_sketch.h", "CAMPAIGN_WORDS_MAX", "4,000 each"),
          ("proxy/examine/answered.h", "ANSWERED_RECIPIENTS_MOST", "100"), ("common/answerable.h", "ANSWER_RECIPIENTS_MOST", "16"), ("filters/mime/letter.h", "LETTER_ANSWERS_MOST", "16"),
          ("policy/policy.h", "DELAY_MAX", "1 minute"), ("policy/policy.h", "HELD_AS_MAX", "40 octets"), ("policy/text.h", "TEXT_VALUE_MAX", "200 octets"),
          ("policy/text.h", "TEXT_REPLY_MAX", "400, 900, 2,000 octets"), ("policy/config_listen.c", "BANNER_MAX", "200 octets")]
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "minute": 60000}


def test_the_limits_of_the_manual_are_those_of_the_program():
    table = manual("gatepost.conf.5").partition(".Sh LIMITS")[2].partition(".El")[0]
    rows = [row.rpartition(" Ta ")[2] for row in table.splitlines() if row.startswith(".It ") and " Em " not in row]
    told = [row for rows_of in rows for row in (rows_of.split(", 1,024") if "sentences" in rows_of else [rows_of])]
    assert len(told) == len(LIMITS)
    for file, name, says in LIMITS:
        value = eval(re.search(r"\b%s = ([\d* ]+)" % name, (needs.ROOT / file).read_text()).group(1))
        number, _, unit = says.partition(" ")
        assert int(number.rstrip(",").replace(",", "")) * UNITS.get(unit, 1) == value, (name, value)
        assert says.removesuffix(" in all") in table, (name, says)
