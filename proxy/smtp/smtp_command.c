/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_command.h"

#include "base/utf8.h"
#include "policy/spelling.h"

#include <string.h>

enum { DOMAIN_MAX = 255, PARAM_COUNT_MAX = 16, ENVID_MAX = 100 };

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

static bool is_high(char c)
{
    return (unsigned char)c >= 0x80;
}

/* RFC 5321 4.1.2 atext, plus UTF-8 (RFC 6531). */
static bool is_atext(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || is_high(c) ||
           (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* Length of the dot-string at the front: atoms with single dots between. Real senders use doubled
 * and trailing dots; those pass, since the backend judges its own addresses. */
static size_t dot_string(struct slice in)
{
    size_t i = 0;
    while (i < in.len && (is_atext(in.ptr[i]) || in.ptr[i] == '.'))
        i++;
    return i;
}

/* Length of the quoted string at the front with its quotes; 0 when it is none. */
static size_t quoted_string(struct slice in)
{
    if (in.len == 0 || in.ptr[0] != '"')
        return 0;
    for (size_t i = 1; i < in.len; i++) {
        char c = in.ptr[i];
        if (c == '"')
            return i + 1;
        if (c == '\\' && ++i < in.len)
            c = in.ptr[i];
        if (i >= in.len || (!is_high(c) && (c < 0x20 || c == 0x7f)))
            return 0;
    }
    return 0;
}

static size_t domain_name(struct slice in)
{
    size_t i = 0;
    while (i < in.len && (ascii_alpha(in.ptr[i]) || ascii_digit(in.ptr[i]) || is_high(in.ptr[i]) ||
                          (in.ptr[i] && strchr("-._", in.ptr[i]))))
        i++;
    return i;
}

/* Labels without an empty one; a trailing dot is tolerated. U-labels may take more octets than what
 * the DNS allows for their A-labels. */
static bool domain_sound(struct slice name)
{
    size_t most = slice_is_ascii(name) ? DOMAIN_MAX : DOMAIN_SPELLING_MAX;
    if (name.len == 0 || name.len > most || name.ptr[0] == '.' || name.ptr[0] == '-')
        return false;
    return slice_search(name, SLICE("..")) == name.len;
}

/* "[1.2.3.4]" or "[IPv6:...]": its length, 0 when it is none. */
static size_t literal(struct slice in)
{
    if (in.len < 3 || in.ptr[0] != '[')
        return 0;
    size_t close = slice_find(in, ']');
    if (close == in.len || close == 1 || close > 64)
        return 0;
    for (size_t i = 1; i < close; i++)
        if (!ascii_alpha(in.ptr[i]) && !ascii_digit(in.ptr[i]) &&
            (!in.ptr[i] || !strchr(":.-", in.ptr[i])))
            return 0;
    return close + 1;
}

static size_t domain_length(struct slice in)
{
    size_t n = literal(in);
    if (n)
        return n;
    n = domain_name(in);
    return domain_sound(slice_sub(in, 0, n)) ? n : 0;
}

/* Skips "@a,@b:" (RFC 5321 4.1.2: accepted and ignored). False when it is malformed. */
static bool skip_route(struct slice *in)
{
    if (in->len == 0 || in->ptr[0] != '@')
        return true;
    while (in->len && in->ptr[0] == '@') {
        *in = slice_from(*in, 1);
        size_t n = domain_length(*in);
        if (n == 0)
            return false;
        *in = slice_from(*in, n);
        if (in->len == 0 || (in->ptr[0] != ',' && in->ptr[0] != ':'))
            return false;
        bool last = in->ptr[0] == ':';
        *in = slice_from(*in, 1);
        if (last)
            return true;
    }
    return false;
}

static bool mailbox(struct slice *in, struct smtp_path *path, const char **why)
{
    const char *start = in->ptr;
    size_t n = quoted_string(*in);
    if (n == 0)
        n = dot_string(*in);
    if (n == 0) {
        *why = "malformed local part";
        return false;
    }
    path->local = slice_sub(*in, 0, n);
    *in = slice_from(*in, n);
    path->domain = (struct slice){in->ptr, 0};
    if (in->len && in->ptr[0] == '@') {
        *in = slice_from(*in, 1);
        n = domain_length(*in);
        if (n == 0) {
            *why = "malformed domain";
            return false;
        }
        path->domain = slice_sub(*in, 0, n);
        *in = slice_from(*in, n);
    }
    path->address = (struct slice){start, (size_t)(in->ptr - start)};
    return true;
}

static bool has_high(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (is_high(s.ptr[i]))
            return true;
    return false;
}

bool smtp_path(struct slice *in, struct smtp_path *path, const char **why)
{
    *path = (struct smtp_path){0};
    *in = slice_trim(*in);
    *why = "address expected in <>";
    if (in->len == 0 || in->ptr[0] != '<')
        return false;
    *in = slice_from(*in, 1);
    if (in->len && in->ptr[0] == '>') {
        *in = slice_from(*in, 1);
        return true;
    }
    if (!skip_route(in)) {
        *why = "malformed source route";
        return false;
    }
    if (!mailbox(in, path, why))
        return false;
    if (in->len == 0 || in->ptr[0] != '>') {
        *why = "malformed address";
        return false;
    }
    *in = slice_from(*in, 1);
    path->utf8 = has_high(path->address);
    *why = "address is not UTF-8";
    return !path->utf8 || utf8_valid(path->address);
}

bool smtp_path_spell(struct arena *arena, struct smtp_path *path)
{
    path->spelled = spell_address(arena, path->address);
    domain_name_make(arena, path->domain, &path->name);
    return path->spelled.ptr && !arena_failed(arena);
}

/* The next "KEYWORD[=value]" (RFC 5321 4.1.2 esmtp-param).
 * False at the end; *bad when it is malformed. */
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
    for (size_t i = 0; i < key->len; i++)
        if (!ascii_alpha(key->ptr[i]) && !ascii_digit(key->ptr[i]) && key->ptr[i] != '-')
            *bad = true;
    for (size_t i = 0; i < value->len; i++)
        if ((unsigned char)value->ptr[i] <= 0x20 || value->ptr[i] == 0x7f || value->ptr[i] == '=')
            *bad = true;
    if (key->len == 0 || (has_value && value->len == 0))
        *bad = true;
    return true;
}

static bool is_xtext(struct slice s, size_t max)
{
    return s.len > 0 && s.len <= max && !has_high(s);
}

static enum smtp_params_result mail_param(struct slice key, struct slice value,
                                          struct smtp_mail_params *out)
{
    if (slice_ieq(key, SLICE("SIZE"))) {
        if (out->has_size || value.len > 20 || !slice_to_u64(value, UINT64_MAX, &out->size))
            return SMTP_PARAMS_SYNTAX;
        out->has_size = true;
    } else if (slice_ieq(key, SLICE("BODY"))) {
        if (out->body != SMTP_BODY_NONE)
            return SMTP_PARAMS_SYNTAX;
        if (slice_ieq(value, SLICE("7BIT")))
            out->body = SMTP_BODY_7BIT;
        else if (slice_ieq(value, SLICE("8BITMIME")))
            out->body = SMTP_BODY_8BITMIME;
        else
            return SMTP_PARAMS_SYNTAX;
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
    } else {
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

bool smtp_helo_valid(struct slice name)
{
    size_t n = literal(name);
    if (n == 0)
        n = domain_name(name);
    return n > 0 && n == name.len && n <= DOMAIN_MAX && !has_high(name);
}

bool smtp_bdat(struct slice argument, uint64_t *size, bool *last)
{
    struct slice number, rest;
    slice_cut(argument, ' ', &number, &rest);
    rest = slice_trim(rest);
    *last = slice_ieq(rest, SLICE("LAST"));
    return (rest.len == 0 || *last) && slice_to_u64(number, INT64_MAX, size);
}
