/* SPDX-License-Identifier: ISC
 * A job as bytes: flags, the sender, limits, which attached message, the names of headers, what is to be redacted, the marks, the pictures, and the DNS answers (an octet 1
 * before each, 0 after the last). */
#include "filters/scanner/scan_job.h"
#include "filters/scanner/scan_marks.h"
#include "filters/scanner/scan_pictures.h"

#include <string.h>

enum {
    WANTS_MESSAGE = 1,
    WANTS_ATTACHMENTS = 2,
    WANTS_LINKS = 4,
    WANTS_SPF = 8,
    WANTS_AUTHENTICATION = 16,
    DNS_IS_COMPLETE = 32,
    WANTS_OUTLINE = 64,
    WANTS_DIGEST = 128,
    WANTS_SHA256 = 256,
    WANTS_CODES = 512,
    WANTS_BANNERS = 1024,
    WANTS_URLS = 2048,
    WANTS_TEXT = 4096,
    WANTS_ALTERNATIVES = 8192,
    WANTS_SPAM = 16384,
    WANTS_REASONS = 32768,
    WANTS_VECTOR = 65536,
    WANTS_SKETCH = 131072,
    ALL_FLAGS = 262143,
    RECORD_BYTES_MIN = 4,
};

/* -- the proxy's side -- */

static uint32_t flags_of(const struct scan_job *job)
{
    return (uint32_t)((job->message ? WANTS_MESSAGE : 0) |
                      (job->attachments ? WANTS_ATTACHMENTS : 0) | (job->links ? WANTS_LINKS : 0) |
                      (job->spf ? WANTS_SPF : 0) |
                      (job->authentication ? WANTS_AUTHENTICATION : 0) |
                      (job->dns_complete ? DNS_IS_COMPLETE : 0) |
                      (job->outline ? WANTS_OUTLINE : 0) | (job->digest ? WANTS_DIGEST : 0) |
                      (job->sha256 ? WANTS_SHA256 : 0) | (job->codes ? WANTS_CODES : 0) |
                      (job->banners ? WANTS_BANNERS : 0) | (job->urls ? WANTS_URLS : 0) |
                      (job->text ? WANTS_TEXT : 0) | (job->alternatives ? WANTS_ALTERNATIVES : 0) |
                      (job->spam ? WANTS_SPAM : 0) | (job->reasons ? WANTS_REASONS : 0) |
                      (job->vector ? WANTS_VECTOR : 0) | (job->sketch ? WANTS_SKETCH : 0));
}

static size_t octets_of(const struct ip *ip)
{
    return ip->family == 4 ? 4 : ip->family == 6 ? 16 : 0;
}

static void pack_ip(struct buf *out, const struct ip *ip)
{
    pack_slice(out, (struct slice){(const char *)ip->bytes, octets_of(ip)});
}

static void pack_sender(struct buf *out, const struct scan_sender *from)
{
    pack_ip(out, &from->client);
    pack_slice(out, from->helo);
    pack_slice(out, from->sender);
    pack_slice(out, from->receiver);
    pack_u64(out, (uint64_t)from->now);
}

static void pack_record(struct buf *out, enum dns_type type, const struct dns_record *record)
{
    if (type == DNS_A || type == DNS_AAAA) {
        pack_ip(out, &record->ip);
        return;
    }
    if (type == DNS_MX)
        pack_u32(out, record->preference);
    pack_slice(out, record->text);
}

static void pack_dns_answer(void *context, struct slice name, enum dns_type type,
                            const struct dns_answer *answer)
{
    struct buf *out = context;
    pack_u8(out, 1);
    pack_slice(out, name);
    pack_u8(out, (uint8_t)type);
    pack_u8(out, (uint8_t)answer->status);
    pack_u8(out, answer->authenticated);
    pack_u32(out, (uint32_t)answer->count);
    for (size_t i = 0; i < answer->count; i++)
        pack_record(out, type, &answer->records[i]);
}

bool scan_job_encode(struct buf *out, const struct scan_job *job)
{
    pack_u32(out, flags_of(job));
    pack_sender(out, &job->from);
    pack_u32(out, job->limits.depth);
    pack_u32(out, job->limits.parts);
    pack_u32(out, job->limits.members);
    pack_u64(out, job->limits.unpacked);
    pack_u32(out, job->limits.cpu);
    pack_u32(out, job->limits.cpu_per_mib);
    pack_u32(out, job->limits.links);
    pack_u32(out, job->attached);
    pack_u32(out, (uint32_t)job->header_count);
    for (size_t i = 0; i < job->header_count; i++)
        pack_slice(out, job->headers[i]);
    redaction_wanted_pack(out, job->redaction);
    scan_marks_pack(out, job->marks);
    scan_pictures_pack(out, &job->pictures);
    if (job->dns)
        dns_answers_each(job->dns, pack_dns_answer, out);
    pack_u8(out, 0);
    return !out->failed && job->header_count <= SCAN_HEADERS_MAX;
}

/* -- the scanner's side -- */

