/* SPDX-License-Identifier: ISC
 * What is told of a server's words: bounded, and without the name and the address that must not be
 * in it. */
#include "proxy/smtp/smtp_hide.h"
#include "tests/fuzz/target.h"

enum { ROOM = 1 << 16 };

static const struct slice name = {"mbx1.example.com", 16};

static bool is_word_char(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '.' || c == '-' || c == '_';
}

/* As a word of its own, and no local part. */
static bool names(struct slice text)
{
    for (size_t i = 0; i + name.len <= text.len; i++) {
        size_t end = i + name.len;
        if (slice_istarts(slice_from(text, i), name) &&
            (i == 0 || !is_word_char(text.ptr[i - 1])) &&
            (end == text.len || (!is_word_char(text.ptr[end]) && text.ptr[end] != '@')))
            return true;
    }
    return false;
}

FUZZ(in)
{
    static char told[ROOM], again[ROOM];
    struct ip address;
    require(ip_parse(SLICE("203.0.113.25"), &address));
    const struct smtp_inside inside = {&name, 1, &address, 1};
    if (in.len > ROOM / 8)
        return;
    size_t n = smtp_hide(550, in, &inside, told, sizeof told);
    struct slice once = {told, n};
    require(n <= in.len * 4 && !names(once));
    require(slice_search(once, SLICE("[203.0.113.25]")) == once.len);
    require(smtp_hide(550, in, &inside, again, 7) == (n < 7 ? n : 7));
    n = smtp_hide(250, in, &inside, told, sizeof told);
    require(n >= 2 && n <= 100 && !names((struct slice){told, n}));
    require(smtp_greeting_name(in).len <= in.len);
}
