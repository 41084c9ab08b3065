# SPDX-License-Identifier: ISC
# Gatepost. `make help` lists what can be asked for.

V        ?= release
B        := build/$(V)
ifeq ($(origin CC),default)
CC       := gcc
endif
PYTHON   ?= /usr/bin/python3
PREFIX   ?= /usr/local
DESTDIR  ?=
VERSION  := 0.1.0

WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
            -Wcast-qual -Wformat=2 -Wundef -Wvla $(if $(WERROR),-Werror)
HARDEN   := -fstack-protector-strong -fPIE -fcf-protection=full
CPPFLAGS += -I. -D_GNU_SOURCE -DGATEPOST_VERSION='"$(VERSION)"' -DLIBEXECDIR='"$(PREFIX)/libexec/gatepost"' \
            -DSYSCONFDIR='"/etc/gatepost"'
LDFLAGS  += -Wl,--as-needed

# lto: what packages bring; each program is optimised as a whole, which takes its time at every link.
ifneq ($(filter release lto,$(V)),)
CFLAGS   ?= -O2 -g $(if $(filter lto,$(V)),-flto=auto)
CPPFLAGS += -D_FORTIFY_SOURCE=2
LDFLAGS  += -pie -Wl,-z,relro,-z,now
else ifeq ($(V),asan)
CFLAGS   ?= -Og -g1
HARDEN   += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS  += -fsanitize=address,undefined
CPPFLAGS += -DSANITIZED
else ifeq ($(V),fuzz)
CC       := clang
CFLAGS   ?= -O1 -g1
HARDEN   += -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
LDFLAGS  += -fsanitize=address,undefined
CPPFLAGS += -DSANITIZED
endif

# A program's main stands in the file that bears its name; every other file belongs to its floor's library.
PROGRAMS := gatepost gatepost-proxy gatepost-keeper gatepost-release gatepost-learn gatepost-sign gatepost-milter gatepost-source gatepost-scan gatepost-av gatepost-qr gatepostctl
MAINS    := parent/gatepost.c proxy/gatepost-proxy.c keeper/gatepost-keeper.c keeper/gatepost-release.c keeper/gatepost-learn.c keeper/gatepost-sign.c milter/gatepost-milter.c transparent/gatepost-source.c filters/gatepost-scan.c filters/gatepost-av.c filters/gatepost-qr.c console/gatepostctl.c
MAINS    := $(wildcard $(MAINS))
FLOORS   := base policy filters common parent proxy keeper milter transparent console
sources   = $(wildcard $(1)/*.c $(1)/*/*.c)
lib_src   = $(filter-out $(MAINS),$(call sources,$(1)))
obj       = $(patsubst %.c,$(B)/%.o,$(1))
LIBS     := $(foreach f,$(FLOORS),$(if $(call lib_src,$(f)),$(B)/$(f).a))
floor_libs = $(foreach f,$(1),$(filter $(B)/$(f).a,$(LIBS)))

