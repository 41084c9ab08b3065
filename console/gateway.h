/* SPDX-License-Identifier: ISC
 * How a running gateway does, as it answers. */
#ifndef CONSOLE_GATEWAY_H
#define CONSOLE_GATEWAY_H

#include "console/ask.h"

#include <jansson.h>

/* The whole answer, the caller's; NULL: what is wrong was said. */
json_t *gateway_ask(const struct asking *asking);

/* Of an object: the text, the number or the list of that name; "", 0, or an empty one. */
const char *gateway_text(const json_t *object, const char *name);
int64_t gateway_number(const json_t *object, const char *name);
const json_t *gateway_list(const json_t *object, const char *name);

/* Something that an administrator should look at. */
enum alarm_level { ALARM_NONE, ALARM_WARNING, ALARM_CRITICAL };
struct alarms {
    enum alarm_level level;
    struct buf text; /* one line, ", " in between */
};
void gateway_alarms(const json_t *status, struct alarms *out);

/* The words of `status` for people. */
void gateway_describe(const json_t *status, struct buf *out);

#endif
