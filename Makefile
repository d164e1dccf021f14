# wosync. The targets are listed by `make help`.

VERSION = 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= gcc
PKG_CONFIG ?= pkg-config
BUILD ?= build

PACKAGES = libcurl json-c sqlite3 inih libcrypto
WARNINGS = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wconversion -Wvla -Wformat=2 -Wundef
HARDENING = -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
CFLAGS ?= -O2 -g
# every compile line; what the user sets in CFLAGS and LDFLAGS comes last and wins
BASE_CFLAGS = -std=c11 -D_GNU_SOURCE -DWOSYNC_VERSION='"$(VERSION)"' -Isrc -I$(BUILD)/gen $(WARNINGS) $(WERROR) \
	$(HARDENING) $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
BASE_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed
LIBS = $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null)

SOURCES = $(wildcard src/*.c src/*/*.c)
OBJECTS = $(SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/gen/sql.o
SQL = $(sort $(wildcard sql/migrations/*.sql)) $(sort $(wildcard sql/statements/*.sql))
MOCK_SOURCES = $(wildcard tests/mock/*.c)
MOCK_OBJECTS = $(MOCK_SOURCES:%.c=$(BUILD)/%.o)
MOCK_PACKAGES = libmicrohttpd json-c zlib

.PHONY: all help install clean demo check mock deps test-deps
all: $(BUILD)/wosync

$(BUILD)/wosync: $(OBJECTS)
	$(CC) $(BASE_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(OBJECTS) $(LIBS)

$(BUILD)/gen/sql.h: sql/embed.awk $(SQL)
	@mkdir -p $(@D)
	awk -v header=1 -f sql/embed.awk $(SQL) > $@.tmp && mv $@.tmp $@

$(BUILD)/gen/sql.c: sql/embed.awk $(SQL)
	@mkdir -p $(@D)
	awk -f sql/embed.awk $(SQL) > $@.tmp && mv $@.tmp $@

$(BUILD)/gen/sql.o: $(BUILD)/gen/sql.c $(BUILD)/gen/sql.h
	$(CC) $(BASE_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/src/%.o: src/%.c $(BUILD)/gen/sql.h
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

mock: $(BUILD)/mock-maintainx
$(BUILD)/mock-maintainx: $(MOCK_OBJECTS)
	$(CC) $(BASE_LDFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(MOCK_OBJECTS) $(shell $(PKG_CONFIG) --libs $(MOCK_PACKAGES))

$(BUILD)/tests/mock/%.o: tests/mock/%.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(WERROR) $(HARDENING) $(CFLAGS) -MMD -MP \
		$(shell $(PKG_CONFIG) --cflags $(MOCK_PACKAGES)) -c -o $@ $<

clean:
	rm -rf build

-include $(OBJECTS:.o=.d) $(MOCK_OBJECTS:.o=.d)
