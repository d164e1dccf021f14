# wosync. `make help` lists the targets. Tests: tests/tests.mk, benchmarks: tests/bench/bench.mk.

VERSION = 0.1.0

# --- what a user may set, on the command line or in the environment (CFLAGS and its like: see below) ---

ifeq ($(origin CC),default)
CC = gcc
endif
PKG_CONFIG ?= pkg-config
INSTALL ?= install
BUILD ?= build
# V=1 shows every command
V ?=
# the warehouse in PostgreSQL: yes, no, or auto (where libpq is)
POSTGRESQL ?= auto

DESTDIR ?=
PREFIX ?= /usr/local
prefix = $(PREFIX)
exec_prefix = $(prefix)
bindir = $(exec_prefix)/bin
# programs that other programs run; GNU's libexec is not where README and share/web/ have them
libexecdir = $(exec_prefix)/lib
# modules lie in $(libdir)/wosync/handlers
libdir = $(exec_prefix)/lib
datarootdir = $(prefix)/share
datadir = $(datarootdir)
docdir = $(datarootdir)/doc/wosync
mandir = $(datarootdir)/man
# where systemd and the shells look, for PREFIX=/usr and /usr/local alike
unitdir = $(exec_prefix)/lib/systemd/system
sysusersdir = $(exec_prefix)/lib/sysusers.d
tmpfilesdir = $(exec_prefix)/lib/tmpfiles.d
bashcompletiondir = $(datarootdir)/bash-completion/completions
zshcompletiondir = $(datarootdir)/zsh/site-functions
fishcompletiondir = $(datarootdir)/fish/vendor_completions.d
# where wosync looks for its configuration, and keeps its store
sysconfdir = /etc
localstatedir = /var

# --- flags; what the user sets in CPPFLAGS, CFLAGS, LDFLAGS and LDLIBS comes last and wins ---

PACKAGES = libcurl json-c sqlite3 nettle
ifeq ($(filter yes no auto,$(POSTGRESQL)),)
$(error POSTGRESQL=$(POSTGRESQL): expected yes, no or auto)
endif
LIBPQ_LEAST = 14
WITH_POSTGRESQL := $(POSTGRESQL)
ifeq ($(POSTGRESQL),auto)
WITH_POSTGRESQL := $(if $(shell $(PKG_CONFIG) --atleast-version=$(LIBPQ_LEAST) libpq 2>/dev/null && echo yes),yes,no)
endif
pkg_config = $(shell $(PKG_CONFIG) $1 $2 2>/dev/null)

