/* SPDX-License-Identifier: ISC */
#include "proxy/examine/av_memory.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

struct remembered {
    unsigned char digest[AV_DIGEST];
    int64_t since;
    size_t len;
    char facts[];
};

struct av_memory {
    uint64_t signatures;
    struct remembered *messages[AV_MEMORY_MESSAGES];
};

struct av_memory *av_memory_new(void)
{
    return calloc(1, sizeof(struct av_memory));
}

void av_memory_forget(struct av_memory *memory)
{
    memory->signatures++;
    for (size_t i = 0; i < AV_MEMORY_MESSAGES; i++) {
        free(memory->messages[i]);
        memory->messages[i] = NULL;
    }
}

void av_memory_free(struct av_memory **memory)
{
    if (*memory)
        av_memory_forget(*memory);
    free(*memory);
    *memory = NULL;
}

uint64_t av_memory_signatures(const struct av_memory *memory)
{
    return memory->signatures;
}

/* ---- facts as octets ---- */

static bool is_ours(int fact)
{
    return fact_info((enum fact)fact)->producer == PRODUCER_ANTIVIRUS;
}

static bool encode(struct buf *out, const struct facts *facts)
{
    for (int i = 0; i < FACT_COUNT; i++)
        if (is_ours(i) && (facts->fact[i].state != VALUE_KNOWN ||
                           !value_encode(out, &fact_info((enum fact)i)->type, &facts->fact[i])))
            return false;
    return true;
}

static bool decode(struct slice in, struct arena *arena, struct facts *facts)
{
    struct slice copy = arena_copy(arena, in);
    for (int i = 0; copy.ptr && i < FACT_COUNT; i++)
        if (is_ours(i) &&
            !value_decode(&copy, &fact_info((enum fact)i)->type, arena, &facts->fact[i]))
            return false;
    return copy.ptr != NULL;
}

/* ---- kept and found ---- */

/* A digest is as good as any hash; who makes two messages fall together gains a scan. */
static size_t place_of(const unsigned char *digest)
{
    return (digest[0] | (size_t)digest[1] << 8) % AV_MEMORY_MESSAGES;
}

void av_memory_note(struct av_memory *memory, const unsigned char digest[static AV_DIGEST],
                    uint64_t signatures, int64_t now, const struct facts *facts)
{
    struct buf text = buf_init(AV_MEMORY_FACTS_MAX);
    struct remembered **place = &memory->messages[place_of(digest)], *made = NULL;
    if (signatures == memory->signatures && encode(&text, facts))
        made = malloc(sizeof *made + buf_len(&text));
    if (made) {
        memcpy(made->digest, digest, AV_DIGEST);
        made->since = now;
        made->len = buf_len(&text);
        memcpy(made->facts, buf_slice(&text).ptr, made->len);
        free(*place);
        *place = made;
    }
    buf_release(&text);
}

bool av_memory_recall(const struct av_memory *memory, const unsigned char digest[static AV_DIGEST],
                      int64_t now, struct arena *arena, struct facts *facts)
{
    const struct remembered *found = memory->messages[place_of(digest)];
    return found && now - found->since < AV_MEMORY_MS &&
           memcmp(found->digest, digest, AV_DIGEST) == 0 &&
           decode((struct slice){found->facts, found->len}, arena, facts);
}
