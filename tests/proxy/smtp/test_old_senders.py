# SPDX-License-Identifier: ISC
"""What old devices and careless programs write: taken as other servers take it, and sound where it goes on."""
import pytest

from lab import needs
from lab.gatepost import backend, domains
from lab.smtp_client import Session

MESSAGE = b"Subject: from a printer\r\nFrom: scan@client.example\r\n\r\nhello\r\n"

# As it is written after "FROM:" or "TO:", and as it goes on.
TAKEN = [
    ("LOCAL@example.com", "LOCAL@example.com"),
    (" LOCAL@example.com", "LOCAL@example.com"),
    ("< LOCAL@example.com >", "LOCAL@example.com"),
    ("<LOCAL@example.com >", "LOCAL@example.com"),
    (" < LOCAL@example.com>  ", "LOCAL@example.com"),
    ("<@hop.example:LOCAL@example.com>", "LOCAL@example.com"),
    ("<LOCAL:x@example.com>", '"LOCAL:x"@example.com'),
    ("mailto:LOCAL@example.com", '"mailto:LOCAL"@example.com'),
    ("<LOCAL..x@example.com>", '"LOCAL..x"@example.com'),
    ("<LOCAL.@example.com>", '"LOCAL."@example.com'),
    ('"LOCAL x"@example.com', '"LOCAL x"@example.com'),
]
# Nobody can tell whom these mean, or a server takes them for two things.
REFUSED = ["", " ", "<LOCAL@example.com", "LOCAL@example.com>", "<<LOCAL@example.com>>", "<LOCAL@example.com>x@client.example>",
           "<LOCAL,x@example.com>", "<LOCAL;x@example.com>", "<LOCAL(x)@example.com>", "<LOCAL x@example.com>", "<LOCAL\\x@example.com>",
           "<LOCAL@x@example.com>", "'LOCAL@example.com'", "Local <LOCAL@example.com>", '<LOCAL."x"@example.com>', "<LOCAL@ example.com>"]


def taken_on(session, sender="<a@client.example>", recipient="<user@example.com>", mail=""):
    session.expect("MAIL FROM:%s%s" % (sender, mail), 250)
    session.expect("RCPT TO:%s" % recipient, 250)
    assert session.data(MESSAGE).code == 250


@pytest.mark.parametrize("written, sound", TAKEN)
def test_a_sender_is_taken_as_it_is_and_goes_on_sound(greeted, behind, written, sound):
    taken_on(greeted, sender=written.replace("LOCAL", "scan"))
    assert behind.messages[0].mail_line.split(b" SIZE=")[0] == b"MAIL FROM:<%s>" % sound.replace("LOCAL", "scan").encode()


@pytest.mark.parametrize("written, sound", TAKEN)
def test_a_recipient_is_taken_as_it_is_and_goes_on_sound(greeted, behind, written, sound):
    taken_on(greeted, recipient=written.replace("LOCAL", "user"))
    sound = sound.replace("LOCAL", "user").encode()
    assert behind.messages[0].rcpt_lines == [b"RCPT TO:<%s>" % sound]
    assert b"for <%s>" % sound in behind.messages[0].content


@pytest.mark.parametrize("written", REFUSED)
def test_what_can_be_read_in_two_ways_is_refused(greeted, behind, written):
    assert greeted.command("MAIL FROM:" + written).code in (501, 555)
    greeted.command("MAIL FROM:<a@client.example>")
    assert greeted.command("RCPT TO:" + written).code in (501, 553, 555)
    assert not behind.messages


def test_rules_see_a_local_part_as_it_was_written(start, new_backend):
    behind = new_backend()
    it = start(backend("behind", behind.port) + domains("behind", "example.com")
               + 'rule "these" when sender == "a..b@client.example" and recipient == "c:d@example.com" then header add "X-Seen" "yes"\n')
    with Session(it.port) as session:
        session.ehlo()
        taken_on(session, "a..b@client.example", "c:d@example.com")
    assert b"X-Seen: yes" in behind.messages[0].content
    assert it.decisions()[0]["from"] == '"a..b"@client.example'


