/* SPDX-License-Identifier: ISC
 * What a client says: lines, verbs, paths, parameters, names, chunk sizes. */
#include "proxy/smtp/smtp_command.h"
#include "proxy/smtp/smtp_line.h"
#include "tests/fuzz/target.h"

#include <string.h>

/* RFC 5321 4.1.2: nothing of an address can end what it is written into. */
static void check_sound(struct slice local)
{
    bool quoted = local.ptr[0] == '"';
    require(local.len > 0 && (!quoted || (local.len >= 2 && local.ptr[local.len - 1] == '"')));
    for (size_t i = 0; i < local.len; i++) {
        char c = local.ptr[i];
        require((unsigned char)c >= 0x20 && c != 0x7f);
        if (quoted && c == '\\')
            i++;
        else
            require(
                quoted ? c != '"' || i == 0 || i + 1 == local.len
                       : !strchr("()<>[]:;@\\,\" ", c) &&
                             (c != '.' || (i > 0 && i + 1 < local.len && local.ptr[i - 1] != '.')));
    }
}

static void check_kept(struct smtp_path path)
{
    struct arena *arena = arena_new(1 << 20);
    struct slice given = path.local;
    struct slice domain = path.domain.len ? path.domain : SLICE("ours.example");
    if (arena && path.address.len && smtp_path_keep(arena, domain, &path)) {
        check_sound(path.local);
        require(path.address.len == path.local.len + 1 + domain.len);
        require(slice_starts(path.spelled, given) && path.spelled.ptr[given.len] == '@');
    }
    arena_free(&arena);
}

static void check_xtext(struct slice text)
{
    struct arena *arena = arena_new(1 << 20);
    struct slice written = smtp_xtext(arena, text);
    require(slice_find(written, '=') == written.len);
    require(slice_eq(written, smtp_xtext(arena, written)));
    arena_free(&arena);
}

static void check_path(struct slice in)
{
    struct slice rest = in;
    struct smtp_path path;
    const char *why = NULL;
    if (!smtp_path(&rest, &path, &why)) {
        require(why != NULL);
        return;
    }
    require(path.address.len <= in.len && rest.len < in.len);
    require(path.domain.len <= DOMAIN_SPELLING_MAX);
    require(!slice_is_ascii(path.domain) || path.domain.len <= 255);
    for (size_t i = 0; i < path.address.len; i++)
        require((unsigned char)path.address.ptr[i] >= 0x20 && path.address.ptr[i] != 0x7f);
    check_kept(path);
    struct smtp_mail_params mail;
    struct smtp_rcpt_params rcpt;
    if (smtp_mail_params(rest, &mail) == SMTP_PARAMS_OK) {
        require(slice_find(mail.envid, ' ') == mail.envid.len);
        check_xtext(mail.envid);
    }
    if (smtp_rcpt_params(rest, &rcpt) == SMTP_PARAMS_OK) {
        require(slice_find(rcpt.orcpt, ' ') == rcpt.orcpt.len);
        check_xtext(rcpt.orcpt);
    }
}

static void check_line(struct slice line)
{
    struct slice argument;
    uint64_t chunk;
    bool last;
    require(slice_find(line, '\r') == line.len && slice_find(line, '\n') == line.len);
    enum smtp_verb verb = smtp_verb(line, &argument);
    require(verb <= SMTP_UNKNOWN && argument.len <= line.len);
    if (smtp_helo_valid(argument))
        require(argument.len <= 255 && slice_find(argument, ' ') == argument.len);
    if (smtp_bdat(argument, &chunk, &last))
        require(chunk <= INT64_MAX);
    check_path(slice_from(argument, slice_find(argument, ':') + 1));
}

FUZZ(in)
{
    check_path(in);
    bool lf_ends = in.len % 2, in_rest = false;
    while (in.len) {
        struct slice line;
        size_t used = 0;
        int r = in_rest ? smtp_line_rest(in, &used)
                        : smtp_line(in, SMTP_LINE_MAX, lf_ends, &line, &used);
        if (r == 0 || r == -1)
            break;
        require(used > 0 && used <= in.len && (in_rest || used <= SMTP_LINE_MAX));
        smtp_other_protocol(in);
        if (r == 1 && !in_rest)
            check_line(line);
        in_rest = r == -3;
        in = slice_from(in, used);
    }
}
