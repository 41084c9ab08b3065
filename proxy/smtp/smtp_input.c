/* SPDX-License-Identifier: ISC
 * Command lines as they come in, and who is heard no further: clients that speak another protocol,
 * do not end their lines, or send a message that nobody asked for. */
#include "proxy/smtp/smtp_input.h"

#include "proxy/login/login.h"
#include "proxy/smtp/smtp_answer.h"
#include "proxy/smtp/smtp_command.h"
#include "proxy/smtp/smtp_line.h"
#include "proxy/smtp/smtp_login.h"
#include "proxy/smtp/smtp_verbs.h"

static void unasked_message(struct smtp_session *s)
{
    smtp_close(s, 421, "4.7.0", "a message was sent that nobody had asked for");
}

static void unknown(struct smtp_session *s, struct slice line)
{
    const char *other = smtp_other_protocol(line);
    if (other)
        smtp_close_foreign(s, other);
    else
        smtp_error(s, 500, "5.5.1", "command not recognised");
}

/* Behind a DATA that was refused: the first line of a message, or of a dialogue in one, of somebody
 * who did not wait for 354. In a transaction those who did go on with RSET, QUIT, RCPT. */
static bool is_of_a_message(const struct smtp_session *s, enum smtp_verb verb)
{
    return s->data_refused &&
           (verb == SMTP_UNKNOWN || (s->t->open && (verb == SMTP_EHLO || verb == SMTP_HELO)));
}

static void take_line(struct smtp_session *s, struct slice line)
{
    if (smtp_login_talks(s)) {
        login_answer(s->base.login, line);
        return;
    }
    struct slice argument;
    enum smtp_verb verb = smtp_verb(line, &argument);
    bool of_a_message = is_of_a_message(s, verb);
    s->data_refused = false;
    if (of_a_message) {
        unasked_message(s);
    } else if (verb == SMTP_UNKNOWN) {
        unknown(s, line);
    } else {
        smtp_command(s, verb, argument);
        s->data_refused = verb == SMTP_DATA && s->base.state == SESSION_OPEN;
    }
}

static void malformed(struct smtp_session *s)
{
    smtp_error(s, 500, "5.5.2", "commands end with CRLF and hold no NUL, CR or LF");
}

/* Told at once, as who ends lines so waits for a reply; once. */
static void bare_newline(struct smtp_session *s, struct slice line, size_t used)
{
    const char *other = smtp_other_protocol(line);
    if (other) {
        smtp_close_foreign(s, other);
    } else if (s->bare_newline) {
        smtp_close(s, 421, "4.7.0", "commands end with CRLF");
    } else {
        s->bare_newline = true;
        s->line_rest = used;
        malformed(s);
    }
}

/* The rest of a line with a bare LF is no command. */
static size_t skip_rest(struct smtp_session *s, struct slice bytes)
{
    size_t used = 0;
    int r = smtp_line_rest(bytes, &used);
    s->line_rest = r == 1 ? 0 : s->line_rest + used;
    if (r == -3 || s->line_rest > SMTP_LINE_MAX) {
        smtp_close(s, 421, "4.7.0", "commands end with CRLF");
        return bytes.len;
    }
    return used;
}

/* Whether more stands behind a command whose reply is not out yet. */
static bool more_was_sent(const struct smtp_session *s, struct slice bytes, size_t used)
{
    return used < bytes.len || stream_input_waits(s->base.stream);
}

/* What users log in with may be long (RFC 4954 4). */
static size_t longest_line(const struct smtp_session *s)
{
    return s->base.login ? SMTP_LOGIN_LINE_MAX : SMTP_LINE_MAX;
}

size_t smtp_take_command(struct smtp_session *s, struct slice bytes)
{
    struct slice line;
    size_t used = 0;
    if (smtp_login_is_lost(s)) {
        smtp_login_say_lost(s);
        return bytes.len;
    }
    if (s->line_rest)
        return skip_rest(s, bytes);
    if (smtp_is_binary(bytes)) { /* it may never end a line */
        smtp_close_foreign(s, smtp_other_protocol(bytes));
        return bytes.len;
    }
    int r = smtp_line(bytes, longest_line(s), s->normalises, &line, &used);
    if (r == 0)
        return 0;
    if (r == -1) {
        smtp_close(s, 500, "5.5.6", "line too long");
        return bytes.len;
    }
    if (!session_may_go_on(&s->base))
        return bytes.len;
    stream_deadline(s->base.stream, s->base.protocol->patience(&s->base));
    if (r == -3)
        bare_newline(s, line, used);
    else if (r == -2)
        malformed(s);
    else
        take_line(s, line);
    if (s->data_refused && more_was_sent(s, bytes, used))
        unasked_message(s);
    return used;
}
