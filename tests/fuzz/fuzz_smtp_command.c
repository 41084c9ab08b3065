/* SPDX-License-Identifier: ISC
 * What a client says: lines, verbs, paths, parameters, names, chunk sizes. */
#include "proxy/smtp/smtp_command.h"
#include "proxy/smtp/smtp_line.h"
#include "tests/fuzz/target.h"

#include <string.h>

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
    struct smtp_mail_params mail;
    struct smtp_rcpt_params rcpt;
    if (smtp_mail_params(rest, &mail) == SMTP_PARAMS_OK)
        require(slice_find(mail.envid, ' ') == mail.envid.len);
    if (smtp_rcpt_params(rest, &rcpt) == SMTP_PARAMS_OK)
        require(slice_find(rcpt.orcpt, ' ') == rcpt.orcpt.len);
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
        int r = in_rest ? smtp_line_rest(in, &used) : smtp_line(in, lf_ends, &line, &used);
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
