# The tests: what they are built from, and what runs them. CONTRIBUTING.md says what each is.

# Debian packages, see tests/install-packages; chromium is not on every architecture
CHECK_NEEDS = $(HOOKS_NEEDS) lighttpd-mod-openssl nginx fcgiwrap apache2-bin libcmocka-dev clang libclang-rt-dev clang-tidy \
	cppcheck valgrind mandoc openssl postgresql pgbouncer 'chromium|' systemd monitoring-plugins-basic libmonitoring-plugin-perl \
	prometheus prometheus-node-exporter jq sqlite3 tzdata bash-completion zsh fish python3-yaml strace
# for the quick tests
TEST_NEEDS = $(DEMO_NEEDS) python3 libcmocka-dev
SANITIZERS = -DWOSYNC_CHECKS -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

# all but the program itself, for tests to link
PARTS = $(filter-out $(BUILD)/src/main.o $(BUILD)/src/base/malloc.o,$(OBJECTS))
# tests sign with another library than the program
MOCK_PACKAGES = libmicrohttpd json-c zlib libcurl libcrypto
MOCK_CFLAGS := $(call pkg_config,--cflags,$(MOCK_PACKAGES))
MOCK_LIBS := $(call pkg_config,--libs,$(MOCK_PACKAGES))
SIGNING := $(call pkg_config,--libs,libcrypto)

.PHONY: picture
# the picture of `wosync report` in README; it needs chromium
picture: all mock
	@tests/install-packages chromium faketime pngquant
	@tests/picture docs/report.png

.PHONY: test check proof debian deb-check container-check mock units fuzz fuzzers crash torture coverage simulator simulate simulate-mutants torture-library torture-program
test:
	@tests/install-packages --check $(TEST_NEEDS)
	@tests/run test

check:
	@tests/install-packages $(CHECK_NEEDS)
	@tests/run $(or $(PHASES),check)

proof:
	@tests/install-packages $(CHECK_NEEDS)
	@tests/run $(or $(PHASES),proof)

# the same in a tree of another release, or of another architecture
debian:
	@tests/install-packages debootstrap
	@tests/debian $(RELEASE) $(PHASES)

# the Debian packages in a system of their own
deb-check:
	@tests/install-packages debootstrap systemd-container
	@tests/deb $(RELEASE)

# the image of share/Containerfile, without a registry
container-check:
	@tests/install-packages debootstrap buildah podman crun curl
	@$(MAKE) --no-print-directory mock
	@tests/container $(RELEASE)

# what is compiled for tests depends on the flags, too, and on libraries of its own
TESTS_TEXT := $(FLAGS_TEXT) $(LINK_TEXT) $(MOCK_CFLAGS) $(MOCK_LIBS)
check_tests = $(call check_packages,$(MOCK_PACKAGES),$(DEMO_NEEDS))
$(eval $(call text,$(BUILD)/tests/flags,TESTS_TEXT,check_tests))

# --- the mock MaintainX ---