static void unpack_ip(struct unpack *in, struct ip *ip)
{
    struct slice bytes = unpack_slice(in);
    *ip = (struct ip){.family = bytes.len == 4 ? 4 : bytes.len == 16 ? 6 : 0};
    if (bytes.len != octets_of(ip))
        in->bad = true;
    else if (bytes.len)
        memcpy(ip->bytes, bytes.ptr, bytes.len);
}

static void unpack_sender(struct unpack *in, struct scan_sender *from)
{
    unpack_ip(in, &from->client);
    from->helo = unpack_slice(in);
    from->sender = unpack_slice(in);
    from->receiver = unpack_slice(in);
    from->now = (int64_t)unpack_u64(in);
}

static bool unpack_flags(struct unpack *in, struct scan_job *job)
{
    uint32_t flags = unpack_u32(in);
    job->message = flags & WANTS_MESSAGE;
    job->attachments = flags & WANTS_ATTACHMENTS;
    job->links = flags & WANTS_LINKS;
    job->digest = flags & WANTS_DIGEST;
    job->sha256 = flags & WANTS_SHA256;
    job->codes = flags & WANTS_CODES;
    job->banners = flags & WANTS_BANNERS;
    job->urls = flags & WANTS_URLS;
    job->text = flags & WANTS_TEXT;
    job->alternatives = flags & WANTS_ALTERNATIVES;
    job->spam = flags & WANTS_SPAM;
    job->reasons = flags & WANTS_REASONS;
    job->vector = flags & WANTS_VECTOR;
    job->sketch = flags & WANTS_SKETCH;
    job->spf = flags & WANTS_SPF;
    job->authentication = flags & WANTS_AUTHENTICATION;
    job->dns_complete = flags & DNS_IS_COMPLETE;
    job->outline = flags & WANTS_OUTLINE;
    return flags <= ALL_FLAGS;
}

static void unpack_record(struct unpack *in, enum dns_type type, struct dns_record *record)
{
    if (type == DNS_A || type == DNS_AAAA) {
        unpack_ip(in, &record->ip);
        in->bad |= record->ip.family == 0;
        return;
    }
    if (type == DNS_MX) {
        uint32_t preference = unpack_u32(in);
        in->bad |= preference > UINT16_MAX;
        record->preference = (uint16_t)preference;
    }
    record->text = unpack_slice(in);
}

static bool unpack_dns_answer(struct unpack *in, struct arena *arena, struct dns_answers *dns)
{
    struct slice name = unpack_slice(in);
    enum dns_type type = (enum dns_type)unpack_u8(in);
    uint8_t status = unpack_u8(in), authenticated = unpack_u8(in);
    size_t count = unpack_u32(in);
    if (in->bad || !dns_type_is_known(type) || status > DNS_UNASKED || authenticated > 1 ||
        count > in->left.len / RECORD_BYTES_MIN)
        return false;
    struct dns_answer answer = {.status = (enum dns_status)status,
                                .records = arena_array(arena, count, sizeof *answer.records),
                                .count = count,
                                .authenticated = authenticated};
    if (!answer.records)
        return false;
    for (size_t i = 0; i < count; i++)
        unpack_record(in, type, &answer.records[i]);
    return !in->bad && dns_answers_add(dns, name, type, &answer);
}

static bool unpack_dns(struct unpack *in, struct arena *arena, struct scan_job *job)
{
    uint8_t more;
    job->dns = dns_answers_new(arena);
    while (job->dns && (more = unpack_u8(in)) != 0)
        if (more > 1 || !unpack_dns_answer(in, arena, job->dns))
            return false;
    return job->dns && !in->bad;
}

static bool unpack_headers(struct unpack *in, struct arena *arena, struct scan_job *job)
{
    job->header_count = unpack_u32(in);
    if (in->bad || job->header_count > SCAN_HEADERS_MAX)
        return false;
    struct slice *headers = arena_array(arena, job->header_count, sizeof *headers);
    for (size_t i = 0; headers && i < job->header_count; i++)
        headers[i] = unpack_slice(in);
    job->headers = headers;
    return headers && !in->bad;
}

bool scan_job_decode(struct slice payload, struct arena *arena, struct scan_job *job)
{
    struct unpack in = {.left = payload};
    *job = (struct scan_job){0};
    bool ok = unpack_flags(&in, job);
    unpack_sender(&in, &job->from);
    job->limits.depth = unpack_u32(&in);
    job->limits.parts = unpack_u32(&in);
    job->limits.members = unpack_u32(&in);
    job->limits.unpacked = unpack_u64(&in);
    job->limits.cpu = unpack_u32(&in);
    job->limits.cpu_per_mib = unpack_u32(&in);
    job->limits.links = unpack_u32(&in);
    job->attached = unpack_u32(&in);
    ok = ok && unpack_headers(&in, arena, job) &&
         redaction_wanted_unpack(&in, arena, &job->redaction) &&
         scan_marks_unpack(&in, arena, &job->marks) && scan_pictures_unpack(&in, &job->pictures) &&
         unpack_dns(&in, arena, job) && unpack_done(&in);
    if (!ok)
        *job = (struct scan_job){0};
    return ok;
}

bool scan_job_needs_message(const struct scan_job *job)
{
    return scan_job_asks_content(job) || job->outline || job->authentication || job->redaction;
}
