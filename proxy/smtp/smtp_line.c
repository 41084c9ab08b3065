/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_line.h"

static size_t without_crs(struct slice bytes, size_t end)
{
    while (end > 0 && bytes.ptr[end - 1] == '\r')
        end--;
    return end;
}

int smtp_line(struct slice bytes, size_t most, bool lf_ends, struct slice *line, size_t *used)
{
    struct slice within = slice_sub(bytes, 0, most);
    size_t lf = slice_find(within, '\n');
    if (lf == within.len)
        return bytes.len >= most ? -1 : 0;
    bool bare = lf == 0 || bytes.ptr[lf - 1] != '\r';
    *used = lf + 1;
    if (lf_ends)
        *line = slice_sub(bytes, 0, without_crs(bytes, lf));
    else
        *line = slice_sub(bytes, 0, bare ? lf : lf - 1);
    if (bare && !lf_ends)
        return -3;
    if (slice_find(*line, '\r') != line->len || slice_find(*line, '\0') != line->len)
        return -2;
    return 1;
}

int smtp_line_rest(struct slice bytes, size_t *used)
{
    size_t lf = slice_find(bytes, '\n');
    if (lf == bytes.len) { /* a CR at the end may be half of the line's end */
        *used = bytes.len && bytes.ptr[bytes.len - 1] == '\r' ? bytes.len - 1 : bytes.len;
        return 0;
    }
    *used = lf + 1;
    return lf > 0 && bytes.ptr[lf - 1] == '\r' ? 1 : -3;
}

bool smtp_is_binary(struct slice line)
{
    char c = line.len ? line.ptr[0] : ' ';
    return ((unsigned char)c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7f;
}

static struct slice first_word(struct slice line)
{
    size_t end = 0;
    while (end < line.len && !ascii_blank(line.ptr[end]))
        end++;
    return slice_sub(line, 0, end);
}

static bool is_http_method(struct slice word)
{
    static const struct slice methods[] = {SLICE("GET"),     SLICE("HEAD"),    SLICE("POST"),
                                           SLICE("PUT"),     SLICE("DELETE"),  SLICE("CONNECT"),
                                           SLICE("OPTIONS"), SLICE("TRACE"),   SLICE("PATCH"),
                                           SLICE("PRI"),     SLICE("PROPFIND")};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (slice_ieq(word, methods[i]))
            return true;
    return false;
}

static const char *named_in(struct slice word)
{
    return slice_istarts(word, SLICE("HTTP/"))   ? "HTTP"
           : slice_istarts(word, SLICE("RTSP/")) ? "RTSP"
           : slice_istarts(word, SLICE("SIP/"))  ? "SIP"
                                                 : NULL;
}

/* "ANY /thing HTTP/1.1", "HTTP/1.1 200 OK": the last or the first word names the protocol. */
static const char *named_protocol(struct slice line)
{
    struct slice text = slice_trim(line);
    size_t blank = slice_rfind(text, ' ');
    const char *at_end = blank < text.len ? named_in(slice_from(text, blank + 1)) : NULL;
    return at_end ? at_end : named_in(text);
}

/* JSON, XML, Redis: all verbs are letters. A "*" alone ends AUTH (RFC 4954 4), and what follows
 * AUTH is base64; octets over 127 may be a byte order mark or telnet's options. */
static bool is_punctuated(struct slice line)
{
    char c = line.ptr[0];
    return line.len > 1 && (unsigned char)c < 0x80 && !ascii_alpha(c) && !ascii_digit(c) &&
           !ascii_blank(c) && c != '+' && c != '/';
}

const char *smtp_other_protocol(struct slice line)
{
    if (line.len == 0)
        return NULL;
    char c = line.ptr[0];
    struct slice word = first_word(line);
    if (c == 0x16)
        return "TLS";
    if (smtp_is_binary(line))
        return "binary";
    if (slice_starts(line, SLICE("SSH-")))
        return "SSH";
    if (slice_eq(word, SLICE("PROXY")))
        return "PROXY";
    if (is_http_method(word))
        return "HTTP";
    if (is_punctuated(line))
        return "text";
    if (ascii_alpha(c) && slice_find(word, ':') < word.len)
        return "a header field";
    return named_protocol(line);
}
