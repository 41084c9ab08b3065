# SPDX-License-Identifier: ISC
"""What o'clock it is for rules: where the configuration says, and at which moment of a session; and as `gatepostctl check` says it."""
import datetime
import json
import zoneinfo

import pytest

from lab import check, needs, samples, steered
from lab.gatepost import backend, domains
from lab.pop3_client import logged_in
from lab.pop3_stub import Pop3Stub
from lab.process import wait_until
from lab.smtp_client import Session

pytestmark = needs.root
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
RULES = 'observe rule "when" when time.hour >= 0 and time.weekday is known and time.zone is known then log "x"\n'
HOUR = 3600


def zone(name):
    return 'time { zone "%s" }\n' % name


def told(facts):
    return facts["time.hour"], facts["time.weekday"], facts["time.zone"]


def now_in(name):
    there = datetime.datetime.now(zoneinfo.ZoneInfo(name))
    return there.hour, DAYS[there.weekday()], name


def sends(client):
    """A message."""
    client.envelope("user@example.com")
    assert client.data(samples.clean()).code == 250


def new_facts(gateway, before, protocol="smtp"):
    """Of the records that have come since."""
    def come():
        return [r["facts"] for r in gateway.decisions() if r["facts"].get("protocol") == protocol][before:]
    return wait_until(come)


def hours_between(earlier, later):
    return (later["time.hour"] - earlier["time.hour"]) % 24


@pytest.fixture
def gateway(start, new_backend, own_dir):
    """gateway(body, **how), whose clock can be moved."""
    def run(body, **how):
        return start(backend("behind", new_backend().port) + domains("behind", "example.com") + RULES + body,
                     changes={"process": {"proxies": 1}, "timeouts": {"mailbox": "24h"}}, **how, **steered.programs(own_dir, *steered.RECORDING))
    return run


@pytest.mark.parametrize("name", ["America/Caracas", "Pacific/Auckland"])
def test_the_hour_is_the_zones_whatever_the_machine_has(gateway, name):
    it, before = gateway(zone(name)), now_in(name)
    with Session(it.port) as client:
        client.ehlo()
        sends(client)
    assert told(new_facts(it, 0)[0]) in (before, now_in(name))


def test_it_is_the_moment_when_the_session_began(gateway):
    it = gateway(zone("Asia/Kolkata"))
    proxy, = it.pids("gatepost-proxy")
    with Session(it.port) as early:
        early.ehlo()
        steered.move_clock(proxy, HOUR)
        with Session(it.port) as late:
            late.ehlo()
            sends(late)
            late = new_facts(it, 0)[0]
        sends(early)
        assert hours_between(new_facts(it, 1)[0], late) in (1, 2)


def test_of_a_message_that_is_read_it_is_the_moment_when_it_is_examined(gateway):
    behind = Pop3Stub([samples.clean("one"), samples.clean("two")]).start()
    it = gateway(zone("Asia/Kolkata") + backend("mailboxes", pop3=[behind.port]), pop3="backend mailboxes")
    proxy, = it.pids("gatepost-proxy")
    try:
        with logged_in(it.pop3_port) as reader:
            reader.message(1)
            early = new_facts(it, 0, "pop3")[0]
            steered.move_clock(proxy, HOUR)
            reader.message(2)
            assert hours_between(early, new_facts(it, 1, "pop3")[0]) in (1, 2)
    finally:
        it.stop()
        behind.stop()


def test_another_zone_holds_after_a_reload(gateway):
    it = gateway(zone("Asia/Tokyo"))
    with open(it.file) as f:
        text = f.read()

    def reloaded(name, says):
        with open(it.file, "w") as f:
            f.write(text.replace("Asia/Tokyo", name))
        it.reload()
        assert it.wait_log(says, 20), it.log()[-2000:]

    def zone_now(before):
        with Session(it.port) as client:
            client.ehlo()
            sends(client)
        return new_facts(it, before)[0]["time.zone"]

    assert zone_now(0) == "Asia/Tokyo"
    reloaded("Asia/Tokio", "unknown time zone 'Asia/Tokio'; did you mean 'Asia/Tokyo'?")
    assert zone_now(1) == "Asia/Tokyo"
    reloaded("America/Lima", "generation ended")
    assert zone_now(2) == "America/Lima"


@pytest.mark.parametrize("moment, hour, weekday", [
    (1774745999, 1, "sunday"), (1774746000, 3, "sunday"),  # 29 March 2026, when an hour is left out
    (1792886400, 2, "sunday"), (1792890000, 2, "sunday"), (1792893600, 3, "sunday")])  # 25 October, when it comes twice
def test_check_judges_a_message_as_if_it_came_at_another_time(own_dir, moment, hour, weekday):
    rules = 'rule "now" when time.hour == %d and time.weekday == %s then reject 550 5.7.1 "{time.hour} {time.zone}"\n' % (hour, weekday)
    file = check.configuration(own_dir, zone("Europe/Berlin") + rules)
    message = own_dir / "message.eml"
    message.write_bytes(samples.clean())
    done = check.gatepostctl("check", "--json", "--config", file, "--time", moment, message)
    answer = json.loads(done.stdout)
    assert (answer["rules"], told(answer["facts"])) == (["now"], (hour, weekday, "Europe/Berlin")), done.stdout