def test_a_sender_without_a_domain_is_of_ours(greeted, behind):
    for written in ("<root>", "root", "< root >"):
        taken_on(greeted, sender=written)
    assert {message.sender for message in behind.messages} == {"root@example.com"}


def test_a_recipient_without_a_domain_is_nobody_but_the_postmaster(greeted, behind):
    greeted.expect("MAIL FROM:<root>", 250)
    greeted.expect("RCPT TO:<root>", 501)
    greeted.expect("RCPT TO:root", 501)
    greeted.expect("RCPT TO:postmaster", 250)
    assert greeted.data(MESSAGE).code == 250
    assert behind.messages[0].recipients == ["postmaster@example.com"]


def test_blanks_within_the_brackets_are_the_null_sender_too(greeted, behind):
    taken_on(greeted, sender="< >")
    assert behind.messages[0].sender == ""


def test_after_helo_size_and_body_are_heard(session, behind):
    session.expect("HELO printer", 250)
    taken_on(session, mail=" SIZE=1000 BODY=8BITMIME")
    assert b"BODY=8BITMIME" in behind.messages[0].mail_line
    session.expect("MAIL FROM:<a@client.example> SIZE=99999999999", 552)
    session.expect("MAIL FROM:<a@client.example> SMTPUTF8", 555)


@pytest.mark.parametrize("auth", ["AUTH=<>", "AUTH=a+2Bb@client.example", "AUTH=", "AUTH=x=y", "auth=<> AUTH=<>"])
def test_who_authenticated_elsewhere_is_nobodys_business(greeted, behind, auth):
    taken_on(greeted, mail=" " + auth)
    assert not any(b"AUTH" in line.upper() for line in behind.commands)


def test_an_equals_sign_that_should_be_encoded_goes_on_encoded(greeted, behind):
    taken_on(greeted, mail=" RET=HDRS ENVID=a=b+3Dc+d", recipient="<user@example.com> ORCPT=rfc822;x=y+40z@example.com")
    assert b" ENVID=a+3Db+3Dc+2Bd" in behind.messages[0].mail_line
    assert behind.messages[0].rcpt_lines[0].endswith(b" ORCPT=rfc822;x+3Dy+40z@example.com")


def test_a_long_parameter_goes_on_whole_where_much_of_it_has_to_be_encoded(greeted, behind):
    taken_on(greeted, recipient="<user@example.com> ORCPT=rfc822;%s@example.com" % ("=" * 1800))
    assert behind.messages[0].rcpt_lines[0].endswith(b" ORCPT=rfc822;%s@example.com" % (b"+3D" * 1800))


def test_a_body_type_that_is_not_known_is_an_unsupported_parameter(greeted):
    for mail in ("BODY=BINARYMIME", "BODY=9BIT"):
        assert greeted.expect("MAIL FROM:<a@client.example> " + mail, 555).enhanced == "5.5.4"


# -- beside a real server

@needs.root
def test_what_postfix_takes_is_taken_and_reaches_it(start, postfix):
    it = start(backend("behind", postfix.port) + domains("behind", "example.com"))
    for number, (written, _) in enumerate(TAKEN):
        written = written.replace("LOCAL", "scan")
        with Session(postfix.port) as direct:
            direct.ehlo()
            direct.expect("MAIL FROM:" + written, 250)
        with Session(it.port) as session:
            session.ehlo()
            session.envelope()
            session.expect("RSET", 250)
            session.expect("MAIL FROM:%s AUTH=<> SIZE=100" % written, 250)
            session.expect("RCPT TO:< user@example.com >", 250)
            assert session.data(b"Subject: old%d\r\n\r\nx\r\n" % number).code == 250, written
        assert postfix.wait_for_message("user@example.com", b"Subject: old%d\n" % number), written
