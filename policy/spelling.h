/* SPDX-License-Identifier: ISC
 * Domains and addresses in values: each in one spelling (base/domain_name.h), so that comparisons,
 * tables, rates and what is remembered need not know that there are others. Facts and the literals
 * that they are compared with are made by these functions alone.
 *
 * What holds no domain (an address literal, raw bytes, what IDNA refuses) stays as it was given. It
 * is then equal to no domain: that is ASCII without what a name may not hold. */
#ifndef POLICY_SPELLING_H
#define POLICY_SPELLING_H

#include "base/arena.h"
#include "policy/value.h"

/* In the arena; ptr NULL: it is full. */
struct slice spell_domain(struct arena *arena, struct slice domain);

/* "local@domain": what is behind the last '@'. The local part is its owner's, and stays. */
struct slice spell_address(struct arena *arena, struct slice address);

/* What addresses or domains are searched for: `ends ".bücher.example"`, `contains "@"`.
 * Each label beyond ASCII by itself; in an address, of what is behind an '@', and of an
 * `ending` without one. */
struct slice spell_part(struct arena *arena, enum type_kind kind, struct slice part, bool ending);

/* An entry of a table in which domains or addresses are looked up:
 * one of those, "@domain" or "*.domain". */
struct slice spell_entry(struct arena *arena, struct slice entry);

/* NULL: fine. Else why what is beyond ASCII in such an entry can never be a domain. */
const char *spelling_flaw(struct arena *arena, struct slice entry);

/* Known; unknown when the arena is full. */
struct value value_domain(struct arena *arena, struct slice domain);
struct value value_address(struct arena *arena, struct slice address);
/* Of "local@domain", or of the local part alone when there is no domain. */
struct value value_mailbox(struct arena *arena, struct slice local, struct slice domain);

#endif
