/* SPDX-License-Identifier: ISC
 * The two encryptions of zips that programs make: PKWARE's of old (APPNOTE.TXT 6.1) and AES as
 * WinZip does it (AE-1, AE-2). A password is tried cheaply first; what is opened may still turn out
 * not to be it. */
#ifndef FILTERS_ARCHIVE_ZIP_DECRYPT_H
#define FILTERS_ARCHIVE_ZIP_DECRYPT_H

#include "base/buf.h"
#include "filters/archive/zip_directory.h"

/* Has OpenSSL load what it loads lazily. Once, before the jail. */
void zip_decrypt_warm_up(void);

/* Can anything here open it, given its password? Strong encryption of PKWARE's is not. */
bool zip_decrypts(const struct zip_member *member);

/* Opens the packed octets of a member with a password: appends to `plain` what a member that is not
 * encrypted would have packed. False: it is not the password, or `plain` is full. Of AES the
 * password and all octets are then proven; of the other one wrong in 256 passes, and the member's
 * checksum tells. */
bool zip_decrypt(const struct zip_member *member, struct slice packed, struct slice password,
                 struct buf *plain);

#endif
