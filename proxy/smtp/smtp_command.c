/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_command.h"

#include <string.h>

enum { PARAM_COUNT_MAX = 16, ENVID_MAX = 100 };

enum smtp_verb smtp_verb(struct slice line, struct slice *argument)
{
    static const struct slice words[] = {
#define VERB(id, word, ...) {word, sizeof word - 1},
#include "proxy/smtp/smtp_verbs.def"
#undef VERB
    };
    size_t end = 0;
    while (end < line.len && !ascii_blank(line.ptr[end]))
        end++;
    *argument = slice_trim(slice_from(line, end));
    struct slice word = slice_sub(line, 0, end);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_ieq(word, words[i]))
            return (enum smtp_verb)i;
    return SMTP_UNKNOWN;
}

static bool is_param_word(struct slice key)
{
    for (size_t i = 0; i < key.len; i++)
        if (!ascii_alpha(key.ptr[i]) && !ascii_digit(key.ptr[i]) && key.ptr[i] != '-')
            return false;
    return key.len > 0;
}

/* RFC 5321 4.1.2 esmtp-value, and '=' in it, which real senders do not encode. */
static bool is_param_value(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.ptr[i] <= 0x20 || value.ptr[i] == 0x7f)
            return false;
    return true;
}

/* RFC 4954 5: who wrote the message first, in the client's opinion. It counts nowhere. */
static bool is_auth(struct slice key)
{
    return slice_ieq(key, SLICE("AUTH"));
}

/* The next "KEYWORD[=value]". False at the end; *bad when it is malformed. */
static bool next_param(struct slice *in, struct slice *key, struct slice *value, bool *bad)
{
    *in = slice_trim(*in);
    if (in->len == 0)
        return false;
    size_t end = 0;
    while (end < in->len && !ascii_blank(in->ptr[end]))
        end++;
    struct slice param = slice_sub(*in, 0, end);
    *in = slice_from(*in, end);
    bool has_value = slice_cut(param, '=', key, value);
    bool empty = has_value && value->len == 0 && !is_auth(*key);
    *bad = *bad || empty || !is_param_word(*key) || !is_param_value(*value);
    return true;
}

static bool is_xtext(struct slice s, size_t max)
{
    return s.len > 0 && s.len <= max && slice_is_ascii(s);
}

static enum smtp_params_result body_param(struct slice value, struct smtp_mail_params *out)
{
    if (out->body != SMTP_BODY_NONE || value.len == 0)
        return SMTP_PARAMS_SYNTAX;
    if (slice_ieq(value, SLICE("7BIT")))
        out->body = SMTP_BODY_7BIT;
    else if (slice_ieq(value, SLICE("8BITMIME")))
        out->body = SMTP_BODY_8BITMIME;
    else
        return SMTP_PARAMS_UNKNOWN;
    return SMTP_PARAMS_OK;
}

static enum smtp_params_result mail_param(struct slice key, struct slice value,
                                          struct smtp_mail_params *out)
{
    if (slice_ieq(key, SLICE("SIZE"))) {
        if (out->has_size || value.len > 20 || !slice_to_u64(value, UINT64_MAX, &out->size))
            return SMTP_PARAMS_SYNTAX;
        out->has_size = true;
    } else if (slice_ieq(key, SLICE("BODY"))) {
        return body_param(value, out);
    } else if (slice_ieq(key, SLICE("SMTPUTF8"))) {
        if (out->utf8 || value.len)
            return SMTP_PARAMS_SYNTAX;
        out->utf8 = true;
    } else if (slice_ieq(key, SLICE("RET"))) {
        if (out->ret.len || (!slice_ieq(value, SLICE("FULL")) && !slice_ieq(value, SLICE("HDRS"))))
            return SMTP_PARAMS_SYNTAX;
        out->ret = value;
    } else if (slice_ieq(key, SLICE("ENVID"))) {
        if (out->envid.len || !is_xtext(value, ENVID_MAX))
            return SMTP_PARAMS_SYNTAX;
        out->envid = value;
    } else if (!is_auth(key)) {
        return SMTP_PARAMS_UNKNOWN;
    }
    return SMTP_PARAMS_OK;
}

enum smtp_params_result smtp_mail_params(struct slice in, struct smtp_mail_params *out)
{
    struct slice key, value;
    bool bad = false;
    *out = (struct smtp_mail_params){0};
    for (int n = 0; next_param(&in, &key, &value, &bad); n++) {
        if (bad || n == PARAM_COUNT_MAX)
            return SMTP_PARAMS_SYNTAX;
        enum smtp_params_result result = mail_param(key, value, out);
        if (result != SMTP_PARAMS_OK)
            return result;
    }
    return SMTP_PARAMS_OK;
}

static bool notify_valid(struct slice value)
{
    struct slice word;
    bool more, never = false;
    int words = 0;
    do {
        more = slice_cut(value, ',', &word, &value);
        words++;
        if (slice_ieq(word, SLICE("NEVER")))
            never = true;
        else if (!slice_ieq(word, SLICE("SUCCESS")) && !slice_ieq(word, SLICE("FAILURE")) &&
                 !slice_ieq(word, SLICE("DELAY")))
            return false;
    } while (more);
    return !never || words == 1;
}

enum smtp_params_result smtp_rcpt_params(struct slice in, struct smtp_rcpt_params *out)
{
    struct slice key, value;
    bool bad = false;
    *out = (struct smtp_rcpt_params){0};
    for (int n = 0; next_param(&in, &key, &value, &bad); n++) {
        if (bad || n == PARAM_COUNT_MAX)
            return SMTP_PARAMS_SYNTAX;
        if (slice_ieq(key, SLICE("NOTIFY")) && !out->notify.len && notify_valid(value))
            out->notify = value;
        else if (slice_ieq(key, SLICE("ORCPT")) && !out->orcpt.len &&
                 slice_find(value, ';') < value.len)
            out->orcpt = value;
        else if (slice_ieq(key, SLICE("NOTIFY")) || slice_ieq(key, SLICE("ORCPT")))
            return SMTP_PARAMS_SYNTAX;
        else
            return SMTP_PARAMS_UNKNOWN;
    }
    return SMTP_PARAMS_OK;
}

/* "+" and two digits: an octet that is encoded already. */
static bool is_hexchar(struct slice in)
{
    return in.len >= 3 && in.ptr[0] == '+' && hex_digit(in.ptr[1]) >= 0 &&
           hex_digit(in.ptr[2]) >= 0;
}

struct slice smtp_xtext(struct arena *arena, struct slice text)
{
    char *out = text.len < SIZE_MAX / 3 ? arena_alloc(arena, 3 * text.len + 1) : NULL;
    size_t n = 0;
    for (size_t i = 0; out && i < text.len; i++) {
        struct slice code = text.ptr[i] == '=' ? SLICE("+3D") : SLICE("+2B");
        if (text.ptr[i] != '=' && (text.ptr[i] != '+' || is_hexchar(slice_from(text, i))))
            code = slice_sub(text, i, i + 1);
        memcpy(out + n, code.ptr, code.len);
        n += code.len;
    }
    return (struct slice){out, n};
}

bool smtp_bdat(struct slice argument, uint64_t *size, bool *last)
{
    struct slice number, rest;
    slice_cut(argument, ' ', &number, &rest);
    rest = slice_trim(rest);
    *last = slice_ieq(rest, SLICE("LAST"));
    return (rest.len == 0 || *last) && slice_to_u64(number, INT64_MAX, size);
}
