/* SPDX-License-Identifier: ISC */
#include "console/gateway.h"

#include "console/command.h"

#include <unistd.h>

struct answer {
    json_t *json;
    bool spoilt;
};

static void take(void *ctx, struct slice octets)
{
    struct answer *answer = ctx;
    json_decref(answer->json);
    answer->json = json_loadb(octets.ptr, octets.len, 0, NULL);
    answer->spoilt = !json_is_object(answer->json);
}

json_t *gateway_ask(const struct asking *asking)
{
    struct answer answer = {NULL, true};
    int sock = ask_connect(asking);
    if (sock < 0)
        return NULL;
    bool ok = ask(sock, CONTROL_STATUS, (struct slice){NULL, 0}, take, &answer, &(uint64_t){0});
    close(sock);
    if (ok && !answer.spoilt)
        return answer.json;
    if (ok)
        command_error("the gateway", "its answer is not understood");
    json_decref(answer.json);
    return NULL;
}

const char *gateway_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

int64_t gateway_number(const json_t *object, const char *name)
{
    return (int64_t)json_number_value(json_object_get(object, name));
}

const json_t *gateway_list(const json_t *object, const char *name)
{
    return json_object_get(object, name); /* the macros take NULL for an empty one */
}
