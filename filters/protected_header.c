/* SPDX-License-Identifier: ISC */
#include "filters/protected_header.h"

#include "filters/containers/cms.h"
#include "filters/mime/headers.h"
#include "filters/mime/params.h"

enum { LAYERS_MAX = 8, PARTS_MAX = 100, PARAMS_MAX = 50, VALUES_MAX = 4, TYPE_MAX = 4096 };

/* Where the walk through the layers stands. */
struct layer {
    struct arena *arena;
    const struct mime_message *message;
    const struct mime_part *part;
    struct protected_header *out;
};

static bool is_type(const struct mime_part *part, const char *type)
{
    return slice_eq(part->type, slice_of(type));
}

static bool is_cms(const struct mime_part *part)
{
    return is_type(part, "application/pkcs7-mime") || is_type(part, "application/x-pkcs7-mime");
}

static bool is_layer(const struct mime_part *part)
{
    return is_type(part, "multipart/signed") || is_type(part, "multipart/encrypted") ||
           is_cms(part);
}

static const struct mime_part *first_within(const struct mime_message *message,
                                            const struct mime_part *holder)
{
    for (size_t i = holder->index + 1; i < message->n; i++)
        if (message->parts[i].parent == (int)holder->index)
            return &message->parts[i];
    return NULL;
}

/* ---- what the payload says of itself */

static bool type_params(struct arena *arena, const struct mime_part *part, struct params *params)
{
    struct header field;
    *params = (struct params){.n = 0};
    if (!headers_find(part->headers, SLICE("content-type"), 0, &field) ||
        field.value.len > TYPE_MAX)
        return true;
    struct slice value = header_unfold(arena, field.value);
    return value.ptr && params_parse(arena, value, PARAMS_MAX, params);
}

static bool says(struct arena *arena, const struct params *params, const char *name,
                 const char *value)
{
    struct slice values[VALUES_MAX];
    size_t n = params_values(arena, params, slice_of(name), values, VALUES_MAX);
    return n && slice_ieq(slice_trim(values[0]), slice_of(value));
}

static bool has_hp(struct arena *arena, const struct params *params)
{
    return says(arena, params, "hp", "clear") || says(arena, params, "hp", "cipher");
}

/* A message in a wrapping; one that is forwarded is another's. */
static bool read_wrapped(struct layer *in, const struct params *wrapping)
{
    const struct mime_part *message = first_within(in->message, in->part);
    struct params params;
    if (!message || is_layer(message) || says(in->arena, wrapping, "forwarded", "yes"))
        return true;
    if (!type_params(in->arena, message, &params))
        return false;
    if (!has_hp(in->arena, &params))
        *in->out = (struct protected_header){HEADER_PROTECTED, message->headers};
    return true;
}

static bool read_payload(struct layer *in)
{
    struct params params;
    if (!type_params(in->arena, in->part, &params))
        return false;
    in->out->block = in->part->headers;
    if (says(in->arena, &params, "hp", "clear"))
        in->out->protection = HEADER_PROTECTED;
    else if (says(in->arena, &params, "hp", "cipher"))
        in->out->protection = HEADER_CIPHER;
    else if (says(in->arena, &params, "protected-headers", "v1"))
        in->out->protection = HEADER_SOME;
    else if (is_type(in->part, "message/rfc822") || is_type(in->part, "message/global"))
        return read_wrapped(in, &params);
    return true;
}

/* ---- layers */

static bool end_as(struct layer *in, enum header_protection protection)
{
    in->out->protection = protection;
    in->part = NULL;
    return true;
}

static bool parse_content(struct layer *in, struct slice content)
{
    struct mime_limits limits = mime_limits_default;
    struct mime_message *message = arena_alloc(in->arena, sizeof *message);
    limits.parts = PARTS_MAX;
    if (!message || !mime_parse(in->arena, content, &limits, message))
        return false;
    in->message = message;
    in->part = &message->parts[0];
    return true;
}

static bool open_cms(struct layer *in, struct slice content, struct cms *cms)
{
    unsigned layers = 0;
    while (cms_open(in->arena, content, cms)) {
        if (cms->kind != CMS_CONTENT || cms->wraps.len == 0 || ++layers == LAYERS_MAX)
            return true;
        content = cms_wrap(in->arena, cms->wraps, cms->content);
        if (!content.ptr)
            return false;
    }
    return false;
}

static bool enter_cms(struct layer *in)
{
    struct malformations odd = {{0}}; /* whoever lists attachments reports them */
    struct slice content;
    struct cms cms;
    bool cut;
    if (!mime_decode(in->part, in->arena, in->message->raw.len, &content, &cut, &odd))
        return false;
    if (!cms_is(content))
        return end_as(in, HEADER_OPEN);
    if (!open_cms(in, content, &cms))
        return false;
    if (cms.kind == CMS_ENCRYPTED)
        return end_as(in, HEADER_SEALED);
    if (cms.kind != CMS_CONTENT)
        return end_as(in, HEADER_OPEN);
    if (cms.broken || cms.wraps.len)
        return end_as(in, HEADER_UNREAD);
    return parse_content(in, cms.content);
}

static bool enter(struct layer *in)
{
    if (is_cms(in->part))
        return enter_cms(in);
    if (is_type(in->part, "multipart/encrypted"))
        return end_as(in, HEADER_SEALED);
    in->part = first_within(in->message, in->part);
    return true;
}

bool protected_header_find(struct arena *arena, const struct mime_message *message,
                           struct protected_header *out)
{
    struct layer in = {arena, message, &message->parts[0], out};
    unsigned layers = 0;
    *out = (struct protected_header){.protection = HEADER_OPEN};
    for (; in.part && is_layer(in.part) && layers < LAYERS_MAX; layers++)
        if (!enter(&in))
            return false;
    if (!in.part || layers == 0)
        return true;
    return is_layer(in.part) ? end_as(&in, HEADER_UNREAD) : read_payload(&in);
}