BINS     := $(foreach m,$(MAINS),$(B)/$(basename $(notdir $(m))))
SUITES   := $(filter-out tests/fakes/% tests/fuzz/%,$(wildcard tests/*/*.c tests/*/*/*.c))
UNITS    := $(patsubst %.c,$(B)/tests/%,$(notdir $(SUITES)))
STEERED  := $(addprefix $(B)/tests/steered/,gatepost gatepost-proxy)
FUZZERS  := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

# What building and running need,
PACKAGES := gcc make libc6-dev libevent-dev libssl-dev libpcre2-dev libseccomp-dev libclamav-dev libarchive-dev libmagic-dev \
            libzbar-dev libpng-dev libjpeg62-turbo-dev libjansson-dev libpsl-dev libidn2-dev libunistring-dev libsqlite3-dev libzstd-dev libmilter-dev \
            libunbound-dev libhiredis-dev libcurl4-openssl-dev tzdata redis-server
# and what only tests and the lab do.
TEST_PACKAGES := clang libclang-rt-14-dev libcmocka-dev libspf2-dev libopendkim-dev libicu72 openssl iproute2 nftables procps curl mandoc zip p7zip-full mmdb-bin \
            python3 python3-pytest python3-pytest-xdist python3-dkim python3-spf python3-cryptography python3-dnspython python3-gssapi python3-yaml python3-segno python3-pil \
            postfix dovecot-imapd dovecot-lmtpd dovecot-pop3d dovecot-gssapi nsd unbound haproxy nftables ldnsutils dns-root-data swaks msmtp miltertest opendkim libnet-ssleay-perl \
            libemail-address-xs-perl libmailtools-perl fetchmail getmail6 mpop neomutt isync offlineimap3 node-nodemailer \
            krb5-kdc krb5-admin-server krb5-user libsasl2-modules libsasl2-modules-gssapi-mit fail2ban logrotate systemd m4
# Servers for the lab that Debian does not let stand beside Dovecot, or Postfix: they are unpacked.
COURIER  := courier-pop courier-imap courier-authlib-userdb
CYRUS    := cyrus-pop3d cyrus-imapd sasl2-bin
EXIM     := exim4-daemon-light
OPENSMTPD := opensmtpd
SENDMAIL := sendmail-bin sendmail-base sendmail-cf
SPAM_PEERS := bogofilter spamassassin
LINTERS  := clang-tidy cppcheck mandoc
PACKERS  := debhelper dh-apparmor lintian apparmor

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

deps: ## install what building and running need and is missing from Debian 12 (root)
	@tests/lab/deps $(PACKAGES)

deps-test: ## install what only the tests and the lab need; none of it runs, or starts with the machine
	@tests/lab/deps $(TEST_PACKAGES) $(PACKERS)
	@tests/lab/unpack build/beside/courier $(COURIER)
	@tests/lab/unpack build/beside/cyrus $(CYRUS)
	@tests/lab/unpack build/beside/exim $(EXIM)
	@tests/lab/unpack build/beside/opensmtpd $(OPENSMTPD)
	@tests/lab/unpack build/beside/sendmail $(SENDMAIL)

all: $(BINS) ## build the programs into build/release

run: deps $(if $(CONFIG),,deps-test) ## the lab: real mail through Gatepost to a real server (TRANSPARENT=1: on its way there; CONFIG=file: just the gateway)
	@$(MAKE) --no-print-directory all
	@$(if $(CONFIG),$(B)/gatepost -F -c $(CONFIG),$(PYTHON) tests/lab/$(if $(TRANSPARENT),run_transparent,run).py --build $(B))

TESTS ?= tests
# More than there are processors: tests wait more than they compute.
AT_ONCE ?= $(shell echo $$((3 * $$(nproc))))
check: deps deps-test ## pass all tests (TESTS=files, PYTEST=options, AT_ONCE=0: one after the other)
	@$(MAKE) --no-print-directory check-built

# What fails beside others, on a machine that is busy with them, is asked once more, alone.
ALONE := --last-failed --last-failed-no-failures none -n 0
check-built: all units
	@export GATEPOST_BUILD=$(CURDIR)/$(B); check() { $(PYTHON) -m pytest -q -ra $(PYTEST) "$$@" $(TESTS); }; \
	check -n $(AT_ONCE) --dist loadfile || { [ $(AT_ONCE) != 0 ] && echo "== once more, alone" && check $(ALONE); }

check-asan: deps deps-test ## pass all tests under AddressSanitizer and UBSan (EVERY_SERVER=1: in front of all mailbox servers)
	@ASAN_OPTIONS=allocator_may_return_null=1 $(MAKE) --no-print-directory V=asan check-built

units: $(UNITS) $(STEERED)
# Suites are looked at for warnings only: no fuzz target is linked with them.
objects: $(call obj,$(foreach f,$(FLOORS),$(call sources,$(f)))) $(SUITES:%.c=$(B)/%.seen) ## let the compiler see every file, link none

FUZZ_SECONDS ?= 60
fuzz: ## run every fuzz target for FUZZ_SECONDS
	@$(MAKE) --no-print-directory V=fuzz FUZZ_SECONDS=$(FUZZ_SECONDS) fuzz-run
fuzzers: $(FUZZERS)
fuzz-run: fuzzers
	@tests/fuzz/run $(B)/fuzz $(FUZZ_SECONDS)

bench-spam: $(B)/bench/spam_folds ## measure the classifier beside bogofilter and SpamAssassin's (docs/spam.md)
	@tests/lab/deps $(SPAM_PEERS)
	@bench/spam

bench-campaigns: $(B)/bench/spam_sketches ## measure which messages are alike (docs/spam.md)
	@bench/campaigns

bench: all ## measure beside the peers; bench/run --help for two builds (docs/performance.md)
	@bench/run

ZSH ?= $(PREFIX)/share/zsh/site-functions
install: all ## install below PREFIX (DESTDIR for packagers)
	install -D -m 755 $(B)/gatepost $(DESTDIR)$(PREFIX)/sbin/gatepost
	install -D -m 755 $(B)/gatepostctl $(DESTDIR)$(PREFIX)/bin/gatepostctl
	for p in gatepost-proxy gatepost-keeper gatepost-release gatepost-learn gatepost-sign gatepost-milter gatepost-source gatepost-scan gatepost-av gatepost-qr; do \
	  install -D -m 755 $(B)/$$p $(DESTDIR)$(PREFIX)/libexec/gatepost/$$p; done
	for f in etc/*.conf etc/*.txt etc/logrotate/gatepost etc/fail2ban/*/gatepost.conf; do \
	  case $$f in etc/logrotate/*) to=logrotate.d/gatepost;; etc/fail2ban/*) to=$${f#etc/};; *) to=gatepost/$$(basename $$f);; esac; \
	  to=$(DESTDIR)/etc/$$to; \
	  if [ -e $$to ] && ! cmp -s $$f $$to; then to=$$to.new; echo "$$to: yours is kept"; fi; \
	  install -D -m 644 $$f $$to; done
	install -d $(DESTDIR)/lib/systemd/system
	sed 's,/usr/local/sbin,$(PREFIX)/sbin,' etc/gatepost.service > $(DESTDIR)/lib/systemd/system/gatepost.service
	chmod 644 $(DESTDIR)/lib/systemd/system/gatepost.service
	install -D -m 644 etc/completion/gatepostctl $(DESTDIR)$(PREFIX)/share/bash-completion/completions/gatepostctl
	install -D -m 644 etc/completion/_gatepostctl $(DESTDIR)$(ZSH)/_gatepostctl
	for f in man/*.[1-8]; do install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/man/man$${f##*.}/$$(basename $$f); done

lint: ## clang-tidy, cppcheck, and mandoc over the man pages
	@tests/lab/deps $(LINTERS)
	@tests/lint/run $(CPPFLAGS) -- $(foreach f,$(FLOORS),$(call sources,$(f)))

format: ## clang-format everything in place
	clang-format -i $(foreach f,$(FLOORS) bench tests tests/filters tests/proxy,$(wildcard $(f)/*.[ch] $(f)/*/*.[ch]))

