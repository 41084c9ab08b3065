/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_command.h"

#include "proxy/imap/imap_tokens.h"

#include <string.h>

/* ---- pieces ---- */

/* Of "...{5}", at the end of a line without its CRLF. False: it is none. */
static bool announces(struct slice line, struct imap_piece *out, bool *broken)
{
    size_t open = slice_rfind(line, '{');
    if (!line.len || line.ptr[line.len - 1] != '}' || open >= line.len)
        return false;
    struct slice inside = slice_sub(line, open + 1, line.len - 1);
    out->waits = !(inside.len && inside.ptr[inside.len - 1] == '+');
    inside.len -= !out->waits;
    out->binary = open > 0 && line.ptr[open - 1] == '~';
    *broken = inside.len == 0 || inside.len > 10;
    for (size_t i = 0; i < inside.len && !*broken; i++) {
        *broken = inside.ptr[i] < '0' || inside.ptr[i] > '9';
        out->octets = out->octets * 10 + (uint64_t)(inside.ptr[i] - '0');
    }
    *broken |= out->octets > UINT32_MAX;
    return true;
}

/* A string that is open at the end of its line would be a literal to one reader and none to another. */
static bool is_within_quotes(struct slice line)
{
    bool quoted = false;
    for (size_t i = 0; i < line.len; i++) {
        if (quoted && line.ptr[i] == '\\')
            i++;
        else if (line.ptr[i] == '"')
            quoted = !quoted;
    }
    return quoted;
}

static bool is_clean(struct slice line)
{
    return !memchr(line.ptr, '\0', line.len) && !memchr(line.ptr, '\r', line.len);
}

int imap_piece(struct slice bytes, struct imap_piece *out)
{
    const char *lf = bytes.len ? memchr(bytes.ptr, '\n', bytes.len) : NULL;
    size_t used = lf ? (size_t)(lf - bytes.ptr) + 1 : 0;
    bool broken = false;
    *out = (struct imap_piece){.used = used};
    if (used > IMAP_LINE_MAX || (!lf && bytes.len >= IMAP_LINE_MAX))
        return -1;
    if (!lf)
        return 0;
    if (used < 2 || lf[-1] != '\r')
        return -2;
    out->text = slice_sub(bytes, 0, used - 2);
    if (!is_clean(out->text))
        return -2;
    out->literal = announces(out->text, out, &broken);
    return out->literal && (broken || is_within_quotes(out->text)) ? -3 : 1;
}

/* ---- commands ---- */

static enum imap_verb verb_of(struct slice word)
{
    static const struct slice names[] = {
#define VERB(id, ...) SLICE(#id),
#include "proxy/imap/imap_verbs.def"
#undef VERB
    };
    for (int i = 0; i < IMAP_VERBS; i++)
        if (slice_ieq(word, names[i]))
            return (enum imap_verb)i;
    return IMAP_VERBS;
}

/* Any printable ASCII but what means something elsewhere (RFC 3501 9). */
static bool is_tag(struct slice word)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.ptr[i] <= ' ' || word.ptr[i] > '~' || strchr("(){%*\"\\+", word.ptr[i]))
            return false;
    return word.len > 0 && word.len <= IMAP_TAG_MAX;
}

static struct slice without_crlf(struct slice text)
{
    bool has = text.len >= 2 && text.ptr[text.len - 1] == '\n' && text.ptr[text.len - 2] == '\r';
    return slice_sub(text, 0, text.len - (has ? 2 : 0));
}

void imap_command(struct slice text, struct imap_command *out)
{
    struct slice rest = without_crlf(text), word;
    *out = (struct imap_command){.verb = IMAP_VERBS};
    slice_cut(rest, ' ', &out->tag, &rest);
    if (!is_tag(out->tag)) {
        out->tag = SLICE("");
        return;
    }
    slice_cut(rest, ' ', &word, &rest);
    out->uid = slice_ieq(word, SLICE("UID"));
    if (out->uid)
        slice_cut(rest, ' ', &word, &rest);
    out->verb = verb_of(word);
    out->arguments = rest;
}

bool imap_string(struct arena *arena, struct slice *arguments, struct slice *out)
{
    enum imap_token kind = imap_token(arguments, out);
    if (kind == IMAP_TOKEN_QUOTED && slice_find(*out, '\\') < out->len) {
        char *plain = arena_alloc(arena, out->len);
        size_t len = 0;
        for (size_t i = 0; plain && i < out->len; i++) {
            i += out->ptr[i] == '\\';
            plain[len++] = out->ptr[i];
        }
        *out = (struct slice){plain, len};
        return plain;
    }
    return kind == IMAP_TOKEN_ATOM || kind == IMAP_TOKEN_QUOTED || kind == IMAP_TOKEN_LITERAL;
}
