/* SPDX-License-Identifier: ISC */
#include "console/terminal.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

enum { NARROWEST = 40, PIECE_MAX = 16 };

struct terminal terminal_of_output(void)
{
    struct terminal terminal = {0};
    if (!isatty(STDOUT_FILENO))
        return terminal;
    struct winsize size = {0};
    const char *columns = getenv("COLUMNS"), *term = getenv("TERM"), *plain = getenv("NO_COLOR");
    uint64_t given = 0;
    if (columns && slice_to_u64(slice_of(columns), 10000, &given))
        terminal.width = (unsigned)given;
    else if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        terminal.width = size.ws_col;
    if (terminal.width && terminal.width < NARROWEST)
        terminal.width = NARROWEST;
    terminal.colour = !(plain && *plain) && term && strcmp(term, "dumb") != 0;
    return terminal;
}

void terminal_style(const struct terminal *terminal, struct buf *out, enum style style)
{
    static const char *const codes[] = {
        [STYLE_PLAIN] = "\033[0m",   [STYLE_BOLD] = "\033[1m",    [STYLE_DIM] = "\033[2m",
        [STYLE_GOOD] = "\033[1;32m", [STYLE_WAIT] = "\033[1;33m", [STYLE_BAD] = "\033[1;31m",
    };
    if (terminal->colour)
        buf_cstr(out, codes[style]);
}

/* One character, ready to be shown. */
struct glyph {
    char bytes[PIECE_MAX];
    size_t len, columns, took;
};

static struct glyph escaped(const char *format, unsigned value, size_t took)
{
    struct glyph piece = {.took = took};
    piece.len = (size_t)snprintf(piece.bytes, sizeof piece.bytes,
                                 format[0] == 'x' ? "\\x%02x" : "\\u{%04x}", value);
    piece.columns = piece.len;
    return piece;
}

static bool is_combining(wchar_t c)
{
    return c >= 0x300 && c < 0x370;
}

static struct glyph wide_piece(struct slice text)
{
    wchar_t c;
    mbstate_t state = {0};
    size_t took = mbrtowc(&c, text.ptr, text.len, &state);
    if (took == 0 || took > text.len)
        return escaped("x", (unsigned char)text.ptr[0], 1);
    int columns = wcwidth(c);
    if (columns <= 0 && !is_combining(c))
        return escaped("u", (unsigned)c, took);
    struct glyph piece = {.len = took, .took = took, .columns = columns > 0 ? (size_t)columns : 0};
    memcpy(piece.bytes, text.ptr, took);
    return piece;
}

static struct glyph next_piece(struct slice text, bool utf8)
{
    unsigned char c = (unsigned char)text.ptr[0];
    if (c >= 0x80 && utf8)
        return wide_piece(text);
    if (c < 0x20 || c >= 0x7f)
        return escaped("x", c, 1);
    return (struct glyph){.bytes = {(char)c}, .len = 1, .columns = 1, .took = 1};
}

static bool is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

bool terminal_has_utf8(const struct terminal *terminal)
{
    return terminal->width > 0 && is_utf8();
}

static size_t width_of(struct slice text, bool utf8)
{
    size_t columns = 0;
    while (text.len) {
        struct glyph piece = next_piece(text, utf8);
        columns += piece.columns;
        text = slice_from(text, piece.took);
    }
    return columns;
}

size_t terminal_text(struct buf *out, struct slice text, size_t columns)
{
    bool utf8 = is_utf8(), cut = columns && width_of(text, utf8) > columns;
    size_t room = cut ? columns - 2 : SIZE_MAX, used = 0;
    while (text.len) {
        struct glyph piece = next_piece(text, utf8);
        if (piece.columns > room - used)
            break;
        buf_append(out, (struct slice){piece.bytes, piece.len});
        used += piece.columns;
        text = slice_from(text, piece.took);
    }
    if (cut)
        buf_cstr(out, "..");
    return cut ? used + 2 : used;
}

void terminal_wrap(const struct terminal *terminal, struct buf *out, struct slice text,
                   size_t indent)
{
    bool utf8 = is_utf8();
    size_t column = indent;
    while (text.len) {
        struct slice word, rest;
        slice_cut(text, ' ', &word, &rest);
        size_t width = width_of(word, utf8);
        if (column > indent && terminal->width && column + 1 + width > terminal->width) {
            buf_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            buf_char(out, ' ');
            column++;
        }
        column += terminal_text(out, word, 0);
        text = rest;
    }
}

/* ---- times ---- */

void terminal_time(struct buf *out, int64_t seconds, enum precision precision)
{
    static const size_t lengths[] = {[TO_THE_DAY] = 10, [TO_THE_MINUTE] = 16, [TO_THE_SECOND] = 19};
    char words[40];
    struct tm local;
    time_t when = (time_t)seconds;
    if (localtime_r(&when, &local) &&
        strftime(words, sizeof words, "%Y-%m-%d %H:%M:%S", &local) >= lengths[precision])
        buf_append(out, (struct slice){words, lengths[precision]});
}
