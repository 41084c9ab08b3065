/* SPDX-License-Identifier: ISC
 * The secret that who writes to whom is remembered under (proxy/state/state_keys.h): outside of
 * Redis, so that whoever has what is in Redis cannot try names out. */
#ifndef PARENT_PARENT_CONTACTS_H
#define PARENT_PARENT_CONTACTS_H

#include "common/bundle.h"

/* Where a rule asks for it, the file of settings.contacts_key into the bundle; one is made where there
 * is none, and the bundle holds none. False: the report says why. */
bool contacts_take_key(struct bundle *bundle, const struct config *config, struct buf *report);

/* While the bundle holds: that file as it was, where a rule asks for it. */
void contacts_hold_key(struct bundle *bundle, const struct config *config);

#endif
