# SPDX-License-Identifier: ISC
"""Two gateways on one folder: the second is refused, and says who has it."""
import re
import signal

import pytest

from lab.parent import Parent, parent  # noqa: F401

WATCHED = 'rule "first contact waits" when not greylist.known then defer 451 4.7.1 "later"\n'
PLACES = ["keeper folder", "keeper control", "metrics socket", "redis folder"]


def configure(it, **elsewhere):
    """With folders of its own, but for those given: {"keeper_folder": path}."""
    paths = {word: elsewhere.get(word.replace(" ", "_"), it.folder / "own" / word.replace(" ", "-")) for word in PLACES}
    it.configure()
    text = it.path.read_text()
    text = re.sub(r"history \{.*?\}|redis \{.*?\}|keeper \{.*?\}", "", text)
    it.path.write_text(text + 'keeper { folder "%s"  control "%s" }\nmetrics { socket "%s" }\nredis { account "bin"  folder "%s"  program "/bin/false" }\n%s'
                       % (*paths.values(), WATCHED))
    return paths


@pytest.fixture
def second(own_dir):
    folder = own_dir / "second"
    folder.mkdir()
    it = Parent(folder)
    yield it
    it.stop()


def where(it, place):
    """How an error at what this setting gives begins: FILE:LINE:COLUMN."""
    block, word = place.split()
    text = it.path.read_text()
    at = text.index('"', text.index(word, text.index("\n%s {" % block)))
    return "%s:%d:%d: error: %s" % (it.path, text.count("\n", 0, at) + 1, at - text.rindex("\n", 0, at), place)


def refused(it, text):
    status, said = it.run("-F")
    return status == 1 and text in said


@pytest.mark.parametrize("place", PLACES)
def test_a_second_one_is_refused_and_told_who_has_it(parent, second, place):
    path = configure(parent)[place]
    parent.start()
    configure(second, **{place.replace(" ", "_"): "%s/" % path if "folder" in place else path})
    text = '%s "%s' % (place, path)
    status, said = second.run("-F")
    assert where(second, place) in said
    assert status == 1 and text in said and "another gatepost, pid %d, uses it" % parent.popen.pid in said
    assert said.count("another gatepost") == 1, "the other places are its own"
    parent.reload()
    assert refused(second, "pid %d" % parent.popen.pid)


def test_the_check_neither_takes_nor_needs_it(parent):
    configure(parent)
    assert parent.run("-n")[0] == 0
    parent.start()
    assert parent.run("-n")[0] == 0


def test_one_that_was_killed_is_no_hindrance(parent):
    configure(parent)
    parent.start()
    parent.signal(signal.SIGKILL)
    parent.popen.wait(10)
    parent.start()
    assert parent.logged(": serving ", 2)


def test_a_reload_to_the_place_of_another_changes_nothing(parent, second):
    path = configure(parent)["keeper folder"]
    parent.start()
    was = configure(second)["keeper folder"]
    second.start()
    configure(second, keeper_folder=path)
    second.signal(signal.SIGHUP)
    assert second.logged("reload refused, nothing is changed") and "pid %d, uses it" % parent.popen.pid in second.log()
    assert 'at=%s ' % where(second, "keeper folder").partition(": ")[0] in second.log()
    assert second.connect().generation == 1
    configure(parent, keeper_folder=was)
    assert refused(parent, "pid %d, uses it" % second.popen.pid), "it still has its own"


def test_what_a_reload_leaves_is_free_once_nobody_serves_from_it(parent, second):
    path = configure(parent)["keeper folder"]
    parent.start()
    held = parent.connect()
    configure(parent, keeper_folder=parent.folder / "other")
    parent.reload()
    configure(second, keeper_folder=path)
    assert refused(second, "pid %d, uses it" % parent.popen.pid), "an older generation may still need it"
    held.close()
    assert parent.logged("generation ended")
    assert second.start()


def test_where_no_lock_can_be_had_it_serves_and_says_so(parent):
    path = configure(parent)["keeper folder"]
    path.parent.mkdir()
    (path.parent / "keeper-folder.lock").symlink_to(parent.folder / "elsewhere")
    parent.start()
    assert 'keeper folder "%s": not locked against a second gatepost' % path in parent.log()
    assert not (parent.folder / "elsewhere").exists()


def test_its_own_place_under_another_name_is_no_other_gateways(parent, second):
    path = configure(parent)["keeper folder"]
    (parent.folder / "link").symlink_to(path.parent)
    path.parent.mkdir()
    parent.start()
    configure(parent, keeper_folder=parent.folder / "link" / path.name)
    parent.reload()
    assert parent.logged("generation ended")
    configure(second, keeper_folder=path)
    assert refused(second, "pid %d, uses it" % parent.popen.pid), "it is claimed still"
