/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_xclient.h"

#include "base/buf.h"

#include <stdio.h>

enum { HELO_MAX = 255 /* that Postfix takes */, ENDS = 2, ADDRESS_MAX = 5 + 46, NUMBER_MAX = 8 };

/* In the order in which they are told: those that are short stand before those that may not fit. */
enum attribute { ADDR, PORT, PROTO, DESTADDR, DESTPORT, LOGIN, NAME, HELO, ATTRIBUTES };

static const char *const words[ATTRIBUTES] = {"ADDR",     "PORT",  "PROTO", "DESTADDR",
                                              "DESTPORT", "LOGIN", "NAME",  "HELO"};

static const struct slice unavailable = {"[UNAVAILABLE]", 13};

unsigned smtp_xclient_offered(struct slice names)
{
    unsigned offered = 0;
    struct slice name;
    while (names.len) {
        slice_cut(names, ' ', &name, &names);
        for (unsigned i = 0; i < ATTRIBUTES; i++)
            if (slice_ieq(name, slice_of(words[i])))
                offered |= 1U << i;
    }
    return offered;
}

/* ---- values ---- */

static struct slice address(const struct ip *ip, char room[static ADDRESS_MAX])
{
    char text[46];
    if (ip->family == 0)
        return SLICE("");
    ip_text(ip, text);
    int n = snprintf(room, ADDRESS_MAX, "%s%s", ip->family == 6 ? "IPV6:" : "", text);
    return (struct slice){room, (size_t)n};
}

static struct slice port(unsigned number, char room[static ADDRESS_MAX])
{
    int n = number ? snprintf(room, NUMBER_MAX, "%u", number) : 0;
    return (struct slice){room, (size_t)n};
}

static struct slice value(const struct told_client *client, enum attribute which,
                          char room[static ADDRESS_MAX])
{
    switch (which) {
    case ADDR:
        return address(&client->ip, room);
    case PORT:
        return port(client->port, room);
    case PROTO:
        return client->esmtp ? SLICE("ESMTP") : SLICE("SMTP");
    case DESTADDR:
        return address(&client->reached, room);
    case DESTPORT:
        return port(client->reached_port, room);
    case LOGIN:
        return client->login;
    case NAME:
        return client->name;
    case HELO:
        return client->helo.len <= HELO_MAX ? client->helo : SLICE("");
    case ATTRIBUTES:
        break;
    }
    return SLICE("");
}

/* ---- the line ---- */

static bool is_xchar(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '+' && c != '=';
}

static size_t xtext_len(struct slice text)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++)
        len += is_xchar((unsigned char)text.ptr[i]) ? 1 : 3;
    return len;
}

static void put_xtext(struct buf *line, struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_xchar((unsigned char)text.ptr[i]))
            buf_char(line, text.ptr[i]);
        else
            buf_printf(line, "+%02X", (unsigned char)text.ptr[i]);
}

/* What those from here on take at the least. */
static size_t least(unsigned offered, enum attribute from)
{
    size_t len = ENDS;
    for (unsigned i = from; i < ATTRIBUTES; i++)
        if (offered & 1U << i)
            len += 1 + slice_of(words[i]).len + 1 + unavailable.len;
    return len;
}

static void put(struct buf *line, unsigned offered, enum attribute which, struct slice text)
{
    enum { SMTP_LINE = 512 };
    size_t name = 1 + slice_of(words[which]).len + 1;
    bool fits = text.len > 0 &&
                buf_len(line) + name + xtext_len(text) + least(offered, which + 1) <= SMTP_LINE;
    buf_printf(line, " %s=", words[which]);
    if (fits)
        put_xtext(line, text);
    else
        buf_append(line, unavailable);
}

void smtp_xclient_line(const struct told_client *client, unsigned offered,
                       char out[static XCLIENT_LINE_MAX])
{
    char room[ADDRESS_MAX];
    struct buf line = buf_over(out, XCLIENT_LINE_MAX);
    buf_cstr(&line, "XCLIENT");
    for (unsigned i = 0; i < ATTRIBUTES; i++)
        if (offered & 1U << i)
            put(&line, offered, i, value(client, i, room));
    buf_cstr(&line, "\r\n");
    buf_char(&line, '\0');
}
