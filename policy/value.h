/* SPDX-License-Identifier: ISC
 * The values that facts have and rules compute with.
 * Three-valued: besides its value a fact may be absent (there is none),
 * pending (not known yet at this phase) or unknown (could not be found out). */
#ifndef POLICY_VALUE_H
#define POLICY_VALUE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

enum type_kind {
    TYPE_BOOL,
    TYPE_NUMBER,   /* double */
    TYPE_TEXT,     /* UTF-8 where the source was; any bytes */
    TYPE_ADDRESS,  /* "local@domain"; `.local` and `.domain` are text and domain */
    TYPE_DOMAIN,   /* compared without regard to case and trailing dot */
    TYPE_IP,       /* v4 or v6 */
    TYPE_NETWORK,  /* ip/length */
    TYPE_DURATION, /* integer, milliseconds */
    TYPE_SIZE,     /* integer, bytes */
    TYPE_TIME,     /* integer, seconds since 1970 */
    TYPE_ENUM,     /* integer, index into its words */
    TYPE_LIST,
    TYPE_RECORD,
};

struct enum_type {
    const char *name;
    const char *const *words;
    size_t count;
};

struct record_type;

struct type {
    enum type_kind kind;
    const struct type *element;    /* of a list */
    const struct enum_type *words; /* of an enum */
    const struct record_type *record;
};

struct record_field {
    const char *name;
    struct type type;
};

struct record_type {
    const char *name;
    const struct record_field *fields;
    size_t count;
};

enum value_state {
    VALUE_PENDING, /* zero: what nobody has set yet */
    VALUE_ABSENT,
    VALUE_UNKNOWN,
    VALUE_KNOWN,
};

struct ip {
    uint8_t family; /* 4 or 6; 0: none */
    uint8_t bytes[16];
};

struct network {
    struct ip base;
    uint8_t length; /* bits */
};

struct list {
    struct value *items; /* a record item has `fields` set */
    size_t count;
    bool cut; /* a cap left out the rest: the tail is unknown */
};

struct value {
    enum value_state state;
    union {
        bool truth;
        double number;
        int64_t integer;
        struct slice text; /* TEXT, ADDRESS, DOMAIN */
        struct ip ip;
        struct network network;
        struct list list;
        struct value *fields; /* as many as the record type has */
    };
};

static inline struct value value_bool(bool b)
{
    return (struct value){.state = VALUE_KNOWN, .truth = b};
}

static inline struct value value_number(double n)
{
    return (struct value){.state = VALUE_KNOWN, .number = n};
}

static inline struct value value_integer(int64_t n)
{
    return (struct value){.state = VALUE_KNOWN, .integer = n};
}

static inline struct value value_text(struct slice s)
{
    return (struct value){.state = VALUE_KNOWN, .text = s};
}

static inline struct value value_ip(struct ip ip)
{
    return (struct value){.state = VALUE_KNOWN, .ip = ip};
}

static inline struct value value_absent(void)
{
    return (struct value){.state = VALUE_ABSENT};
}

static inline struct value value_unknown(void)
{
    return (struct value){.state = VALUE_UNKNOWN};
}

/* "192.0.2.1", "2001:db8::1", v4-mapped becomes v4. ip_text writes at most 46 bytes
 * with the NUL. */
bool ip_parse(struct slice text, struct ip *out);
void ip_text(const struct ip *ip, char out[static 46]);
/* "192.0.2.1:25", "[2001:db8::1]:25"; without a port it is the standard one. */
bool endpoint_parse(struct slice text, uint16_t standard, struct ip *ip, uint16_t *port);
/* As the DNS names addresses: "1.2.0.192", or 32 nibbles "1.0.0. ... .8.b.d.0.1.0.0.2". */
enum { IP_REVERSED_SIZE = 64 };
void ip_reversed(const struct ip *ip, char out[static IP_REVERSED_SIZE]);
bool network_parse(struct slice text, struct network *out); /* "ip/len", or an ip alone */
bool network_holds(const struct network *network, const struct ip *ip);
/* No address of the Internet: private (RFC 1918, 4193), shared (6598), loopback, link-local. */
bool ip_is_private(const struct ip *ip);

/* For the wire between the scanner and the proxy: a value of a known type, to bytes and back.
 * Decoding trusts nothing: every length is checked, enums are in range, depth follows the type. The
 * decoded texts point into *in's bytes; lists and records into the arena. False: malformed (or the
 * arena is full). */
bool value_encode(struct buf *out, const struct type *type, const struct value *value);
bool value_decode(struct slice *in, const struct type *type, struct arena *arena,
                  struct value *value);

/* As JSON: absent is null, unknown and pending are the strings "unknown" and "pending"; bytes that
 * are not UTF-8 become U+FFFD. */
bool value_json(struct buf *out, const struct type *type, const struct value *value);

#endif