DIST := gatepost-$(VERSION)
dist: ## a source archive of HEAD, the same octets each time
	@git archive --prefix=$(DIST)/ HEAD | gzip -n > $(DIST).tar.gz && sha256sum $(DIST).tar.gz

# Beside them, in build/deb/all: what dpkg-buildpackage makes besides, such as symbols for debuggers.
deb: deps dist ## Debian packages of HEAD, into build/deb
	@tests/lab/deps $(PACKERS)
	@rm -rf build/deb && mkdir -p build/deb/all && tar -xzf $(DIST).tar.gz -C build/deb/all
	@cd build/deb/all/$(DIST) && DEB_BUILD_OPTIONS="parallel=$$(nproc) $$DEB_BUILD_OPTIONS" dpkg-buildpackage -us -uc -b >../log 2>&1 || { tail -n 40 ../log; exit 1; }
	@rm -rf build/deb/all/$(DIST) && ln $$(ls build/deb/all/*.deb | grep -v dbgsym) build/deb/ && ls build/deb/*.deb

check-deb: deps deps-test ## install, upgrade and remove the packages in a bare Debian, with a systemd that runs (slow; in .ci/run only what takes no Debian)
	@tests/lab/deps debootstrap
	@GATEPOST_DEBOOTSTRAP=build/beside/debian $(MAKE) --no-print-directory check-built TESTS=tests/packaging AT_ONCE=0

clean: ## remove build/
	rm -rf build

# What has the prefix or the version in it is made anew when that is another.
NAMED := $(B)/named
$(NAMED): FORCE
	@mkdir -p $(@D)
	@echo '$(PREFIX) $(VERSION)' | cmp -s - $@ || echo '$(PREFIX) $(VERSION)' > $@
$(addprefix $(B)/,base/process.o parent/gatepost.o parent/parent_status.o console/gatepostctl.o): $(NAMED)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) -std=c17 $(CPPFLAGS) $(CFLAGS) $(HARDEN) $(SUITE_FLAGS) $(WARN) -MMD -MP -c -o $@ $<

$(B)/%.seen: %.c
	@mkdir -p $(@D)
	$(CC) -std=c17 $(CPPFLAGS) $(CFLAGS) $(HARDEN) $(WARN) -MMD -MP -MT $@ -MF $(@:.seen=.d) -fsyntax-only $<
	@touch $@

define floor_rule
$(B)/$(1).a: $(call obj,$(call lib_src,$(1)))
	@rm -f $$@
	ar rcs $$@ $$^
endef
$(foreach f,$(FLOORS),$(eval $(call floor_rule,$(f))))

link = $(CC) $(CFLAGS) $(HARDEN) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(1) -lm

# Of each program: its floors, and the libraries that it is linked with.
gatepost_floors       := parent common filters policy base
gatepost_links        := -levent -lssl -lcrypto -lpcre2-8 -lseccomp -lidn2 -lunistring
gatepost-proxy_floors := proxy common filters policy base
gatepost-proxy_links  := $(gatepost_links) -lunbound -lhiredis -lpsl
gatepost-keeper_floors := keeper common policy base
gatepost-keeper_links := -lsqlite3 -levent -lpcre2-8 -lseccomp -lzstd -lcrypto -lidn2 -lunistring
gatepost-release_floors := keeper common base
gatepost-release_links := -lseccomp -lzstd -lcrypto
gatepost-learn_floors := keeper common filters base
gatepost-learn_links  := -lseccomp -lzstd -lcrypto
gatepost-sign_floors := keeper common filters policy base
gatepost-sign_links  := -lseccomp -lcrypto -lidn2 -lunistring
gatepost-milter_floors := milter keeper common base
gatepost-milter_links := -lmilter -lseccomp
gatepost-source_floors := transparent keeper common base
gatepost-source_links := -lseccomp
gatepost-scan_floors  := filters policy base
gatepost-scan_links   := -larchive -lmagic -lpcre2-8 -lseccomp -lcrypto -lpsl -lidn2 -lunistring
gatepost-av_floors    := filters policy base
gatepost-av_links     := -lclamav -larchive -lmagic -lpcre2-8 -lseccomp -lcrypto -lidn2 -lunistring
gatepost-qr_floors    := filters policy base
gatepost-qr_links     := -l:libzbar.a -lpng -ljpeg -larchive -lmagic -lpcre2-8 -lseccomp -lcrypto -lpsl -lidn2 -lunistring
gatepostctl_floors    := console common filters policy base
gatepostctl_links     := -ljansson -lcurl -levent -lssl -lcrypto -lpcre2-8 -lseccomp -lunbound -lpsl -lidn2 -lunistring

define program_rule
$(B)/$(1): $(B)/$(basename $(filter %/$(1).c,$(MAINS))).o $(call floor_libs,$($(1)_floors))
	$$(call link,$($(1)_links))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

# bench/spam, bench/campaigns
$(B)/bench/spam_folds $(B)/bench/spam_sketches: $(B)/bench/%: $(B)/bench/%.o $(call floor_libs,$(gatepost-scan_floors))
	$(call link,$(gatepost-scan_links))

# What tests alone are linked with beside all that programs are.
TEST_LINKS := $(sort $(foreach p,$(PROGRAMS),$($(p)_links))) -lspf2 -lopendkim
UP := $(call floor_libs,console milter transparent parent keeper proxy common filters policy base)
# They are many, and these take a third of the time (gold warns of clang's sanitizers); programs are linked by the usual one.
$(UNITS): LDFLAGS += $(if $(shell command -v ld.gold),-fuse-ld=gold)
$(FUZZERS): LDFLAGS += $(if $(shell command -v ld.lld),-fuse-ld=lld)
# What runs once takes longer to optimize than it saves; gcc's warnings that need optimization are for what is installed.
$(SUITES:%.c=$(B)/%.o): SUITE_FLAGS := -O0 -g1 -U_FORTIFY_SOURCE
$(foreach s,$(SUITES),$(eval $(B)/tests/$(basename $(notdir $(s))): $(B)/$(s:.c=.o)))
$(UNITS): $(UP)
	@mkdir -p $(@D)
	$(call link,-lcmocka $(TEST_LINKS))
wrap = $(foreach f,$(1),-Wl,--wrap=$(f))
# filters/pictures/zbar_seams.h
$(B)/gatepost-qr $(UNITS) $(B)/fuzz/%: LDFLAGS += $(call wrap,_zbar_qr_found_line)
WRAP_MEMORY := $(call wrap,malloc calloc realloc strdup strndup)
WRAP_ARENA  := $(call wrap,arena_alloc arena_array arena_copy arena_cstr arena_printf arena_vprintf)
$(filter $(B)/tests/test_no_memory%,$(UNITS)): LDFLAGS += $(WRAP_MEMORY) $(WRAP_ARENA)
# The programs themselves, whose memory a test can let fail and whose clock it can move on.
define steered_rule
$(B)/tests/steered/$(1): LDFLAGS += $(WRAP_MEMORY)
$(B)/tests/steered/$(1): $(B)/$(basename $(filter %/$(1).c,$(MAINS))).o $(B)/tests/fakes/failing_memory.o $(B)/tests/fakes/moving_clock.o $(call floor_libs,$($(1)_floors))
	@mkdir -p $$(@D)
	$$(call link,$($(1)_links))
endef
$(foreach p,$(notdir $(STEERED)),$(eval $(call steered_rule,$(p))))
$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(UP)
	@mkdir -p $(@D)
	$(call link,-fsanitize=fuzzer $(TEST_LINKS))

.SECONDARY:
.PHONY: help deps deps-test all run check check-built check-asan check-deb units objects fuzz fuzzers fuzz-run bench bench-spam bench-campaigns install lint format dist deb clean FORCE
-include $(shell find build/$(V) -type f -name '*.d' 2>/dev/null)
