/* SPDX-License-Identifier: ISC */
#include "proxy/pop3/pop3_session.h"

static void found_plus(struct pop3_session *s, struct slice line)
{
    struct slice name = slice_of(mechanism_name(s->reader.base.login->mechanism->id)), word;
    while (line.len) {
        slice_cut(line, ' ', &word, &line);
        bool plus = word.len == name.len + 5 && slice_istarts(word, name);
        s->plus |= plus && slice_iends(word, SLICE("-PLUS"));
    }
}

/* A line that comes in pieces is read in pieces: a word that is cut would be missed, so what is not
 * whole is put together in the arena. */
static bool gather_capabilities(struct pop3_session *s, struct slice octets)
{
    struct slice line;
    struct slice rest = ARENA_JOIN(s->reader.mail, s->capability, octets);
    if (!rest.ptr || rest.len > POP3_LINE_MAX)
        return false;
    while (slice_find(rest, '\n') < rest.len && slice_cut(rest, '\n', &line, &rest))
        found_plus(s, slice_trim(line));
    s->capability = rest;
    return true;
}

static void heard_capabilities(struct pop3_session *s)
{
    if (s->plus)
        pop3_not_here(s);
    else
        pop3_begin_exchange(s);
}

static void hear_capabilities(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    (void)line;
    if (status != POP3_OK)
        pop3_begin_exchange(s);
}

static const struct pop3_exchange asking = {hear_capabilities, gather_capabilities,
                                            heard_capabilities};

void pop3_ask_plus(struct pop3_session *s)
{
    s->plus = false;
    s->capability = SLICE("");
    pop3_send(s, SLICE("CAPA"), POP3_ANSWER_LINES, &asking);
}
