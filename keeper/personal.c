/* SPDX-License-Identifier: ISC */
#include "common/client_hash.h"
#include "keeper/personal_internal.h"

#include <inttypes.h>
#include <string.h>

enum { SCRATCH_MAX = 256 * 1024, HASH_DIGITS = 16 };

bool personal_word(const char *word, enum personal_how *how)
{
    static const char *const words[] = {[PERSONAL_KEEP] = "keep",
                                        [PERSONAL_SHORTEN] = "shorten",
                                        [PERSONAL_HASH] = "hash",
                                        [PERSONAL_DROP] = "drop"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        *how = (enum personal_how)i;
        if (strcmp(word, words[i]) == 0)
            return true;
    }
    return false;
}

/* ---- addresses ---- */

static bool is_hash(struct slice local)
{
    bool is = local.len == 1 + HASH_DIGITS && local.ptr[0] == '~';
    for (size_t i = 1; is && i < local.len; i++)
        is = hex_digit(local.ptr[i]) >= 0;
    return is;
}

/* Of the first character, in UTF-8. */
static size_t first_octets(struct slice text)
{
    size_t len = 1;
    while (len < text.len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len++;
    return len;
}

static struct slice hashed(const struct personal *personal, struct slice address,
                           struct slice domain, struct arena *arena)
{
    char *small = arena_cstr(arena, address);
    if (!small)
        return (struct slice){NULL, 0};
    for (size_t i = 0; i < address.len; i++)
        small[i] = ascii_lower(small[i]);
    uint64_t hash = siphash(personal->key, (struct slice){small, address.len});
    return arena_printf(arena, "~%016" PRIx64 "%.*s", hash, SLICE_ARGS(domain));
}

struct slice personal_address(const struct personal *personal, struct slice address,
                              struct arena *arena)
{
    size_t at = slice_rfind(address, '@');
    struct slice local = slice_sub(address, 0, at), domain = slice_from(address, at);
    if (local.len == 0 || personal->how == PERSONAL_KEEP)
        return address;
    if (personal->how == PERSONAL_DROP)
        return arena_printf(arena, "*%.*s", SLICE_ARGS(domain));
    if (personal->how == PERSONAL_HASH)
        return is_hash(local) ? address : hashed(personal, address, domain, arena);
    return arena_printf(arena, "%.*s*%.*s", (int)first_octets(local), local.ptr,
                        SLICE_ARGS(domain));
}

struct slice veil_address(struct veil *veil, struct slice address)
{
    struct slice made = personal_address(veil->personal, address, veil->arena);
    veil->full |= address.len && !made.ptr;
    return made;
}

/* ---- clients ---- */

static bool has_digit(struct slice label)
{
    for (size_t i = 0; i < label.len; i++)
        if (label.ptr[i] >= '0' && label.ptr[i] <= '9')
            return true;
    return false;
}

static size_t labels_of(struct slice name)
{
    size_t count = 1;
    for (size_t i = 0; i < name.len; i++)
        count += name.ptr[i] == '.';
    return count;
}

/* The first label and those with digits are the machine's, as long as two are left; all of it, where
 * there is one. */
struct slice veil_machine(struct veil *veil, struct slice name)
{
    struct slice rest = name, label, next;
    if (name.len == 0 || veil->personal->how == PERSONAL_DROP)
        return (struct slice){"", 0};
    if (name.ptr[0] == '[' || labels_of(name) == 1)
        return SLICE("*");
    while (labels_of(rest) > 2 && slice_cut(rest, '.', &label, &next) &&
           (rest.ptr == name.ptr || has_digit(label)))
        rest = next;
    if (rest.ptr == name.ptr || slice_starts(name, SLICE("*.")))
        return name;
    struct slice made = arena_printf(veil->arena, "*.%.*s", SLICE_ARGS(rest));
    veil->full |= !made.ptr;
    return made;
}

struct ip veil_client(const struct veil *veil, const struct ip *client)
{
    struct ip network = *client;
    size_t kept = client->family == 4 ? 3 : 6;
    if (veil->personal->how == PERSONAL_DROP)
        return (struct ip){0};
    memset(network.bytes + kept, 0, sizeof network.bytes - kept);
    return network;
}

/* ---- records ---- */

static const struct record_recipient *recipients(struct veil *veil, const struct record *r)
{
    struct record_recipient *made = arena_array(veil->arena, r->recipient_count + 1, sizeof *made);
    veil->full |= !made;
    for (size_t i = 0; made && i < r->recipient_count; i++)
        made[i] = (struct record_recipient){veil_address(veil, r->recipients[i].address),
                                            r->recipients[i].verdict,
                                            veil_said(veil, r->recipients[i].reply)};
    return made;
}

static const struct record_edit *edits(struct veil *veil, const struct record *r)
{
    struct record_edit *made = arena_array(veil->arena, r->edit_count + 1, sizeof *made);
    veil->full |= !made;
    for (size_t i = 0; made && i < r->edit_count; i++) {
        made[i] = r->edits[i];
        made[i].value = veil_said(veil, made[i].value);
    }
    return made;
}

/* Who released or deleted what is held answers for that, and is kept. */
static bool is_operator(const struct record *r)
{
    return slice_eq(r->stage, SLICE("quarantine"));
}

static void veil_words(struct veil *veil, struct record *r)
{
    r->from = veil_address(veil, r->from);
    r->author = veil_address(veil, r->author);
    if (!is_operator(r))
        r->login = veil_address(veil, r->login);
    r->helo = veil_machine(veil, r->helo);
    r->reply = veil_said(veil, r->reply);
    r->reason = veil_said(veil, r->reason);
    r->subject = (struct slice){"", 0};
    if (veil->personal->how == PERSONAL_DROP)
        r->message_id = (struct slice){"", 0};
    r->client = veil_client(veil, &r->client);
    r->port = 0;
}

bool personal_veil(const struct personal *personal, struct record *record, struct arena *arena)
{
    struct veil veil = {.personal = personal, .arena = arena, .scratch = buf_init(SCRATCH_MAX)};
    if (personal->how == PERSONAL_KEEP)
        return true;
    veil.null_sender = record->from.len == 0;
    veil_learn(&veil, record);
    record->recipients = recipients(&veil, record);
    record->edits = edits(&veil, record);
    record->facts = veil_facts(&veil, record->facts);
    record->keyed = veil_keyed(&veil, record->keyed, record->keyed_count);
    veil_words(&veil, record);
    buf_release(&veil.scratch);
    return !veil.full;
}
