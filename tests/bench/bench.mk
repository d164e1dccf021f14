# The benchmarks; tests/bench/README.md says what they compare.

BENCH_NEEDS = $(DEMO_NEEDS) python3 python3-requests nginx openssl jq sqlite3 nodejs util-linux
BENCH_PACKAGES = libcurl json-c sqlite3 libcrypto
BENCH_CFLAGS = $(DIALECT) $(WARNINGS) $(HARDENING) $(call pkg_config,--cflags,$(BENCH_PACKAGES)) $(USER_CFLAGS)
BENCH_LIBS = $(call pkg_config,--libs,$(BENCH_PACKAGES)) $(LDLIBS)
FLOORS = $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(sort $(wildcard tests/bench/floor_*.c)))

.PHONY: bench bench-accounts floors
bench:
	@tests/install-packages $(BENCH_NEEDS)
	@$(MAKE) --no-print-directory all mock floors
	@tests/bench/run

bench-accounts:
	@tests/install-packages $(BENCH_NEEDS)
	@$(MAKE) --no-print-directory all floors
	@tests/bench/accounts

# the floors, and the peer in Node where npm can fetch what it needs
floors: $(FLOORS) $(BUILD)/tests/bench/measure
	@[ -d $(BUILD)/tests/bench/node ] || ! command -v npm >/dev/null || npm_config_nodedir=/usr npm install --silent \
		--no-audit --no-fund --prefix $(BUILD)/tests/bench/node better-sqlite3 || echo 'bench: without better-sqlite3'

$(BUILD)/tests/bench/measure: tests/bench/measure.c $(BUILD)/tests/flags
	$(call say,LD,$@)
	$(Q)$(CC) $(DIALECT) $(WARNINGS) $(USER_CFLAGS) $(LDFLAGS) -o $@ $<

$(BUILD)/tests/bench/%: tests/bench/%.c tests/bench/floor.c tests/bench/floor.h $(BUILD)/tests/flags
	$(call say,LD,$@)
	$(Q)$(CC) $(BENCH_CFLAGS) $(BASE_LDFLAGS) $(LDFLAGS) -o $@ $< tests/bench/floor.c $(BENCH_LIBS)
