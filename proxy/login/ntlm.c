/* SPDX-License-Identifier: ISC */
#include "proxy/login/ntlm.h"

enum {
    TYPE_AT = 8,
    DOMAIN_AT = 28,
    USER_AT = 36,
    FLAGS_AT = 60,
    HEADER = 64,
    NEGOTIATE = 1,
    AUTHENTICATE = 3,
    UNICODE = 1, /* NTLMSSP_NEGOTIATE_UNICODE */
};

static uint32_t number(struct slice message, size_t at, size_t octets)
{
    uint32_t n = 0;
    for (size_t i = 0; i < octets; i++)
        n |= (uint32_t)(unsigned char)message.ptr[at + i] << 8 * i;
    return n;
}

static bool is_message(struct slice message, uint32_t type)
{
    return slice_starts(message, (struct slice){"NTLMSSP", 8}) && message.len >= TYPE_AT + 4 &&
           number(message, TYPE_AT, 4) == type;
}

bool ntlm_is_negotiate(struct slice message)
{
    return is_message(message, NEGOTIATE);
}

/* Length, room, offset. */
static bool field(struct slice message, size_t at, struct slice *out)
{
    size_t len = number(message, at, 2), from = number(message, at + 4, 4);
    if (from > message.len || len > message.len - from)
        return false;
    *out = slice_sub(message, from, from + len);
    return true;
}

/* ---- UTF-16 ---- */

static bool append(char *room, size_t size, size_t *len, unsigned octet)
{
    if (*len == size)
        return false;
    room[(*len)++] = (char)octet;
    return true;
}

static bool append_code(char *room, size_t size, size_t *len, uint32_t code)
{
    if (code < 0x80)
        return append(room, size, len, code);
    unsigned more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    unsigned first = more == 1 ? 0xc0 : more == 2 ? 0xe0 : 0xf0;
    if (!append(room, size, len, first | code >> 6 * more))
        return false;
    while (more-- > 0)
        if (!append(room, size, len, 0x80 | (code >> 6 * more & 0x3f)))
            return false;
    return true;
}

static bool is_surrogate(uint32_t code, uint32_t first)
{
    return (code & 0xfc00) == first;
}

static bool append_wide(char *room, size_t size, size_t *len, struct slice text)
{
    for (size_t i = 0; i + 1 < text.len; i += 2) {
        uint32_t code = number(text, i, 2);
        if (is_surrogate(code, 0xd800)) {
            if (i + 3 >= text.len || !is_surrogate(number(text, i + 2, 2), 0xdc00))
                return false;
            i += 2;
            code = 0x10000 + ((code & 0x3ff) << 10) + (number(text, i, 2) & 0x3ff);
        } else if (is_surrogate(code, 0xdc00)) {
            return false;
        }
        if (!append_code(room, size, len, code))
            return false;
    }
    return text.len % 2 == 0;
}

/* A name in the client's own code page stays as it is. */
static bool append_text(char *room, size_t size, size_t *len, struct slice text, bool wide)
{
    if (wide)
        return append_wide(room, size, len, text);
    for (size_t i = 0; i < text.len; i++)
        if (!append(room, size, len, (unsigned char)text.ptr[i]))
            return false;
    return true;
}

bool ntlm_user(struct slice message, char *room, size_t size, struct slice *out)
{
    struct slice domain, user;
    size_t len = 0;
    if (message.len < HEADER || !is_message(message, AUTHENTICATE) ||
        !field(message, DOMAIN_AT, &domain) || !field(message, USER_AT, &user))
        return false;
    bool wide = number(message, FLAGS_AT, 4) & UNICODE;
    if (domain.len && user.len &&
        (!append_text(room, size, &len, domain, wide) || !append(room, size, &len, '\\')))
        return false;
    if (!append_text(room, size, &len, user, wide))
        return false;
    *out = (struct slice){room, len};
    return true;
}
