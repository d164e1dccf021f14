# wosync. `make help` lists the targets.

VERSION = 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
ifeq ($(origin CC),default)
CC = gcc
endif
PKG_CONFIG ?= pkg-config
BUILD ?= build

PACKAGES = libcurl json-c sqlite3 inih nettle
# the warehouse in PostgreSQL, where libpq is
ifeq ($(shell $(PKG_CONFIG) --atleast-version=14 libpq 2>/dev/null && echo yes),yes)
PACKAGES += libpq
POSTGRES = -DWOSYNC_WITH_POSTGRES
endif
WARNINGS = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wconversion -Wvla -Wformat=2 -Wundef
HARDENING = -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
CFLAGS ?= -O2 -g
# every compile line; what the user sets in CFLAGS and LDFLAGS comes last and wins
BASE_CFLAGS = -std=c11 -D_GNU_SOURCE -DWOSYNC_VERSION='"$(VERSION)"' -Isrc -I$(BUILD)/gen $(WARNINGS) $(WERROR) \
	$(HARDENING) $(POSTGRES) $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
BASE_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed
LIBS = $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null)
# tests sign with another library than the program
SIGNING = $(shell $(PKG_CONFIG) --libs libcrypto)

SOURCES = $(sort $(wildcard src/*.c src/*/*.c src/*/*/*.c))
OBJECTS = $(SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/gen/sql.o $(BUILD)/gen/warehouse_sql.o $(BUILD)/gen/report_html.o
# all but the program itself, for tests to link
PARTS = $(filter-out $(BUILD)/src/main.o $(BUILD)/src/base/malloc.o,$(OBJECTS))
SQL = $(sort $(wildcard sql/migrations/*.sql)) $(sort $(wildcard sql/statements/*.sql))
WAREHOUSE_SQL = $(sort $(wildcard sql/warehouse/*/*.sql))
GENERATED = $(BUILD)/gen/sql.h $(BUILD)/gen/warehouse_sql.h
MOCK_SOURCES = $(wildcard tests/mock/*.c)
MOCK_OBJECTS = $(MOCK_SOURCES:%.c=$(BUILD)/%.o)
MOCK_PACKAGES = libmicrohttpd json-c zlib libcurl libcrypto

UNIT_TESTS = $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.c))
PLANT = $(BUILD)/tests/unit/plant.o $(BUILD)/tests/unit/jobs.o
UNIT_SUPPORT = $(filter-out $(PLANT),$(patsubst %.c,$(BUILD)/%.o,$(filter-out $(wildcard tests/unit/test_*.c),$(wildcard tests/unit/*.c))))
SANITIZERS = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

FUZZ_TARGETS = $(patsubst tests/fuzz/fuzz_%.c,$(BUILD)/tests/fuzz/fuzz_%,$(wildcard tests/fuzz/fuzz_*.c))

# Debian packages: to build, to try (the mock), to test
BUILD_NEEDS = gcc pkg-config libcurl4-openssl-dev libjson-c-dev libsqlite3-dev libinih-dev nettle-dev libpq-dev
DEMO_NEEDS = $(BUILD_NEEDS) libmicrohttpd-dev libssl-dev zlib1g-dev curl ca-certificates
BENCH_NEEDS = $(DEMO_NEEDS) python3 python3-requests nginx openssl jq sqlite3 nodejs util-linux
HOOKS_NEEDS = $(DEMO_NEEDS) python3 lighttpd
CHECK_NEEDS = $(HOOKS_NEEDS) lighttpd-mod-openssl nginx fcgiwrap apache2-bin libcmocka-dev clang libclang-rt-14-dev clang-tidy \
	cppcheck valgrind openssl postgresql chromium systemd

.PHONY: all help install mock units demo demo-webhooks check simulator simulate simulate-mutants crash torture \
	coverage fuzz fuzzers bench bench-accounts floors \
	torture-library torture-program print-flags clean
all: $(BUILD)/wosync

help:
	@echo 'make                   build $(BUILD)/wosync'
	@echo 'make install           install it below PREFIX ($(PREFIX)); DESTDIR is honoured'
	@echo 'make demo              build and run the main job against the bundled mock MaintainX'
	@echo 'make demo-webhooks     the same with webhooks, by a lighttpd on this machine'
	@echo 'make check             build and run every test'
	@echo 'make bench             compare wosync with floors and peers (tests/bench/README.md): N=100000, ROUNDS=3'
	@echo 'make simulate          play simulated histories: SEEDS=COUNT, or SEED=N to see one (tests/sim/README.md)'
	@echo 'make simulate-mutants  see the simulator catch what is wrong on purpose'
	@echo 'make fuzz              search for inputs that break a parser: TARGET=NAME, SECONDS=N each'
	@echo 'make crash             kill it at every point; make torture: fail everything in turn'
	@echo 'make coverage          how much of src/ the tests run'
	@echo 'make clean             remove what was built'

demo:
	@tests/install-packages $(DEMO_NEEDS)
	@$(MAKE) --no-print-directory all mock
	@tests/demo

demo-webhooks:
	@tests/install-packages $(HOOKS_NEEDS)
	@$(MAKE) --no-print-directory all mock
	@tests/demo-webhooks

check:
	@tests/install-packages $(CHECK_NEEDS)
	@tests/run

bench:
	@tests/install-packages $(BENCH_NEEDS)
	@$(MAKE) --no-print-directory all mock floors
	@tests/bench/run

bench-accounts:
	@tests/install-packages $(BENCH_NEEDS)
	@$(MAKE) --no-print-directory all floors
	@tests/bench/accounts

install: all
	install -D -m 755 $(BUILD)/wosync $(DESTDIR)$(PREFIX)/bin/wosync
	@mkdir -p $(DESTDIR)$(PREFIX)/lib/wosync
	@# a web server may pass words of a request on as arguments: they end here
	printf '#!/bin/sh\nexec %s/bin/wosync receive\n' '$(PREFIX)' > $(DESTDIR)$(PREFIX)/lib/wosync/webhook
	chmod 755 $(DESTDIR)$(PREFIX)/lib/wosync/webhook
	install -D -m 644 wosync.conf.example $(DESTDIR)$(PREFIX)/share/doc/wosync/wosync.conf.example
	install -D -m 644 README.md $(DESTDIR)$(PREFIX)/share/doc/wosync/README.md
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/wosync/cron cron/*
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/wosync/web web/*

$(BUILD)/wosync: $(OBJECTS)
	$(CC) $(BASE_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJECTS) $(LIBS)

$(BUILD)/gen/sql.h: sql/embed.awk $(SQL)
	@mkdir -p $(@D)
	awk -v header=1 -f sql/embed.awk $(SQL) > $@.tmp && mv $@.tmp $@

$(BUILD)/gen/sql.c: sql/embed.awk $(SQL)
	@mkdir -p $(@D)
	awk -f sql/embed.awk $(SQL) > $@.tmp && mv $@.tmp $@

$(BUILD)/gen/warehouse_sql.h: sql/warehouse/embed.awk $(WAREHOUSE_SQL)
	@mkdir -p $(@D)
	awk -v header=1 -f sql/warehouse/embed.awk $(WAREHOUSE_SQL) > $@.tmp && mv $@.tmp $@

$(BUILD)/gen/warehouse_sql.c: sql/warehouse/embed.awk $(WAREHOUSE_SQL)
	@mkdir -p $(@D)
	awk -f sql/warehouse/embed.awk $(WAREHOUSE_SQL) > $@.tmp && mv $@.tmp $@

$(BUILD)/gen/sql.o $(BUILD)/gen/warehouse_sql.o: %.o: %.c %.h
	$(CC) $(BASE_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/gen/report_html.c: src/embed.awk src/handlers/report/report.html
	@mkdir -p $(@D)
	awk -v name=report_html -f src/embed.awk src/handlers/report/report.html > $@.tmp && mv $@.tmp $@

$(BUILD)/gen/report_html.o: $(BUILD)/gen/report_html.c
	$(CC) $(BASE_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/src/%.o: src/%.c $(GENERATED)
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

mock: $(BUILD)/mock-maintainx
$(BUILD)/mock-maintainx: $(MOCK_OBJECTS)
	$(CC) $(BASE_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(MOCK_OBJECTS) $(shell $(PKG_CONFIG) --libs $(MOCK_PACKAGES))

$(BUILD)/tests/mock/%.o: tests/mock/%.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(WERROR) $(HARDENING) $(CFLAGS) -MMD -MP \
		$(shell $(PKG_CONFIG) --cflags $(MOCK_PACKAGES)) -c -o $@ $<

# the benchmarks' floors, and the peer in Node where npm can fetch what it needs
FLOORS = $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(wildcard tests/bench/floor_*.c))
floors: $(FLOORS) $(BUILD)/tests/bench/measure
	@[ -d $(BUILD)/tests/bench/node ] || ! command -v npm >/dev/null || npm_config_nodedir=/usr npm install --silent \
		--no-audit --no-fund --prefix $(BUILD)/tests/bench/node better-sqlite3 || echo 'bench: without better-sqlite3'

$(BUILD)/tests/bench/measure: tests/bench/measure.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(WERROR) $(CFLAGS) $(LDFLAGS) -o $@ $<

$(BUILD)/tests/bench/%: tests/bench/%.c tests/bench/floor.c tests/bench/floor.h
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(WERROR) $(HARDENING) $(shell $(PKG_CONFIG) --cflags libcurl json-c sqlite3) \
		$(BASE_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< tests/bench/floor.c \
		$(shell $(PKG_CONFIG) --libs libcurl json-c sqlite3 libcrypto)

units: $(UNIT_TESTS)

fuzz:
	@tests/install-packages $(CHECK_NEEDS)
	@tests/fuzz/run --seconds '$(or $(SECONDS),60)' $(TARGET)

# every point; `make check` takes some
crash: all mock torture-library
	@tests/torture/run kill tear

torture: mock
	@$(MAKE) --no-print-directory -s BUILD=build/asan CFLAGS='$(SANITIZERS)' HARDENING= torture-program
	@tests/torture/run memory eio enospc enospc+ erofs erofs+ econnreset http sink --every $(or $(EVERY),1)

coverage:
	@tests/install-packages $(CHECK_NEEDS) lcov
	@tests/coverage

# built by tests/fuzz/run with clang; libFuzzer brings main
fuzzers: $(FUZZ_TARGETS)

$(BUILD)/tests/fuzz/%.o: tests/fuzz/%.c $(GENERATED)
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/fuzz.o $(PARTS)
	$(CC) $(BASE_LDFLAGS) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS) $(SIGNING)

$(BUILD)/tests/unit/%.o: tests/unit/%.c $(GENERATED)
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) -Itests/unit $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(UNIT_SUPPORT) $(PARTS)
	$(CC) $(BASE_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(filter-out $(REPLACED:%=$(BUILD)/src/%.o),$^) $(LIBS) -lcmocka

# what a test brings in place of the program's own
$(BUILD)/tests/unit/test_pass: REPLACED = api/http api/http_handle api/http_url base/clock
$(BUILD)/tests/unit/test_pass: $(PLANT)

# its clock is the test's
$(BUILD)/tests/unit/test_cgi: LDFLAGS += -Wl,--wrap=clock_monotonic

# the program without what the simulator takes the place of
SIM_REPLACES = main base/malloc base/clock base/random base/shutdown base/lock base/log api/http api/http_handle api/http_url \
	deliver/child deliver/child_batch
SIM_OBJECTS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/sim/*.c)) \
	$(filter-out $(SIM_REPLACES:%=$(BUILD)/src/%.o),$(OBJECTS))

$(BUILD)/tests/sim/%.o: tests/sim/%.c $(GENERATED)
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) -Itests/sim $(CFLAGS) -MMD -MP -c -o $@ $<

simulator: $(BUILD)/simulate
$(BUILD)/simulate: $(SIM_OBJECTS)
	$(CC) $(BASE_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(SIGNING)

simulate: $(BUILD)/simulate
	@$< $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS),$(if $(SEED),--replay))

simulate-mutants: $(BUILD)/simulate
	@WOSYNC_BUILD=$(BUILD) tests/sim/mutants

# for tests/static
print-flags:
	$(info $(BASE_CFLAGS))@:

torture-library: $(BUILD)/tests/torture/fault.so
$(BUILD)/tests/torture/fault.so: tests/torture/fault.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -O1 -g -Wall -Wextra $(WERROR) -shared -fPIC -o $@ $< -ldl

# the same linked into the program, for AddressSanitizer's malloc must come behind it
torture-program: $(BUILD)/tests/torture/wosync
$(BUILD)/tests/torture/wosync: tests/torture/fault.c $(OBJECTS)
	@mkdir -p $(@D)
	$(CC) -std=c11 -O1 -g -Wall -Wextra $(WERROR) -fPIE -Isrc -DFAULT_IS_LINKED -c -o $(@D)/fault.o $<
	$(CC) $(BASE_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJECTS) $(@D)/fault.o $(LIBS) -ldl

clean:
	rm -rf build

.SECONDARY:

-include $(OBJECTS:.o=.d) $(SIM_OBJECTS:.o=.d) $(MOCK_OBJECTS:.o=.d) $(UNIT_TESTS:%=%.d) $(UNIT_SUPPORT:.o=.d) $(PLANT:.o=.d) \
	$(FUZZ_TARGETS:%=%.d)
