/* SPDX-License-Identifier: ISC
 * Who may do what in the private Redis. Two users: the standard one, which is what anybody is who gets at
 * the socket, or says RESET, may run the scripts that are there, on our keys, and do what they do. The other
 * may load scripts, and do nothing else; its secret is the parent's.
 *
 * So each connection is introduced before a proxy gets it: the parent logs in, loads the scripts and
 * becomes the standard user again, in one write and without waiting. Redis takes what a connection
 * says in its order, so a proxy speaks when the rights are gone; what has been answered is
 * the proxy's to read. */
#ifndef PARENT_REDIS_INTRODUCTION_H
#define PARENT_REDIS_INTRODUCTION_H

#include "base/buf.h"

#include <stdbool.h>

enum { REDIS_SECRET_SIZE = 65, REDIS_USERS_MAX = 2048 };

/* A fresh one, as text. False with errno. */
bool redis_secret_make(char secret[static REDIS_SECRET_SIZE]);

/* redis-server's options, words with blanks between. They hold a digest of the secret, as everybody can read
 * them. `prefix`: what our keys begin with. False: they do not fit. */
bool redis_users(char out[static REDIS_USERS_MAX], struct slice prefix, const char *secret);

/* `fd`: a fresh connection, without blocking. False: it does not take it; close it. */
bool redis_introduce(int fd, const char *secret);

#endif
