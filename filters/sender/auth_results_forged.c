/* SPDX-License-Identifier: ISC
 * Readers differ in how they take comments, quotes, escapes,
 * folding and encoded words. So no one reading is sought:
 * a field is ours when our name stands, whole, anywhere before its first result. */
#include "filters/mime/words.h"
#include "filters/sender/auth_results.h"

static bool in_name(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '-' || c == '_';
}

/* Not as a part of a longer name. A dot at its end may be the root's. */
static bool stands_alone(struct slice text, size_t at, size_t len)
{
    struct slice after = slice_from(text, at + len);
    if (at > 0 && (in_name(text.ptr[at - 1]) || text.ptr[at - 1] == '.'))
        return false;
    if (after.len && after.ptr[0] == '.')
        after = slice_from(after, 1);
    return after.len == 0 || !in_name(after.ptr[0]);
}

static bool mentions(struct slice text, struct slice id)
{
    for (size_t i = 0; id.len && i + id.len <= text.len; i++)
        if (slice_istarts(slice_from(text, i), id) && stands_alone(text, i, id.len))
            return true;
    return false;
}

/* Without what some readers pass over: backslashes, quotes, controls, line ends. */
static struct slice bare(struct arena *arena, struct slice text)
{
    char *out = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; out && i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\t' || (c >= ' ' && c != 0x7f && c != '\\' && c != '"') ||
            (unsigned char)c > 0x7f)
            out[len++] = c;
    }
    return (struct slice){out, len};
}

/* What stands before the first ';' that is in no comment and no quotes;
 * all when one of these does not end. */
static struct slice before_results(struct slice value)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == '\\')
            i++;
        else if (quoted || (c == '"' && depth == 0))
            quoted = quoted != (c == '"');
        else if (c == '(')
            depth++;
        else if (c == ')' && depth > 0)
            depth--;
        else if (c == ';' && depth == 0)
            return slice_sub(value, 0, i);
    }
    return value;
}

static struct slice without_comments(struct arena *arena, struct slice text)
{
    char *out = arena_alloc(arena, text.len + 1);
    size_t len = 0, depth = 0;
    for (size_t i = 0; out && i < text.len; i++) {
        if (text.ptr[i] == '(')
            depth++;
        else if (text.ptr[i] == ')' && depth > 0)
            depth--;
        else if (depth == 0)
            out[len++] = text.ptr[i];
    }
    return (struct slice){out, len};
}

static bool names_us(struct arena *arena, struct slice text, struct slice id)
{
    struct malformations odd = {{0}};
    struct slice seen = bare(arena, text), joined = without_comments(arena, seen);
    if (!seen.ptr || !joined.ptr || mentions(text, id) || mentions(seen, id) ||
        mentions(joined, id))
        return true;
    if (!words_present(seen))
        return false;
    struct slice decoded = words_decode(arena, seen, &odd);
    return !decoded.ptr || mentions(decoded, id);
}

bool auth_results_is_ours(struct arena *arena, const struct header *field, struct slice id)
{
    if (id.len && id.ptr[id.len - 1] == '.')
        id.len--;
    if (slice_ieq(field->name, SLICE("authentication-results")))
        return names_us(arena, before_results(field->value), id);
    if (slice_ieq(field->name, SLICE("received-spf")))
        return names_us(arena, field->value, id);
    return slice_ieq(field->name, SLICE("bimi-indicator")) ||
           slice_ieq(field->name, SLICE("bimi-location"));
}
