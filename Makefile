# qloupe: `make help` lists the targets.
#
# Variables: CC (gcc, clang), BUILD=release|debug|asan|tsan|fuzz|coverage, OUT (folder of the objects;
# default build, build-debug, ...), PREFIX, DESTDIR, CFLAGS and LDFLAGS (yours, added last), V=1 (commands are shown, tests print every case).

BUILD   ?= release
OUT     ?= build$(if $(filter-out release,$(BUILD)),-$(BUILD))
PREFIX  ?= /usr/local
DATADIR ?= $(PREFIX)/share/qloupe

# What a Debian machine needs. The last line is for the tests.
DEPS := gcc libc6-dev pkgconf \
        libncurses-dev libcairo2-dev libpng-dev zlib1g-dev libstb-dev fonts-dejavu-core \
        libcmocka-dev tmux
DEPS += $(if $(findstring clang,$(CC)),clang libclang-rt-dev llvm)

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
FLAGS_release := -O3
FLAGS_debug   := -O0
SANITIZERS    := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# With the sanitizers' own code between, gcc sees texts cut that are not.
FLAGS_asan    := -O2 $(SANITIZERS) $(if $(findstring clang,$(CC)),,-Wno-format-truncation)
FLAGS_tsan    := -O1 -fsanitize=thread -fno-omit-frame-pointer
FLAGS_fuzz    := -O1 $(SANITIZERS) -fsanitize=fuzzer-no-link
FLAGS_coverage := -O1 -fprofile-instr-generate -fcoverage-mapping
ifndef FLAGS_$(BUILD)
$(error BUILD is release, debug, asan or tsan; fuzz and coverage with CC=clang)
endif

# pkg-config is asked at the first use and once: `make deps` must work before it is installed.
LIBRARIES := ncursesw cairo libpng zlib
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags-only-I $(LIBRARIES) 2>/dev/null))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $(shell pkg-config --libs $(LIBRARIES) 2>/dev/null))$(PKG_LIBS)

# Floating point follows the C source: no fused or reordered operations, so that results are the same bits everywhere.
QL_CFLAGS   = -std=c11 -g $(WARNINGS) $(FLAGS_$(BUILD)) -ffp-contract=off -fno-math-errno -fno-trapping-math -pthread
QL_CPPFLAGS = -D_GNU_SOURCE -Isrc -Iui $(PKG_CFLAGS)
QL_LDFLAGS  = -pthread $(FLAGS_$(BUILD))
QL_LDLIBS   = $(PKG_LIBS) -lm
# stb_image_write shifts bits out of an int while it looks for repeats.
FLAGS_asan_bitmap := -fno-sanitize=shift
COMPILE = $(CC) $(QL_CPPFLAGS) $(CPPFLAGS) -MMD -MP $(QL_CFLAGS) $(ISA_FLAGS) $(CFLAGS)
LINK    = $(CC) $(QL_LDFLAGS) $(LDFLAGS)

