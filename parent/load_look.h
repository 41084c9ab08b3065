/* SPDX-License-Identifier: ISC
 * What is looked at when a configuration has been read: files, this machine, and what cannot work. */
#ifndef PARENT_LOAD_LOOK_H
#define PARENT_LOAD_LOOK_H

#include "parent/parent_load.h"
#include "policy/place.h"

struct load_look {
    struct bundle *bundle;
    const struct config *config;
    struct buf *report;
    bool unusable; /* an error has been said */
    int signing;   /* as in struct loaded */
};

/* Where it stands; an error makes the configuration unusable. */
#define LOOK_ERROR(look, at, ...)                                                                  \
    (place_error((look)->config, (look)->report, (at), __VA_ARGS__),                               \
     (void)((look)->unusable = true))
#define LOOK_WARNING(look, at, ...) place_warning((look)->config, (look)->report, (at), __VA_ARGS__)

/* Of that setting, or NOWHERE. */
struct span look_setting(const struct load_look *look, const char *block, const char *word);

/* printf("%.*s", PATH_SHOWN(path)): cut where what follows would get no room. */
#define PATH_SHOWN(s) (int)((s).len < 160 ? (s).len : 160), (s).ptr

/* " (run as root)" where that would help against this errno, else "". */
const char *look_hint(int error);

/* The file's content, in the bundle from then on. False: reported as an error. */
bool look_into(struct load_look *look, struct span at, const char *what, struct slice path,
               struct slice *content);
/* Warns where everybody can read a secret that was looked into. */
void look_who_reads(struct load_look *look, struct span at, const char *what, struct slice path);

/* load_tls.c: certificates, keys, suites. `now`: seconds since 1970. */
void look_at_tls(struct load_look *look, int64_t now);
/* load_dkim.c: keys that mail is signed with. The bundle has what the DNS is to say of them instead. */
void look_at_dkim(struct load_look *look);
/* The same while the bundle holds: as they were `before`. */
void look_at_dkim_held(struct load_look *look, const struct loaded *before);
/* By whom servers are verified. */
void look_at_authorities(struct load_look *look);
/* load_machine.c: users, programs, name servers. */
void look_at_machine(struct load_look *look);
/* load_folders.c: what is written into, and the signatures. */
void look_at_folders(struct load_look *look);
/* load_ways.c: mail that could go nowhere, or in circles. */
void look_at_ways(struct load_look *look);

#endif
