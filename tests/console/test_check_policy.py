# SPDX-License-Identifier: ISC
"""gatepostctl check: by whose policy it judges, and which stricter rules nobody could decide."""
import json
import shutil
import subprocess

import pytest

from lab import check, needs, samples

CTL = needs.BUILD / "gatepostctl"
ACCEPT, ERROR, REJECT, DEFER, DISCARD = 0, 1, 10, 11, 12

pytestmark = pytest.mark.skipif(not CTL.exists(), reason="gatepostctl is not built")

BY_DKIM = 'rule "first" when subject == "other" then discard\nrule "signed only" when count(dkim) < 1 then reject 550 5.7.1 "sign it"\n'
BY_RATE = 'rule "busy" when rate(client.ip, 1h) > 5 then defer 451 4.7.1 "later"\n'


@pytest.fixture
def mail(tmp_path):
    path = tmp_path / "message.eml"
    path.write_bytes(samples.clean())
    return path


@pytest.fixture
def judge(tmp_path, mail):
    """judge(rules, words...): what is said as JSON."""
    def run(rules, *words):
        done = check.gatepostctl("check", "--json", "--config", check.configuration(tmp_path, rules), *words, mail)
        return json.loads(done.stdout)
    return run


@pytest.fixture
def at_home(tmp_path):
    """at_home(text, words...): gatepostctl on a machine where /etc/gatepost/gatepost.conf says that; None: it has none."""
    needs.to_be_root("an /etc of its own")
    etc = tmp_path / "etc"
    (etc / "gatepost").mkdir(parents=True)
    for name in ("passwd", "group", "nsswitch.conf", "ld.so.cache"):
        shutil.copy("/etc/" + name, etc)

    def run(text, *words):
        if text is not None:
            (etc / "gatepost" / "gatepost.conf").write_text(text)
        script = 'mount --bind "$0" /etc && exec "$@"'
        done = subprocess.run(["unshare", "--mount", "sh", "-c", script, etc, CTL, *words], capture_output=True, text=True, timeout=60)
        if "unshare" in done.stderr or "mount:" in done.stderr:
            pytest.skip("no mounts of our own here")
        return done
    return run


RULES = 'antivirus { enabled off }\nrule "ours" when subject == "clean" then discard\n'


def test_the_gateways_configuration_judges_where_there_is_one(at_home, mail):
    done = at_home(RULES, "check", mail)
    assert done.returncode == DISCARD, done
    assert "/etc/gatepost/gatepost.conf" in done.stdout.split("judged by", 1)[1].splitlines()[0]
    assert json.loads(at_home(RULES, "check", "--json", mail).stdout)["judged_by"] == "/etc/gatepost/gatepost.conf"


def test_the_shipped_policy_judges_when_it_is_asked_for(at_home, mail):
    done = at_home(RULES, "check", "--shipped", mail)
    assert done.returncode == ACCEPT and "judged by    the shipped policy\n" in done.stdout
    assert at_home(RULES, "policy", "explain", "--shipped", mail).returncode == ACCEPT


def test_the_shipped_policy_judges_where_there_is_no_configuration_and_that_is_said(at_home, mail):
    done = at_home(None, "check", mail)
    assert done.returncode == ACCEPT
    assert "the shipped policy (/etc/gatepost/gatepost.conf: No such file or directory)" in done.stdout


def test_a_broken_configuration_of_the_gateway_is_an_error_and_not_the_shipped_policy(at_home, mail):
    done = at_home('rule "x" when nothing.at.all then discard\n', "check", mail)
    assert done.returncode == ERROR and "gatepost.conf:1:15" in done.stderr and not done.stdout


def test_two_policies_at_once_are_refused(mail, tmp_path):
    done = check.gatepostctl("check", "--shipped", "--config", check.configuration(tmp_path), mail)
    assert done.returncode == ERROR and "--shipped" in done.stderr


# ---- undecided


def test_a_stricter_rule_that_nobody_could_decide_is_named_with_what_it_needs(judge):
    told = judge(BY_DKIM)
    assert told["verdict"] == "accept"
    (undecided,) = told["undecided"]
    assert undecided.pop("file").endswith("check.conf")
    assert undecided == {"rule": "signed only", "line": 3, "would": "reject", "needs": "dkim"}


def test_the_report_says_what_to_give(tmp_path, mail):
    config = check.configuration(tmp_path, BY_DKIM + BY_RATE)
    said = check.gatepostctl("check", "--config", config, mail).stdout
    assert '  undecided    rule "signed only" (%s:3) would reject; it needs dkim; give --dns or --live\n' % config in said
    assert 'rule "busy" (%s:4) would defer; it needs rate, which a running gateway alone knows\n' % config in said


def test_nothing_is_undecided_once_the_dns_has_answered(judge, tmp_path):
    answers = tmp_path / "dns.json"
    answers.write_text("{}")
    told = judge(BY_DKIM, "--dns", answers)
    assert told["verdict"] == "reject" and "undecided" not in told


@pytest.mark.parametrize("before", [
    'rule "sure" when subject == "clean" then accept\n',
    'rule "sure" when subject == "clean" then reject 550 5.7.1 "no"\n',
])
def test_rules_behind_the_one_that_decided_are_not_undecided(judge, before):
    assert "undecided" not in judge(before + BY_DKIM)


def test_what_is_refused_for_good_could_not_fare_worse(judge):
    drops = BY_DKIM.replace("reject 550", "drop 554")
    assert judge(drops)["undecided"][0]["would"] == "drop"
    assert "undecided" not in judge(drops + 'rule "all" then reject 550 5.7.1 "no"\n')


def test_rules_that_are_observed_or_no_stricter_are_not_named(judge):
    lenient = 'rule "lenient" when count(dkim) < 1 then accept\n'
    assert "undecided" not in judge(lenient + "observe " + BY_DKIM.splitlines()[1] + "\n")


def test_a_sum_of_points_that_nobody_knows_is_undecided(judge):
    told = judge('rule "points" when count(dkim) < 1 then score 5 as "unsigned"\nrule "sum" when score >= 5 then reject 550 5.7.1 "no"\n')
    assert [(u["rule"], u["needs"]) for u in told["undecided"]] == [("sum", "dkim")]


def test_postmaster_is_spared_by_what_is_undecided_too(judge):
    spf = 'rule "spf" when spf.result == fail then reject 550 5.7.1 "no"\n'
    assert [u["rule"] for u in judge(spf, "--rcpt", "user@example.com")["undecided"]] == ["spf"]
    assert "undecided" not in judge(spf, "--rcpt", "postmaster@example.com")


@pytest.mark.parametrize("named", [("bob", "eve"), ("eve", "bob"), ("postmaster", "bob"), ("bob", "postmaster")])
def test_what_is_undecided_for_one_recipient_of_several_is_named_whoever_stands_first(judge, named):
    rules = 'rule "one" when recipient.local == "bob" and spf.result == fail then reject 550 5.7.1 "no"\n' \
            'rule "signed" when count(dkim) < 1 then reject 550 5.7.1 "sign it"\n'
    words = [word for name in named for word in ("--rcpt", name + "@example.com")]
    assert [u["rule"] for u in judge(rules, *words)["undecided"]] == ["one", "signed"]
