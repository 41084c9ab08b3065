# SPDX-License-Identifier: ISC
"""The ways in which a client logs in over POP3: USER and PASS (RFC 1939), AUTH with PLAIN and LOGIN (RFC 5034, 4616).
Each is way(session, user, password), and gives the status line that answers the password."""
from lab.pop3_client import Session, base64_of, plain


def in_pieces(session, line):
    """Octet by octet, so that what came waits for the rest."""
    for octet in line:
        session.send(bytes([octet]))
    return session.command(b"")


def by_user_pass(session, user, password):
    session.expect("USER " + user)
    return session.command("PASS " + password)


def by_user_pass_in_lower_case(session, user, password):
    session.expect("user " + user)
    return session.command("pass " + password)


def by_user_pass_pipelined(session, user, password, *behind):
    """In one write, with these commands behind it."""
    user_told, told, *_ = session.pipelined("USER " + user, "PASS " + password, *behind)
    assert user_told.startswith(b"+OK"), user_told
    return told


def by_user_pass_in_pieces(session, user, password):
    session.expect("USER " + user)
    return in_pieces(session, b"PASS " + password.encode())


def by_plain(session, user, password):
    """The server asks first."""
    session.expect("AUTH PLAIN", "+ ")
    return session.command(plain(user, password))


def by_plain_initial(session, user, password, acting_for=""):
    """With an initial response."""
    return session.command(b"AUTH PLAIN " + plain(user, password, acting_for))


def by_plain_initial_in_pieces(session, user, password):
    return in_pieces(session, b"AUTH PLAIN " + plain(user, password))


def by_login(session, user, password):
    session.expect("AUTH LOGIN", "+ ")
    session.expect(base64_of(user), "+ ")
    return session.command(base64_of(password))


def told_to_login(port, user, password, way=by_user_pass, **how):
    """What answers this login over a connection of its own."""
    with Session(port, **how) as session:
        return way(session, user, password)
