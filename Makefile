# qloupe: `make help` lists the targets.
#
# Variables: CC (gcc, clang), BUILD=release|debug|asan|tsan, OUT (folder of the objects, default build), PREFIX, DESTDIR.

BUILD   ?= release
OUT     ?= build$(if $(filter-out release,$(BUILD)),-$(BUILD))
PREFIX  ?= /usr/local
DATADIR ?= $(PREFIX)/share/qloupe
CC      ?= cc

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
FLAGS_release := -O3
FLAGS_debug   := -O0
FLAGS_asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_tsan    := -O1 -fsanitize=thread -fno-omit-frame-pointer

PACKAGES := ncursesw cairo libpng
CFLAGS  += -std=c11 -g $(WARNINGS) $(FLAGS_$(BUILD)) -ffp-contract=off -fno-math-errno -fno-trapping-math -pthread
CPPFLAGS += -D_GNU_SOURCE -Isrc -Iui -MMD -MP
LDFLAGS += -pthread $(FLAGS_$(BUILD))
LDLIBS  += $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lm

LIB_SOURCES := $(wildcard src/*/*.c)
UI_SOURCES  := $(wildcard ui/*.c ui/*/*.c)
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(OUT)/%.o)
UI_OBJECTS  := $(UI_SOURCES:%.c=$(OUT)/%.o)

all: $(OUT)/qloupe ## build the program

$(OUT)/libqloupe.a: $(LIB_OBJECTS)
	rm -f $@ && ar rcs $@ $^

$(OUT)/qloupe: $(UI_OBJECTS) $(OUT)/libqloupe.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

-include $(LIB_OBJECTS:.o=.d) $(UI_OBJECTS:.o=.d)
