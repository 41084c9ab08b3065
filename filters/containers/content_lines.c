/* SPDX-License-Identifier: ISC */
#include "filters/containers/content_lines.h"

#include "filters/cpu_budget.h"
#include "filters/mime/transfer.h"

#include <string.h>

bool content_lines_open(struct arena *arena, struct slice text, struct content_lines *out)
{
    *out = (struct content_lines){text, arena_alloc(arena, text.len + 1)};
    return out->room != NULL;
}

size_t content_line_length(struct slice text)
{
    size_t n = 0;
    while (n < text.len && text.ptr[n] != '\n' && text.ptr[n] != '\r')
        n++;
    return n;
}

static struct slice take_line(struct slice *rest)
{
    size_t end = content_line_length(*rest);
    struct slice line = slice_sub(*rest, 0, end);
    bool crlf = slice_starts(slice_from(*rest, end), SLICE("\r\n"));
    *rest = slice_from(*rest, end + 1 + crlf);
    return line;
}

struct unfolded {
    char *room;
    size_t len;
};

static void append(struct unfolded *to, struct slice s)
{
    if (s.len)
        memcpy(to->room + to->len, s.ptr, s.len);
    to->len += s.len;
}

static void unfold(struct content_lines *lines, struct unfolded *to)
{
    append(to, take_line(&lines->rest));
    while (lines->rest.len && ascii_blank(lines->rest.ptr[0])) {
        struct slice line = take_line(&lines->rest);
        append(to, slice_from(line, 1));
    }
}

/* Where the first `c` outside quotes stands; where quotes do not end, the first within them. */
static size_t find_unquoted(struct slice s, char c)
{
    size_t within = s.len;
    bool quoted = false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == c && !quoted)
            return i;
        if (s.ptr[i] == '"')
            quoted = !quoted;
        if (s.ptr[i] == '"' && quoted)
            within = s.len;
        else if (s.ptr[i] == c && within == s.len)
            within = i;
    }
    return quoted ? within : s.len;
}

bool content_param_next(struct slice *params, struct content_param *out)
{
    while (params->len && (params->ptr[0] == ';' || ascii_blank(params->ptr[0])))
        *params = slice_from(*params, 1);
    if (params->len == 0)
        return false;
    size_t end = find_unquoted(*params, ';');
    struct slice param = slice_sub(*params, 0, end);
    *params = slice_from(*params, end);
    slice_cut(param, '=', &out->name, &out->value);
    out->name = slice_trim(out->name);
    out->value = slice_trim(out->value);
    if (out->value.len > 1 && out->value.ptr[0] == '"' && out->value.ptr[out->value.len - 1] == '"')
        out->value = slice_sub(out->value, 1, out->value.len - 1);
    return true;
}

static enum content_encoding encoding_named(struct slice word)
{
    if (slice_ieq(word, SLICE("base64")) || slice_ieq(word, SLICE("b")) ||
        slice_ieq(word, SLICE("binary")))
        return CONTENT_BASE64;
    return slice_ieq(word, SLICE("quoted-printable")) || slice_ieq(word, SLICE("q")) ? CONTENT_QP
                                                                                     : CONTENT_TEXT;
}

/* "ENCODING=b", "VALUE=BINARY" (which has no other encoding), and of 2.1 the bare words. */
static enum content_encoding encoding_of(struct slice params)
{
    struct content_param param;
    enum content_encoding found = CONTENT_TEXT;
    while (found == CONTENT_TEXT && content_param_next(&params, &param)) {
        if (param.value.len == 0)
            found = encoding_named(param.name);
        else if (slice_ieq(param.name, SLICE("encoding")) || slice_ieq(param.name, SLICE("value")))
            found = encoding_named(param.value);
    }
    return found;
}

static bool parse(struct slice line, struct content_line *out)
{
    size_t colon = find_unquoted(line, ':');
    if (colon == line.len)
        return false;
    struct slice head = slice_sub(line, 0, colon), group, name;
    out->value = slice_from(line, colon + 1);
    slice_cut(head, ';', &out->name, &out->params);
    out->name = slice_trim(out->name);
    if (slice_cut(out->name, '.', &group, &name))
        out->name = name;
    out->encoding = encoding_of(out->params);
    return true;
}

static bool is_base64(struct slice line)
{
    for (size_t i = 0; i < line.len; i++)
        if (!base64_letter(line.ptr[i]) && line.ptr[i] != '=' && !ascii_blank(line.ptr[i]))
            return false;
    return true;
}

/* Lines of base64 that are not folded, as old programs write them; empty ones between them too. */
static void absorb_base64(struct content_lines *lines, struct unfolded *to)
{
    struct slice rest = lines->rest;
    while (rest.len) {
        struct slice line = take_line(&rest);
        if (!is_base64(line) || cpu_budget_spent(line.len + 1))
            return;
        append(to, line);
        lines->rest = rest;
    }
}

/* Lines that go on behind a '='. One that would begin a file ends them: not all programs join. */
static void absorb_qp(struct content_lines *lines, struct unfolded *to)
{
    while (lines->rest.len && to->room[to->len - 1] == '=' && !cpu_budget_spent(1)) {
        struct slice rest = lines->rest;
        struct content_line next;
        struct slice line = take_line(&rest);
        if (parse(line, &next) && next.encoding != CONTENT_TEXT)
            return;
        append(to, SLICE("\n"));
        append(to, line);
        lines->rest = rest;
    }
}

bool content_line_next(struct content_lines *lines, struct content_line *out)
{
    while (lines->rest.len) {
        struct unfolded to = {lines->room, 0};
        unfold(lines, &to);
        if (cpu_budget_spent(to.len + 1))
            return false;
        if (!parse((struct slice){to.room, to.len}, out))
            continue;
        size_t before = to.len;
        if (out->encoding == CONTENT_BASE64)
            absorb_base64(lines, &to);
        else if (out->encoding == CONTENT_QP)
            absorb_qp(lines, &to);
        out->value.len += to.len - before;
        return true;
    }
    return false;
}
