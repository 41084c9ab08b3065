/* SPDX-License-Identifier: ISC
 * POP3 from both sides: what a client says, and what stands behind a server's status line. The same octets in pieces are
 * the same content. */
#include "proxy/login/sasl_mechanism.h"
#include "proxy/pop3/pop3_body.h"
#include "proxy/pop3/pop3_command.h"
#include "tests/fuzz/target.h"

#include <string.h>

enum { CONTENT_MAX = 1 << 20 };

struct taken {
    size_t len;
    char text[CONTENT_MAX];
};

static struct taken whole, pieces;

static bool take(void *ctx, struct slice content)
{
    struct taken *taken = ctx;
    require(taken->len + content.len <= CONTENT_MAX);
    memcpy(taken->text + taken->len, content.ptr, content.len);
    taken->len += content.len;
    return true;
}

static struct pop3_body read_body(struct slice in, bool stuffed, size_t step, struct taken *out)
{
    struct pop3_body body = {.stuffed = stuffed};
    out->len = 0;
    while (in.len && body.state < POP3_BODY_END) {
        size_t used = pop3_body_feed(&body, slice_sub(in, 0, step), take, out);
        require(used > 0 && used <= step);
        in = slice_from(in, used);
    }
    return body;
}

static void check_body(struct slice in, bool stuffed)
{
    struct pop3_body a = read_body(in, stuffed, in.len ? in.len : 1, &whole);
    struct pop3_body b = read_body(in, stuffed, 1 + in.len % 7, &pieces);
    require(a.state == b.state && a.ambiguous == b.ambiguous && whole.len == pieces.len);
    require(memcmp(whole.text, pieces.text, whole.len) == 0);
    require(whole.len <= in.len);
}

static void check_lines(struct slice in)
{
    struct slice line, argument;
    size_t used;
    uint32_t number, lines;
    while (in.len) {
        int r = pop3_line(in, &line, &used);
        if (r == 0 || r == -1)
            break;
        require(used > 0 && used <= in.len);
        if (r == 1) {
            require(line.len + 2 == used && !memchr(line.ptr, '\r', line.len));
            require(pop3_verb(line, &argument) <= POP3_VERBS && argument.len <= line.len);
            pop3_number(argument, &number);
            pop3_numbers(argument, &number, &lines);
        }
        in = slice_from(in, used);
    }
}

/* What is read as PLAIN is said in the same way, and holds nothing that would end a line. */
static void check_plain(struct slice in)
{
    struct credentials who, again;
    char text[SASL_PLAIN_TEXT_MAX];
    memset(&who, 0, sizeof who);
    memset(&again, 0, sizeof again);
    if (!sasl_plain(in, &who))
        return;
    require(!strpbrk(who.user, "\r\n") && !strpbrk(who.password, "\r\n"));
    struct slice said = {text, sasl_plain_text(&who, text)};
    require(sasl_plain(said, &again) && strcmp(who.password, again.password) == 0);
}

/* Whoever is named is named in one line, whatever the mechanism. */
static void check_mechanisms(struct slice in)
{
    for (int i = 0; i < MECHANISMS; i++) {
        const struct sasl_mechanism *mechanism = sasl_mechanism_of((enum login_mechanism)i);
        struct credentials who;
        memset(&who, 0, sizeof who);
        for (unsigned n = 1; mechanism->read && n < 4; n++) {
            enum sasl_read found = mechanism->read(n, in, &who);
            require((found == SASL_NAMES_USER) <= (*who.user != '\0'));
            require(!strpbrk(who.user, "\r\n") && !strpbrk(who.acting_for, "\r\n"));
        }
    }
}

FUZZ(in)
{
    if (in.len > CONTENT_MAX / 2)
        return;
    check_body(in, false);
    check_body(in, true);
    check_lines(in);
    check_plain(in);
    check_mechanisms(in);
}
