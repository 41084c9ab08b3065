/* SPDX-License-Identifier: ISC */
#include "milter/text.h"

#include <string.h>

void milter_put_text(struct text *t, struct talk *talk, const char *octets, size_t len)
{
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        if (t->line_start && octets[i] == '.') {
            talk_put(talk, octets + from, i - from);
            talk_put(talk, ".", 1);
            from = i;
        }
        t->line_start = t->after_cr && octets[i] == '\n';
        t->after_cr = octets[i] == '\r';
    }
    talk_put(talk, octets + from, len - from);
}

void milter_put_value(struct text *t, struct talk *talk, const char *value)
{
    for (;;) {
        size_t len = strcspn(value, "\r\n");
        milter_put_text(t, talk, value, len);
        value += len;
        value += strspn(value, "\r");
        if (*value == '\0')
            return;
        value += *value == '\n';
        milter_put_text(t, talk, "\r\n", 2);
        if (*value != ' ' && *value != '\t')
            milter_put_text(t, talk, "\t", 1);
    }
}