LIB_SOURCES  := $(wildcard src/*/*.c)
UI_SOURCES   := $(wildcard ui/*.c ui/*/*.c)
TEST_SOURCES := $(wildcard tests/test_*.c)
LIB_OBJECTS  := $(LIB_SOURCES:%.c=$(OUT)/%.o)
UI_OBJECTS   := $(UI_SOURCES:%.c=$(OUT)/%.o)
TESTS        := $(TEST_SOURCES:%.c=$(OUT)/%)
GOLDEN_OBJECTS := $(OUT)/tests/golden.o $(OUT)/tests/golden_more.o
CHECK_OBJECTS := $(patsubst %.c,$(OUT)/%.o,tests/check_kernels.c $(wildcard tests/kernels/*.c))
MONKEY_OBJECTS := $(patsubst %,$(OUT)/tests/%.o,monkey monkey_events monkey_files job vt)
FUZZ_OBJECTS := $(patsubst %.c,$(OUT)/%.o,$(filter-out %/main.c,$(wildcard tests/fuzz/*.c)))
OBJECTS      := $(LIB_OBJECTS) $(CHECK_OBJECTS) $(FUZZ_OBJECTS) $(OUT)/tests/fuzz/main.o $(OUT)/tests/fuzz/libfuzzer.o $(UI_OBJECTS) $(TESTS:=.o) $(OUT)/tests/testing.o $(OUT)/tests/npy.o $(OUT)/tests/corpus.o $(OUT)/tests/zip.o $(GOLDEN_OBJECTS) $(OUT)/tests/soak.o $(OUT)/tests/bench_products.o $(OUT)/tests/bench_dnnl.o $(OUT)/tests/keys.o $(MONKEY_OBJECTS)

# The targets for people use all cores, unless -j says otherwise.
PARALLEL = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 1))

all: $(OUT)/qloupe ## build the program, build/qloupe

demo: deps ## install what is missing, build, and open qloupe on the demo model
	@+$(PARALLEL) all
	@$(OUT)/qloupe

test: deps ## install what is missing, build, and run every test
	@+$(PARALLEL) check

deps: ## install the Debian packages that the build and the tests need, after naming them
deps-peers: ## install NumPy, torch, OpenBLAS and oneDNN, which bench-peers compares with
deps: WANTED = $(DEPS)
deps-peers: WANTED = python3-numpy python3-torch libopenblas-dev libdnnl-dev
deps deps-peers:
	@if ! command -v dpkg-query >/dev/null; then \
	    echo "$@: this is not Debian; needed are the equivalents of: $(WANTED)"; exit 0; fi; \
	have=" $$(dpkg-query -W -f='$${db:Status-Abbrev}$${Package}\n' $(WANTED) 2>/dev/null | sed -n 's/^.i //p' | tr '\n' ' ')"; \
	missing=; for p in $(WANTED); do case "$$have" in *" $$p "*) ;; *) missing="$$missing $$p" ;; esac; done; \
	test -n "$$missing" || exit 0; \
	echo "$@: these Debian packages are missing and will be installed (a minute or so):$$missing"; \
	root=; if [ "$$(id -u)" != 0 ]; then root=sudo; command -v sudo >/dev/null || { \
	    echo "$@: not root and no sudo; as root, run: apt-get install$$missing"; exit 1; }; fi; \
	get="$$root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0"; \
	mkdir -p $(OUT); log=$(OUT)/$@.log; { \
	    apt-get -qq -s --no-install-recommends install $$missing || $$get update; \
	    $$get install $$missing || { $$get update && $$get install $$missing; }; \
	} >$$log 2>&1 || { cat $$log; echo "$@: apt-get failed, see above"; exit 1; }; \
	echo "$@: installed"

check: all golden $(OUT)/keys $(TESTS) $(OUT)/check_kernels $(OUT)/replay $(OUT)/monkey ## run every test, with all packages already there
	@V=$(V) sh tests/run.sh $(OUT) $(TESTS) $(OUT)/monkey $(OUT)/check_kernels tests/tmux.sh tests/fuzz/seeds.sh $(STATIC_TESTS)

# They read sources and texts: once is enough.
STATIC_TESTS = $(if $(filter release,$(BUILD)),tests/layers.sh tests/no_avx.sh tests/readme.sh)

# Those that do not drive the program.
LIBRARY_TESTS = $(shell grep -L testing_run $(TEST_SOURCES))
check-library: all $(TESTS) $(OUT)/check_kernels ## build every test, run those of the library alone
	@V=$(V) sh tests/run.sh $(OUT) $(LIBRARY_TESTS:%.c=$(OUT)/%) $(OUT)/check_kernels

check-layers: $(OUT)/libqloupe.a ## check that the folders include each other only in the allowed directions
	@sh tests/layers.sh $(OUT)

check-kernels: $(OUT)/check_kernels ## check every kernel of every instruction set against the scalar one
	@$(OUT)/check_kernels

# An emulator runs the kernels for AArch64.
CROSS   ?= aarch64-linux-gnu-
NEON_DEPS := gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
check-neon: ## check the kernels for AArch64, built by a cross compiler, in an emulator
	@command -v $(CROSS)gcc >/dev/null && command -v qemu-aarch64 >/dev/null || { echo 'check-neon: to install what is missing: make deps-neon'; exit 1; }
	@+$(PARALLEL) CC=$(CROSS)gcc OUT=$(OUT)-neon LDFLAGS=-static $(OUT)-neon/check_kernels
	@qemu-aarch64 $(OUT)-neon/check_kernels --rounds 300

deps-neon: ## install the Debian packages that check-neon needs
	@$(MAKE) --no-print-directory deps DEPS='$(NEON_DEPS)'

# MUTATIONS=2: two of them.
mutate: golden $(OUT)/check_kernels ## break the kernels on purpose; the tests must notice each time
	@+sh tests/mutate.sh $(OUT) $(MUTATIONS)

golden: $(OUT)/golden ## build the runner of the golden vectors, build/golden

asan: ## run every test under the address and undefined-behaviour sanitizers
	@+$(PARALLEL) BUILD=asan OUT=$(OUT)-asan check

tsan: ## run the tests of the threaded parts under the thread sanitizer
	@+$(PARALLEL) BUILD=tsan OUT=$(OUT)-tsan check-threads

# Those that start threads themselves and do not drive the program.
THREADED := $(if $(TEST_SOURCES),$(shell grep -L testing_run $$(grep -lE 'ql_engine_new|include "matmul.h"' $(TEST_SOURCES)))) tests/test_golden.c
# Not those that take long under it and share nothing between threads that others do not.
THREADED := $(filter-out $(addprefix tests/test_,plot% tui% fine% truncation% memory% reads% map% clip% corpus% excerpt% heat_map% inputs% diff% ranks% torch% sharded% bytes% npz%),$(THREADED))
THREADED := $(THREADED:%.c=$(OUT)/%)
check-threads: all $(THREADED) golden $(OUT)/monkey
	@V=$(V) sh tests/run.sh $(OUT) $(THREADED)
	@QLOUPE=$(OUT)/qloupe $(OUT)/monkey --events 1000

bench: ## build, and time every pass on one thread and on all (qloupe bench)
	@+$(PARALLEL) all
	$(OUT)/qloupe bench --threads 1
	$(OUT)/qloupe bench

bench-peers: deps-peers ## the same and products beside NumPy, torch, OpenBLAS and oneDNN, in turns (QUICK=1: a minute)
	@+$(PARALLEL) all $(OUT)/bench_products
	$(OUT)/bench_products $(if $(QUICK),--quick)
	/usr/bin/python3 tests/bench_layers.py --qloupe $(OUT)/qloupe $(if $(QUICK),--quick)
	/usr/bin/python3 tests/bench_peers.py --qloupe $(OUT)/qloupe $(if $(QUICK),--quick)

# JOBS targets at a time. Inputs that led to new places are kept in build-fuzz/corpus for the next time.
TIME ?= 60
fuzz: ## fuzz every parser for TIME seconds (60), JOBS of them at a time (1); needs clang: make deps CC=clang
	@+$(PARALLEL) CC=clang BUILD=fuzz OUT=$(OUT)-fuzz run-fuzz
run-fuzz: $(OUT)/fuzz $(OUT)/replay
	@JOBS=$(JOBS) sh tests/fuzz/run.sh $(OUT) $(TIME) $(TARGETS)

# What nothing reached is listed in build-coverage/missed.txt.
PARSER_TESTS := corpus corpus_cli truncation memory reads formats json model npz zip pickle% torch% sharded% raw folder source gguf% text spec cursor hostile_text
coverage: ## lines of the parsers that the tests and what the fuzzers kept reach; needs clang and llvm: make deps CC=clang
	@+$(PARALLEL) CC=clang BUILD=coverage OUT=$(OUT)-coverage run-coverage
run-coverage: all $(OUT)/replay $(filter $(addprefix $(OUT)/tests/test_,$(PARSER_TESTS)),$(TESTS))
	@sh tests/coverage.sh $(OUT) build-fuzz/corpus

SECONDS ?= 600
EVENTS  ?= 100000
SEED    ?= $(shell date +%s)
soak: ## break the kernels on purpose; damage files, try specs at random, fuzz every parser, each for SECONDS (600); EVENTS (100000) for the terminal interface
	@+$(PARALLEL) mutate
	@$(OUT)/check_kernels --seed $(SEED) --rounds 20000
	@+$(PARALLEL) BUILD=asan OUT=$(OUT)-asan run-soak run-monkey
	@+$(PARALLEL) BUILD=tsan OUT=$(OUT)-tsan run-monkey
	@+$(PARALLEL) fuzz TIME=$(SECONDS) JOBS=2
run-soak: $(OUT)/soak
	$(OUT)/soak $(SECONDS)
run-monkey: all $(OUT)/monkey
	QLOUPE=$(OUT)/qloupe $(OUT)/monkey --seed $(SEED) --events $(EVENTS)

fresh: ## build a minimal Debian root and run README's two commands in it (root, debootstrap, minutes)
	@sh tests/fresh.sh

screenshots: $(OUT)/qloupe ## make the pictures in screenshots/ with the program itself
	sh screenshots/make.sh $(OUT)/qloupe
	$(OUT)/qloupe plot data/storyteller.safetensors -t h.2.mlp.c_fc.weight -s absmax:bits=4 \
	    --kind histogram -o screenshots/histogram.png
	$(OUT)/qloupe plot data/storyteller.safetensors -t h.2.mlp.c_fc.weight -s absmax:bits=4 \
	    --kind calibration -o screenshots/calibration.png
	$(OUT)/qloupe plot data/storyteller.safetensors -t h.1.attn.c_attn.weight --x data/inputs/h.1.attn.c_attn.npy \
	    --kind channels -o screenshots/channels.png

install: all ## install program, demo model and documents below DESTDIR and PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(DATADIR) $(DESTDIR)$(PREFIX)/share/doc/qloupe
	install -m 755 $(OUT)/qloupe $(DESTDIR)$(PREFIX)/bin/
	install -d $(DESTDIR)$(DATADIR)/inputs
	install -m 644 data/*.safetensors data/eval.txt $(DESTDIR)$(DATADIR)/
	install -m 644 data/inputs/*.npy $(DESTDIR)$(DATADIR)/inputs/
	install -m 644 README.md LICENSE $(DESTDIR)$(PREFIX)/share/doc/qloupe/
	install -m 644 data/README.md $(DESTDIR)$(PREFIX)/share/doc/qloupe/demo-model.md

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/qloupe
	rm -rf $(DESTDIR)$(DATADIR) $(DESTDIR)$(PREFIX)/share/doc/qloupe

clean: ## remove everything that was built
	rm -rf build build-*

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F '\t' '{ printf "%-14s %s\n", $$1, $$2 }'

.PHONY: all demo test deps deps-peers bench bench-peers check check-library check-layers check-kernels check-neon deps-neon mutate check-threads golden asan tsan fuzz run-fuzz coverage run-coverage soak run-soak run-monkey fresh screenshots install uninstall clean help FORCE
.DELETE_ON_ERROR:
.SECONDARY: # keep the tests' objects

# Short lines instead of commands, but with V=1.
SAY = $(if $(V),,@echo '  $(1)  $@'; )

$(OUT)/libqloupe.a: $(LIB_OBJECTS)
	$(call SAY,ar)rm -f $@ && ar rcs $@ $^

$(OUT)/qloupe: $(UI_OBJECTS) $(OUT)/libqloupe.a
	$(call SAY,ld)$(LINK) -o $@ $^ $(QL_LDLIBS)

$(OUT)/golden: $(GOLDEN_OBJECTS) $(OUT)/tests/npy.o $(OUT)/libqloupe.a
	$(call SAY,ld)$(LINK) -o $@ $^ $(QL_LDLIBS)

# The kernels and what they need, no more: it is built for other machines too.
$(OUT)/check_kernels: $(CHECK_OBJECTS) $(filter $(OUT)/src/kernels/%,$(LIB_OBJECTS)) $(OUT)/src/base/error.o $(OUT)/src/base/text.o
	$(call SAY,ld)$(LINK) -o $@ $^ -lm

# The only one that links what others have made of products.
$(OUT)/bench_products: $(OUT)/tests/bench_products.o $(OUT)/tests/bench_dnnl.o $(OUT)/libqloupe.a
	$(call SAY,ld)$(LINK) -o $@ $^ -lopenblas -ldnnl -lgomp $(QL_LDLIBS)

$(OUT)/soak: $(OUT)/tests/soak.o $(OUT)/tests/npy.o $(OUT)/libqloupe.a
	$(call SAY,ld)$(LINK) -o $@ $^ $(QL_LDLIBS)

# The fuzz targets, for replaying inputs and for libFuzzer.
$(OUT)/replay: $(FUZZ_OBJECTS) $(OUT)/tests/fuzz/main.o $(OUT)/tests/zip.o $(OUT)/libqloupe.a
	$(call SAY,ld)$(LINK) -o $@ $^ $(QL_LDLIBS)

$(OUT)/fuzz: $(FUZZ_OBJECTS) $(OUT)/tests/fuzz/libfuzzer.o $(OUT)/tests/zip.o $(OUT)/libqloupe.a
	$(call SAY,ld)$(LINK) -fsanitize=fuzzer -o $@ $^ $(QL_LDLIBS)

$(OUT)/tests/fuzz/libfuzzer.o: tests/fuzz/main.c $(OUT)/flags
	$(call SAY,cc)mkdir -p $(@D) && $(COMPILE) -DFUZZ_LIBFUZZER -c -o $@ $<

$(OUT)/monkey: $(MONKEY_OBJECTS)
	$(call SAY,ld)$(LINK) -o $@ $^

$(OUT)/keys: $(OUT)/tests/keys.o $(filter-out $(OUT)/ui/main.o,$(UI_OBJECTS)) $(OUT)/libqloupe.a
	$(call SAY,ld)$(LINK) -o $@ $^ $(QL_LDLIBS)

$(TESTS): $(OUT)/tests/test_%: $(OUT)/tests/test_%.o $(OUT)/tests/testing.o $(OUT)/tests/npy.o $(OUT)/tests/corpus.o $(OUT)/tests/zip.o $(OUT)/libqloupe.a
	$(call SAY,ld)$(LINK) -o $@ $^ -lcmocka $(QL_LDLIBS)

# A program as a job on a pseudo-terminal.
$(OUT)/tests/test_tui_job $(OUT)/tests/test_cli_batch: $(OUT)/tests/job.o $(OUT)/tests/vt.o

# This one prints numbers as the screen does.
$(OUT)/tests/test_stories: $(OUT)/ui/text/number.o

# These call the terminal interface.
CALLERS := $(addprefix $(OUT)/tests/test_tui_,scan config sampled keys)
$(CALLERS): $(filter-out $(OUT)/ui/main.o,$(UI_OBJECTS))
$(CALLERS): QL_LDLIBS = $(OUT)/libqloupe.a $(PKG_LIBS) -lm

# Calls of the library that fail in these tests.
comma := ,
wrap = $(1:%=-Wl$(comma)--wrap=%)
$(OUT)/tests/test_memory: QL_LDLIBS += $(call wrap,malloc calloc aligned_alloc realloc free strdup strndup realpath mmap pthread_create inflateInit2_)
$(OUT)/tests/test_reads:  QL_LDLIBS += $(call wrap,pread open openat fstat)

# `make OUT=... test-NAME` builds and runs one test program.
test-%: $(OUT)/tests/test_% $(OUT)/qloupe
	QLOUPE=$(OUT)/qloupe $<

$(OUT)/%.o: %.c $(OUT)/flags
	$(call SAY,cc)mkdir -p $(@D) && $(COMPILE) $(FLAGS_$(BUILD)_$(*F)) -c -o $@ $<

# Where the demo model is installed concerns the user interfaces only.
$(OUT)/ui/%.o: ui/%.c $(OUT)/flags $(OUT)/datadir
	$(call SAY,cc)mkdir -p $(@D) && $(COMPILE) -DQLOUPE_DATADIR='"$(DATADIR)"' -c -o $@ $<

# Only these may hold instructions that not every machine has: they are called after a look at the processor.
ISA_FLAGS_avx2   := -mavx2 -mfma -mf16c
ISA_FLAGS_avx512 := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mf16c -mprefer-vector-width=512
ifneq ($(filter x86_64-%,$(shell $(CC) -dumpmachine 2>/dev/null)),)
$(OUT)/src/kernels/avx2.o   $(OUT)/src/kernels/product_avx2.o   $(OUT)/tests/kernels/primitives_avx2.o:   ISA_FLAGS := $(ISA_FLAGS_avx2)
$(OUT)/src/kernels/avx512.o $(OUT)/src/kernels/product_avx512.o $(OUT)/tests/kernels/primitives_avx512.o: ISA_FLAGS := $(ISA_FLAGS_avx512)
# These take half a minute each with the sanitizers at -O2.
$(OUT)/src/kernels/product_avx2.o $(OUT)/src/kernels/product_avx512.o: FLAGS_asan := $(FLAGS_asan:-O2=-O1)
$(OUT)/src/kernels/product_vnni.o: ISA_FLAGS := $(ISA_FLAGS_avx512) -mavx512vnni
else
$(OUT)/src/kernels/product_dotprod.o: ISA_FLAGS := $(if $(filter aarch64-%,$(shell $(CC) -dumpmachine 2>/dev/null)),-march=armv8.2-a+dotprod)
endif

# Objects are made anew when compiler or flags change.
REMEMBER = @mkdir -p $(OUT); echo '$(1)' | cmp -s - $@ || echo '$(1)' >$@
$(OUT)/flags: FORCE
	$(call REMEMBER,$(COMPILE) $(LINK))
$(OUT)/datadir: FORCE
	$(call REMEMBER,$(DATADIR))

-include $(OBJECTS:.o=.d)