MOCK_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/mock/*.c)))

mock: $(BUILD)/mock-maintainx
$(BUILD)/mock-maintainx: $(MOCK_OBJECTS) $(BUILD)/tests/flags
	$(call say,LD,$@)
	$(Q)$(LINK) $(MOCK_OBJECTS) $(MOCK_LIBS) $(LDLIBS)

$(BUILD)/tests/mock/%.o: tests/mock/%.c $(BUILD)/tests/flags
	$(call say,CC)
	$(Q)$(CC) $(DIALECT) $(WARNINGS) $(HARDENING) $(MOCK_CFLAGS) $(USER_CFLAGS) -MMD -MP -c -o $@ $<

# --- unit tests ---

UNIT_SOURCES := $(sort $(wildcard tests/unit/*.c))
UNIT_TESTS := $(patsubst %.c,$(BUILD)/%,$(filter-out $(if $(MODULES),,tests/unit/test_postgres.c),$(filter tests/unit/test_%,$(UNIT_SOURCES))))
PLANT = $(BUILD)/tests/unit/plant.o $(BUILD)/tests/unit/jobs.o
UNIT_SUPPORT := $(filter-out $(PLANT),$(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/unit/test_%,$(UNIT_SOURCES))))

TEST_MODULES := $(patsubst %.c,$(BUILD)/%.so,$(sort $(wildcard tests/unit/modules/*.c)))

units: $(UNIT_TESTS) $(MODULES) $(TEST_MODULES)

$(BUILD)/tests/unit/modules/%.so: tests/unit/modules/%.c $(BUILD)/tests/flags | $(GENERATED)
	$(call say,LD,$@)
	$(Q)$(CC) $(BASE_CFLAGS) -fPIC -fvisibility=hidden $(USER_CFLAGS) -MMD -MP -MT $@ -MF $(@:.so=.d) -c -o $(@:.so=.o) $<
	$(Q)$(LINK_MODULE) $(@:.so=.o)

$(BUILD)/tests/unit/%.o: tests/unit/%.c $(BUILD)/tests/flags | $(GENERATED)
	$(call say,CC)
	$(Q)$(CC) $(BASE_CFLAGS) $(MODULE_CFLAGS) -Itests/unit $(USER_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(UNIT_SUPPORT) $(PARTS) $(BUILD)/tests/flags
	$(call say,LD,$@)
	$(Q)$(LINK) $(WRAPPED) $(filter-out $(REPLACED:%=$(BUILD)/src/%.o),$(filter %.o,$^)) $(LIBS) -lcmocka $(LDLIBS)

# what a test brings in place of the program's own
$(BUILD)/tests/unit/test_pass $(BUILD)/tests/unit/test_names $(BUILD)/tests/unit/test_audit: REPLACED = api/http api/http_handle api/http_url base/clock
$(BUILD)/tests/unit/test_pass $(BUILD)/tests/unit/test_names $(BUILD)/tests/unit/test_audit: $(PLANT)

$(BUILD)/tests/unit/test_modules.o: private MODULE_CFLAGS = $(LIBDIR_CFLAGS)
$(BUILD)/tests/unit/test_modules.o: $(BUILD)/libdir

# the module itself, with a host of the test's
$(BUILD)/tests/unit/test_postgres: $(POSTGRES_OBJECTS)
$(BUILD)/tests/unit/test_postgres: private LIBS += $(POSTGRES_LIBS)

# its clock is the test's
$(BUILD)/tests/unit/test_cgi: WRAPPED = -Wl,--wrap=clock_monotonic

# --- the simulator: the program without what it takes the place of ---

SIM_REPLACES = main base/malloc base/clock base/random base/shutdown base/lock base/log api/http api/http_handle api/http_url \
	deliver/child deliver/child_batch
SIM_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/sim/*.c))) \
	$(filter-out $(SIM_REPLACES:%=$(BUILD)/src/%.o),$(OBJECTS))

$(BUILD)/tests/sim/%.o: tests/sim/%.c $(BUILD)/tests/flags | $(GENERATED)
	$(call say,CC)
	$(Q)$(CC) $(BASE_CFLAGS) -Itests/sim $(USER_CFLAGS) -MMD -MP -c -o $@ $<

simulator: $(BUILD)/simulate
$(BUILD)/simulate: $(SIM_OBJECTS) $(BUILD)/tests/flags
	$(call say,LD,$@)
	$(Q)$(LINK) $(SIM_OBJECTS) $(LIBS) $(SIGNING) $(LDLIBS)

simulate: $(BUILD)/simulate
	@$< $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS),$(if $(SEED),--replay))

simulate-mutants: $(BUILD)/simulate
	@WOSYNC_BUILD=$(BUILD) tests/sim/mutants

# --- fuzzing: built by tests/fuzz/run with clang; libFuzzer brings main ---

FUZZ_TARGETS := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

fuzz:
	@tests/install-packages $(CHECK_NEEDS)
	@tests/fuzz/run --seconds '$(or $(SECONDS),60)' $(TARGET)

fuzzers: $(FUZZ_TARGETS)

$(BUILD)/tests/fuzz/%.o: CPPFLAGS += -Itests/unit
$(BUILD)/tests/fuzz/%.o: tests/fuzz/%.c $(BUILD)/tests/flags | $(GENERATED)
	$(call say,CC)
	$(Q)$(COMPILE)

$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/fuzz.o $(BUILD)/tests/unit/json_judge.o $(PARTS) $(BUILD)/tests/flags
	$(call say,LD,$@)
	$(Q)$(LINK) -fsanitize=fuzzer $(filter %.o,$^) $(LIBS) $(SIGNING) $(LDLIBS)

# --- crashes and faults ---

# every point; `make check` takes some
crash: all mock torture-library
	@tests/torture/run kill tear

torture: mock
	@$(MAKE) --no-print-directory -s BUILD=build/asan CFLAGS='$(SANITIZERS)' HARDENING= torture-program
	@tests/torture/run memory eio enospc enospc+ erofs erofs+ econnreset http sink --every $(or $(EVERY),1)

FAULT_CFLAGS = -std=c11 -O1 -g -Wall -Wextra $(WERROR)

torture-library: $(BUILD)/tests/torture/fault.so
$(BUILD)/tests/torture/fault.so: tests/torture/fault.c $(BUILD)/tests/flags
	$(call say,LD,$@)
	$(Q)$(CC) $(FAULT_CFLAGS) -shared -fPIC -o $@ $< -ldl

# the same linked into the program, for AddressSanitizer's malloc must come behind it
torture-program: $(BUILD)/tests/torture/wosync $(MODULES)
$(BUILD)/tests/torture/wosync: tests/torture/fault.c $(OBJECTS) $(BUILD)/tests/flags
	$(call say,LD,$@)
	$(Q)$(CC) $(FAULT_CFLAGS) -fPIE -Isrc -DFAULT_IS_LINKED -c -o $(@D)/fault.o $<
	$(Q)$(LINK) $(OBJECTS) $(@D)/fault.o $(LIBS) -ldl $(LDLIBS)

coverage:
	@tests/install-packages $(CHECK_NEEDS) lcov
	@tests/coverage

-include $(TEST_MODULES:.so=.d) $(SIM_OBJECTS:.o=.d) $(MOCK_OBJECTS:.o=.d) $(UNIT_TESTS:%=%.d) $(UNIT_SUPPORT:.o=.d) $(PLANT:.o=.d) $(FUZZ_TARGETS:%=%.d)
