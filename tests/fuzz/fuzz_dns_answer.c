/* SPDX-License-Identifier: ISC
 * An answer of the DNS: the first octet chooses the type, the second shortens the arena. What comes
 * out keeps what dns_wire.h promises. */
#include "filters/dns/dns_wire.h"
#include "tests/fuzz/target.h"

static void check_name(struct slice name)
{
    if (name.len > 4 * 255)
        abort();
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] <= ' ' || name.ptr[i] > '~' || (name.ptr[i] >= 'A' && name.ptr[i] <= 'Z'))
            abort();
}

static void check(enum dns_type type, const struct dns_answer *answer)
{
    size_t text = 0;
    if ((answer->status == DNS_FOUND) != (answer->count > 0) || answer->authenticated ||
        answer->count > DNS_WIRE_RECORDS_MAX)
        abort();
    for (size_t i = 0; i < answer->count; i++) {
        const struct dns_record *record = &answer->records[i];
        text += record->text.len;
        if ((type == DNS_A || type == DNS_AAAA) && record->ip.family != (type == DNS_A ? 4 : 6))
            abort();
        if (type != DNS_TXT)
            check_name(record->text);
    }
    if (text > DNS_WIRE_TEXT_MAX)
        abort();
}

static void check_question(struct slice name)
{
    char out[DNS_QUESTION_SIZE];
    if (!dns_question(name, out))
        return;
    for (const char *c = out; *c; c++)
        if (*c <= ' ' || *c > '~' || *c == '"' || *c == ';')
            abort();
}

FUZZ(packet)
{
    static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_MX, DNS_TXT, DNS_PTR, DNS_CNAME};
    if (packet.len < 2)
        return;
    enum dns_type type = types[fuzz_octet(&packet) % 6];
    size_t room = fuzz_octet(&packet);
    struct arena *arena = arena_new(room ? room * 256 : 1024 * 1024);
    struct dns_answer answer;
    dns_wire_read(packet, type, arena, &answer);
    check(type, &answer);
    check_question(packet);
    arena_free(&arena);
}
