/* SPDX-License-Identifier: ISC */
#include "proxy/session/session_log.h"

#include "base/log.h"

enum { SINGLY = 10 };

bool session_logs(struct session *s, enum session_line line)
{
    if (s->lines < SINGLY) {
        s->lines++;
        return true;
    }
    s->unlogged[line]++;
    return false;
}

void session_log_rest(const struct session *s)
{
    static const char *const names[] = {
#define SESSION_LINE(id, word) word,
#include "proxy/session/session_lines.def"
#undef SESSION_LINE
    };
    struct log_field fields[SESSION_LINES + 2] = {{.kind = FIELD_END}};
    char address[46];
    size_t n = 0;
    ip_text(&s->client, address);
    fields[n++] = field_str("client", address);
    for (int i = 0; i < SESSION_LINES; i++)
        if (s->unlogged[i])
            fields[n++] = field_num(names[i], s->unlogged[i]);
    fields[n].kind = FIELD_END;
    if (n > 1 && log_wants(LEVEL_INFO))
        log_write(LEVEL_INFO, s->id, "more of the same", fields);
}