CFLAGS ?= -O2 -g
WARNINGS = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wconversion -Wvla -Wformat=2 -Wundef
# glibc's checks want optimization; dpkg-buildflags brings a level of its own
OPTIMIZES = $(filter-out -O0,$(lastword $(filter -O%,$(CFLAGS))))
FORTIFY = $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,$(if $(OPTIMIZES),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
HARDENING = -fstack-protector-strong $(FORTIFY) -fPIE
# the same bytes in whatever directory; gcov needs the real one
PREFIX_MAP = $(if $(findstring --coverage,$(CFLAGS)),,-ffile-prefix-map=$(CURDIR)=.)
# large files and dates after 2038 on 32 bit, too
DIALECT = -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
# every compile line of src/
BASE_CFLAGS := $(DIALECT) -DWOSYNC_VERSION='"$(VERSION)"' -DWOSYNC_SYSCONFDIR='"$(sysconfdir)"' \
	-DWOSYNC_LOCALSTATEDIR='"$(localstatedir)"' -Isrc -I$(BUILD)/gen $(WARNINGS) $(HARDENING) \
	$(call pkg_config,--cflags,$(PACKAGES))
USER_CFLAGS = $(WERROR) $(PREFIX_MAP) $(CPPFLAGS) $(CFLAGS)
BASE_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed
LIBS := $(call pkg_config,--libs,$(PACKAGES)) -lm

COMPILE = $(CC) $(BASE_CFLAGS) $(MODULE_CFLAGS) $(USER_CFLAGS) -MMD -MP -c -o $@ $<
LINK = $(CC) $(BASE_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@
# a module is whole without the program; sanitizers are not, with clang
LINK_MODULE = $(CC) -shared -Wl,-z,relro,-z,now$(if $(findstring -fsanitize,$(CFLAGS) $(LDFLAGS)),,$(comma)-z$(comma)defs) \
	-Wl,--as-needed $(CFLAGS) $(LDFLAGS) -o $@
comma := ,

# --- quiet rules: `$(call say,CC)` names what is made, and V=1 shows the command instead ---

Q := $(if $(filter-out 0,$(V)),,@)
SILENT := $(findstring s,$(firstword -$(MAKEFLAGS)))
say = @mkdir -p $(@D)$(if $(SILENT)$(if $(Q),,V),,; echo '  $1 $(or $2,$<)')

# --- files ---

SOURCES := $(sort $(wildcard src/*.c src/*/*.c src/*/*/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/gen/sql.o $(BUILD)/gen/warehouse_sqlite_sql.o $(BUILD)/gen/report_html.o \
	$(BUILD)/gen/report_css.o
SQL := $(sort $(wildcard sql/migrations/*.sql)) $(sort $(wildcard sql/statements/*.sql))
WAREHOUSE_SQL := $(sort $(wildcard sql/warehouse/*/*.sql))
HEADERS := $(sort $(wildcard src/*/*.h src/*/*/*.h))
REPORT_HTML := $(sort $(wildcard src/*/report.html src/*/*/report.html))
GENERATED = $(BUILD)/gen/sql.h $(BUILD)/gen/warehouse_sqlite_sql.h $(BUILD)/gen/warehouse_postgres_sql.h $(BUILD)/gen/handler_abi.h

# modules: what brings a library that not everyone needs
POSTGRES_SOURCES := $(sort $(wildcard src/handlers/warehouse/postgres/*.c))
POSTGRES_OBJECTS := $(POSTGRES_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/gen/warehouse_postgres_sql.o
POSTGRES_LIBS := $(call pkg_config,--libs,libpq)
MODULES := $(if $(filter yes,$(WITH_POSTGRESQL)),$(BUILD)/handlers/warehouse-postgres.so)

# Debian packages: to build, to try (the mock)
BUILD_NEEDS = gcc libc6-dev pkg-config libcurl4-openssl-dev libjson-c-dev libsqlite3-dev nettle-dev libpq-dev
DEMO_NEEDS = $(BUILD_NEEDS) libmicrohttpd-dev libssl-dev zlib1g-dev curl ca-certificates
DEB_NEEDS = build-essential $(DEMO_NEEDS) python3 debhelper libcmocka-dev dpkg-dev 'systemd-dev|systemd'
HOOKS_NEEDS = $(DEMO_NEEDS) python3 lighttpd

.PHONY: all help install install-strip uninstall demo demo-webhooks clean print-flags
.DELETE_ON_ERROR:
.SECONDARY:
all: $(BUILD)/wosync $(MODULES) | $(BUILD)/modules

help:
	@echo 'make                   build $(BUILD)/wosync; V=1 shows the commands'
	@echo '                       CC, CPPFLAGS, CFLAGS, LDFLAGS, LDLIBS, BUILD and POSTGRESQL=yes|no|auto are honoured'
	@echo 'make install           install it below PREFIX ($(PREFIX)); DESTDIR, bindir, libexecdir, mandir, sysconfdir'
	@echo '                       and their like are honoured; make install-strip, make uninstall'
	@echo 'make dist              the source as a tarball that builds without git'
	@echo 'make deb               Debian packages, in $(BUILD)/deb'
	@echo 'make demo              build and run the main job against the bundled mock MaintainX'
	@echo 'make demo-webhooks     the same with webhooks, by a lighttpd on this machine'
	@echo 'make test              build and run the quick tests; installs nothing'
	@echo 'make check             build and run what a change can break, or PHASES="build unit" of it (CONTRIBUTING.md)'
	@echo 'make proof             run the tests that take longer: sanitizers, faults at every point, analyzers'
	@echo 'make debian            the same on another release, as root: RELEASE=12, 13'
	@echo 'make deb-check         build, install, run, upgrade and purge the packages in a new system, as root: RELEASE=12, 13'
	@echo 'make container-check   build the image of share/Containerfile without a registry, and run it, as root'
	@echo 'make bench             compare wosync with floors and peers (tests/bench/README.md): N=100000, ROUNDS=3'
	@echo 'make simulate          play simulated histories: SEEDS=COUNT, or SEED=N to see one (tests/sim/README.md)'
	@echo 'make simulate-mutants  see the simulator catch what is wrong on purpose'
	@echo 'make fuzz              search for inputs that break a parser: TARGET=NAME, SECONDS=N each'
	@echo 'make crash             kill it at every point; make torture: fail everything in turn'
	@echo 'make picture           make docs/report.png anew'
	@echo 'make coverage          how much of src/ the tests run'
	@echo 'make clean             remove what was built: BUILD'

demo:
	@tests/install-packages $(DEMO_NEEDS)
	@$(MAKE) --no-print-directory all mock
	@tests/demo

demo-webhooks:
	@tests/install-packages $(HOOKS_NEEDS)
	@$(MAKE) --no-print-directory all mock
	@tests/demo-webhooks

# --- what the build depends on besides files: a text that is written anew when it differs ---

# Left out is what changes no byte of an object: ccache, warnings as errors, the directory.
FLAGS_TEXT := $(filter-out ccache,$(CC)) $(filter-out -I$(BUILD)/gen,$(BASE_CFLAGS)) $(CPPFLAGS) $(CFLAGS) \
	$(call pkg_config,--modversion,$(PACKAGES))
LINK_TEXT := $(BASE_LDFLAGS) $(LDFLAGS) $(LIBS) $(LDLIBS) $(OBJECTS:$(BUILD)/%=%)
MODULES_TEXT := PostgreSQL: $(WITH_POSTGRESQL) $(call pkg_config,--modversion,libpq) $(POSTGRES_LIBS) $(POSTGRES_OBJECTS:$(BUILD)/%=%)
SQL_TEXT := $(SQL) $(WAREHOUSE_SQL)

# $(eval $(call text,FILE,VARIABLE,CHECK)): FILE holds the text of VARIABLE; the command in CHECK comes before it is written
define text
ifneq ($$(file <$1),$$(strip $$($2)))
.PHONY: $1
endif
$1:
	@mkdir -p $$(@D)
	$(if $3,@$$($3))
	@printf '%s\n' $$(call quote,$$(strip $$($2))) >$$@
endef
quote = '$(subst ','\'',$1)'

# $(call check_packages,PACKAGES,DEBIAN PACKAGES): says what is missing, and how to install it
check_packages = { command -v $(firstword $(filter-out ccache,$(CC))) >/dev/null || { echo '$(CC): there is no such compiler' >&2; false; }; } \
	&& $(PKG_CONFIG) --exists --print-errors $1 || \
	{ echo 'make: what wosync is built with is missing; on Debian: apt-get install $(strip $2)' >&2; exit 1; }
check_build = $(call check_packages,$(PACKAGES),$(BUILD_NEEDS)) $(if $(SILENT),,&& echo '  wosync $(VERSION)')
check_modules = $(if $(MODULES),$(call check_packages,'libpq >= $(LIBPQ_LEAST)',libpq-dev) &&) \
	$(if $(SILENT),:,echo '  PostgreSQL: $(WITH_POSTGRESQL)$(if $(filter auto,$(POSTGRESQL)), (POSTGRESQL=auto))')

$(eval $(call text,$(BUILD)/flags,FLAGS_TEXT,check_build))
$(eval $(call text,$(BUILD)/link,LINK_TEXT))
$(eval $(call text,$(BUILD)/modules,MODULES_TEXT,check_modules))
$(eval $(call text,$(BUILD)/libdir,libdir))
$(eval $(call text,$(BUILD)/sql,SQL_TEXT))

# --- the program ---

$(BUILD)/wosync: $(OBJECTS) $(BUILD)/link
	$(call say,LD,$@)
	$(Q)$(LINK) $(OBJECTS) $(LIBS) $(LDLIBS)

# alone, for PREFIX is often given to `make install` only
LIBDIR_CFLAGS = -DWOSYNC_LIBDIR='"$(libdir)"'
$(BUILD)/src/handlers/modules.o: private MODULE_CFLAGS = $(LIBDIR_CFLAGS)
$(BUILD)/src/handlers/modules.o: $(BUILD)/libdir

$(POSTGRES_OBJECTS): private MODULE_CFLAGS = -fPIC -fvisibility=hidden $(call pkg_config,--cflags,libpq)
$(POSTGRES_OBJECTS): $(BUILD)/modules
$(BUILD)/handlers/warehouse-postgres.so: $(POSTGRES_OBJECTS) $(BUILD)/link
	$(call say,LD,$@)
	$(Q)$(LINK_MODULE) $(POSTGRES_OBJECTS) $(POSTGRES_LIBS) $(LDLIBS)

# a number made of all headers that the program and its modules share
$(BUILD)/gen/handler_abi.h: src/handlers/abi.awk $(HEADERS) $(BUILD)/flags
	$(call say,GEN,$@)
	$(Q)$(CC) $(BASE_CFLAGS) -MM src/handlers/module.h src/handlers/warehouse/backend.h | tr -s ' \\' '\n' | grep '\.h$$' | \
		LC_ALL=C sort -u | xargs awk -f src/handlers/abi.awk | cksum | \
		awk '{ print "#define HANDLER_ABI UINT32_C(" $$1 ")" }' >$@.tmp && mv $@.tmp $@

# which object includes what was generated stands in its .d, once it was compiled
$(BUILD)/src/%.o: src/%.c $(BUILD)/flags | $(GENERATED)
	$(call say,CC)
	$(Q)$(COMPILE)

$(BUILD)/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/flags | $(GENERATED)
	$(call say,CC)
	$(Q)$(COMPILE)

# text and SQL as C: $(call embed,OPTIONS,FILES)
embed = awk $1 -f src/embed.awk $2 >$@.tmp && mv $@.tmp $@
embed_sql = $(call embed,-v sql=sql -v prefix=sql -v table=1 $1,$(SQL))
embed_warehouse = $(call embed,-v sql=warehouse_$*_sql -v prefix=warehouse_$* $1,$(filter sql/warehouse/$*/%,$(WAREHOUSE_SQL)))

$(BUILD)/gen/sql.h: src/embed.awk $(SQL) $(BUILD)/sql
	$(call say,GEN,$@)
	$(Q)$(call embed_sql,-v header=1)

$(BUILD)/gen/sql.c: src/embed.awk $(SQL) $(BUILD)/sql
	$(call say,GEN,$@)
	$(Q)$(call embed_sql)

$(BUILD)/gen/warehouse_%_sql.h: src/embed.awk $(WAREHOUSE_SQL) $(BUILD)/sql
	$(call say,GEN,$@)
	$(Q)$(call embed_warehouse,-v header=1)

$(BUILD)/gen/warehouse_%_sql.c: src/embed.awk $(WAREHOUSE_SQL) $(BUILD)/sql
	$(call say,GEN,$@)
	$(Q)$(call embed_warehouse)

$(BUILD)/gen/report_html.c: src/embed.awk $(REPORT_HTML)
	$(call say,GEN,$@)
	$(Q)$(call embed,-v name=report_html,$(REPORT_HTML))

$(BUILD)/gen/report_css.c: src/embed.awk src/report/page.css
	$(call say,GEN,$@)
	$(Q)$(call embed,-v name=report_css,src/report/page.css)

# for tests/static
print-flags:
	$(info $(BASE_CFLAGS) $(LIBDIR_CFLAGS) $(if $(MODULES),$(call pkg_config,--cflags,libpq)))@:

-include $(OBJECTS:.o=.d) $(POSTGRES_OBJECTS:.o=.d)

# --- installation: the list is KIND:FROM:TO ---

UNITS := $(sort $(wildcard cron/*.service cron/*.timer share/web/*.service share/web/*.socket))
SHARED := $(filter-out $(UNITS),$(sort $(wildcard cron/* docs/* share/Containerfile share/prometheus/* share/web/*)))
PAGES := $(sort $(wildcard man/*))
INSTALLED = program:$(BUILD)/wosync:$(bindir)/wosync \
	wrapper:-:$(libexecdir)/wosync/webhook \
	example:README.md:$(docdir)/README.md \
	example:wosync.conf.example:$(docdir)/wosync.conf.example \
	example:share/sysusers.d/wosync.conf:$(sysusersdir)/wosync.conf \
	example:share/tmpfiles.d/wosync.conf:$(tmpfilesdir)/wosync.conf \
	example:share/completion/wosync.bash:$(bashcompletiondir)/wosync \
	example:share/completion/_wosync:$(zshcompletiondir)/_wosync \
	example:share/completion/wosync.fish:$(fishcompletiondir)/wosync.fish \
	$(foreach file,$(UNITS),example:$(file):$(unitdir)/$(notdir $(file))) \
	$(foreach file,$(SHARED),example:$(file):$(docdir)/$(file)) \
	$(foreach file,$(PAGES),example:$(file):$(mandir)/man$(patsubst .%,%,$(suffix $(file)))/$(notdir $(file))) \
	$(foreach file,$(MODULES),module:$(file):$(libdir)/wosync/handlers/$(notdir $(file)))
# of these no other package has anything; innermost first
OWN_FOLDERS = $(sort $(dir $(SHARED:%=$(docdir)/%))) $(docdir)/share $(docdir) $(libdir)/wosync/handlers \
	$(sort $(libdir)/wosync $(libexecdir)/wosync)

INSTALL_PROGRAM ?= $(INSTALL)
# an example names the places that README names; these are where things are installed
PLACES = -e 's|/usr/local/bin|$(bindir)|g' -e 's|/usr/local/lib/wosync/handlers|@modules@|g' \
	-e 's|/usr/local/lib/wosync|$(libexecdir)/wosync|g' -e 's|@modules@|$(libdir)/wosync/handlers|g' \
	-e 's|/usr/local/lib/systemd/system|$(unitdir)|g' \
	-e 's|/usr/local/share/doc/wosync|$(docdir)|g' -e 's|/etc/wosync|$(sysconfdir)/wosync|g' \
	-e 's|/var/lib/wosync|$(localstatedir)/lib/wosync|g'

to = '$(DESTDIR)$1'
install_program = $(INSTALL_PROGRAM) -D -m 755 $1 $(call to,$2)
install_module = $(INSTALL_PROGRAM) -D -m 644 $1 $(call to,$2)
install_example = sed $(PLACES) $1 | $(INSTALL) -D -m 644 /dev/stdin $(call to,$2)
# a web server may pass words of a request on as arguments: they end here
install_wrapper = printf '\#!/bin/sh\nexec %s/wosync receive\n' '$(bindir)' | $(INSTALL) -D -m 755 /dev/stdin $(call to,$2)

field = $(word $1,$(subst :, ,$2))
# one command, and a line for the eye
define each_install
	$(if $(SILENT)$(if $(Q),,V),,@echo '  INSTALL $(DESTDIR)$(call field,3,$1)')
	$(Q)$(call install_$(call field,1,$1),$(call field,2,$1),$(call field,3,$1))

endef
install: all
	$(foreach item,$(INSTALLED),$(call each_install,$(item)))

install-strip:
	@$(MAKE) --no-print-directory INSTALL_PROGRAM='$(INSTALL_PROGRAM) -s' install

uninstall:
	$(Q)rm -f $(foreach item,$(INSTALLED),$(call to,$(call field,3,$(item))))
	$(Q)for folder in $(foreach folder,$(OWN_FOLDERS),$(call to,$(folder))); do \
		[ ! -d "$$folder" ] || rmdir --ignore-fail-on-non-empty "$$folder" || exit 1; done

# only what make built: BUILD may have been mistyped
clean:
	$(Q)if [ -e '$(BUILD)' ] && [ '$(BUILD)' != build ] && [ ! -e '$(BUILD)/flags' ]; then \
		echo 'make: $(BUILD): not removed: make did not build in it ($(BUILD)/flags is missing)' >&2; exit 1; fi
	$(Q)rm -rf '$(BUILD)'

# --- the source as a tarball, and Debian packages made of it: the same bytes whenever and wherever they are made ---

DIST = wosync-$(VERSION)
# the packages' version, for a build between two releases: DEB_VERSION=0.1.1~rc1
DEB_VERSION ?= $(VERSION)
RELEASE_DATE = $(shell sed -n 's/^\#\# $(VERSION) - \([0-9-]*\)$$/\1/p' CHANGELOG.md)
# what git knows; in a tarball, everything but what make built
dist_files = { git ls-files 2>/dev/null | grep . || \
	find . -type f ! -path './$(BUILD)/*' ! -path './build/*' ! -path '*/__pycache__/*' ! -path './.git/*' ! -name .git | sed 's|^\./||'; } | \
	while read -r file; do [ ! -f "$$file" ] || [ "$$file" = debian/changelog ] || printf '%s\n' "$$file"; done

dist: $(BUILD)/$(DIST).tar.gz
.PHONY: dist deb $(BUILD)/$(DIST).tar.gz
$(BUILD)/$(DIST).tar.gz:
	$(call say,DIST,$@)
	$(Q)[ -n '$(RELEASE_DATE)' ] || { echo 'make: CHANGELOG.md: there is no line `## $(VERSION) - DATE`; write one' >&2; exit 1; }
	$(Q)rm -rf $(BUILD)/dist && mkdir -p $(BUILD)/dist/$(DIST)/debian
	$(Q)$(dist_files) | tar -c --no-recursion -T - | tar -x -C $(BUILD)/dist/$(DIST)
	$(Q)awk -v version='$(DEB_VERSION)' -v date="$$(date -u -R -d '$(RELEASE_DATE) 12:00Z')" -f debian/changelog.awk \
		debian/control >$(BUILD)/dist/$(DIST)/debian/changelog
	$(Q)tar -C $(BUILD)/dist -c --format=gnu --sort=name --mtime='$(RELEASE_DATE) 12:00Z' --owner=0 --group=0 --numeric-owner \
		--mode=u=rwX,go=rX $(DIST) | gzip -9n >$@.tmp && mv $@.tmp $@
	$(Q)rm -rf $(BUILD)/dist

# in $(BUILD)/deb, with DEB_BUILD_OPTIONS as dpkg-buildpackage has it
deb: $(BUILD)/$(DIST).tar.gz
	@tests/install-packages $(DEB_NEEDS)
	$(Q)rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb && tar -xzf $< -C $(BUILD)/deb
	$(Q)cd $(BUILD)/deb/$(DIST) && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL dpkg-buildpackage -b -us -uc
	$(Q)rm -rf $(BUILD)/deb/$(DIST)

include tests/tests.mk tests/bench/bench.mk
