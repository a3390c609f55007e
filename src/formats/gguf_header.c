/* What the records of a GGUF header have in common, and what stands before them: see gguf_header.h. */
#include "formats/gguf_header.h"

#include "base/error.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- Places and messages --------------------------------------------------------------------------------------- */

void ql_gguf_begin(ql_gguf *g, const char *kind)
{
    g->number = g->kind == kind ? g->number + 1 : 1;
    g->kind = kind;
    g->has_name = false;
    ql_gguf_begin_field(g);
}

void ql_gguf_begin_field(ql_gguf *g)
{
    g->field_at = g->cursor->at;
}

uint64_t ql_gguf_left(const ql_gguf *g)
{
    return ql_source_size(g->source) - g->cursor->at;
}

ql_text ql_gguf_name(const ql_gguf *g)
{
    return (ql_text) { .data = (const char *)g->cursor->base + g->name_at, .size = g->name_size };
}

/* True when every byte above 127 that was read belongs to a character, and some are U+FFFD: what a program leaves of other
   bytes when it takes a file for text and writes it again. */
static bool was_taken_for_text(const ql_gguf *g)
{
    const char *bytes = (const char *)g->cursor->base;
    const size_t size = g->cursor->size;
    bool found = false;
    uint32_t character;
    for (size_t at = 0, length; at < size; at += length) {
        length = ql_utf8_decode(bytes + at, size - at, &character);
        if (length == 0)
            return found && size - at < 4; /* its rest was not read yet */
        found = found || character == 0xfffd;
    }
    return found;
}

ql_status ql_gguf_refuse(const ql_gguf *g, const char *advice, const char *format, ...)
{
    char what[240], shown[QL_NAME_BUFFER] = "", place[QL_NAME_BUFFER + 80] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (g->has_name)
        ql_text_print(shown, sizeof shown, ql_gguf_name(g), QL_NAME_CELLS);
    if (g->kind) {
        snprintf(place, sizeof place, "%s %" PRIu64 "%s%s%s at ", g->kind, g->number, g->has_name ? " ('" : "", shown,
                 g->has_name ? "')" : "");
    }
    return ql_fail(g->error, QL_BAD_FILE, "%s: %sbyte %zu: %s; %s", ql_source_shown(g->source), place, g->field_at, what,
                   was_taken_for_text(g) ? "it seems to have been changed by a program that took it for text, fetch it again"
                                         : advice);
}

ql_status ql_gguf_check(const ql_gguf *g)
{
    if (!g->cursor->failed)
        return QL_OK;
    return *g->failure != QL_OK ? *g->failure
                                : ql_gguf_refuse(g, QL_GGUF_CUT, "the file (%" PRIu64 " bytes) ends inside its header",
                                                 ql_source_size(g->source));
}

/* ---- Strings: u64 length, bytes without a terminator -------------------------------------------------------------- */

ql_status ql_gguf_take_text(ql_gguf *g, const char *what, size_t limit, ql_text *out)
{
    *out = (ql_text) { 0 };
    ql_gguf_begin_field(g);
    const uint64_t size = ql_cursor_u64(g->cursor);
    ql_status status = ql_gguf_check(g);
    if (status != QL_OK)
        return status;
    if (size > ql_gguf_left(g)) {
        return ql_gguf_refuse(g, QL_GGUF_CUT, "%s of %" PRIu64 " bytes, %" PRIu64 " are left", what, size, ql_gguf_left(g));
    }
    if (size > limit)
        return ql_gguf_refuse(g, QL_GGUF_DAMAGED, "%s of %" PRIu64 " bytes is over the limit of %zu", what, size, limit);
    out->data = (const char *)ql_cursor_take(g->cursor, (size_t)size);
    out->size = (size_t)size;
    return ql_gguf_check(g);
}

ql_status ql_gguf_take_name(ql_gguf *g, const char *what, size_t limit)
{
    ql_text name;
    ql_status status = ql_gguf_take_text(g, what, limit, &name);
    if (status == QL_OK) {
        g->name_size = name.size;
        g->name_at = g->cursor->at - name.size;
        g->has_name = true;
    }
    return status;
}

/* ---- The prefix ------------------------------------------------------------------------------------------------ */

static ql_status check_version(const ql_gguf *g, uint32_t version)
{
    if (version == 2 || version == 3)
        return QL_OK;
    if (version == 1) {
        return ql_gguf_refuse(g, "convert the model again with a current llama.cpp",
                              "version 1 of GGUF, with counts of 32 bits, was in use in 2023 only and is not read");
    }
    if (version != 0 && (version & 0xffff) == 0) {
        return ql_gguf_refuse(g, "convert it with llama.cpp's gguf_convert_endian.py",
                              "a big-endian GGUF file, of which only the little-endian kind is read");
    }
    return ql_gguf_refuse(g, QL_GGUF_DAMAGED, "version %" PRIu32 " of GGUF is not known, only 2 and 3 are", version);
}

/* No more records than the rest of the file can hold. */
static ql_status check_count(const ql_gguf *g, uint64_t count, const char *what, unsigned least, uint64_t limit)
{
    const uint64_t left = ql_source_size(g->source) - QL_GGUF_PREFIX;
    if (count > left / least) {
        return ql_gguf_refuse(g, QL_GGUF_CUT, "%" PRIu64 " %s, but the %" PRIu64 " bytes behind hold %" PRIu64 " at most",
                              count, what, left, left / least);
    }
    if (count > limit) {
        return ql_gguf_refuse(g, QL_GGUF_DAMAGED, "%" PRIu64 " %s are over the limit of %" PRIu64, count, what, limit);
    }
    return QL_OK;
}

ql_status ql_gguf_take_prefix(ql_gguf *g)
{
    ql_gguf_begin_field(g);
    const uint8_t *magic = ql_cursor_take(g->cursor, 4);
    if (magic && memcmp(magic, "GGUF", 4) != 0) {
        return ql_gguf_refuse(g, "fetch it again, or convert the model with llama.cpp",
                              "it does not begin with 'GGUF', so this is no GGUF file");
    }
    ql_gguf_begin_field(g);
    const uint32_t version = ql_cursor_u32(g->cursor);
    ql_status status = ql_gguf_check(g);
    if (status == QL_OK)
        status = check_version(g, version);
    if (status != QL_OK)
        return status;
    ql_gguf_begin_field(g);
    g->tensor_count = ql_cursor_u64(g->cursor);
    g->key_count = ql_cursor_u64(g->cursor);
    status = ql_gguf_check(g);
    if (status == QL_OK)
        status = check_count(g, g->tensor_count, "tensors", QL_GGUF_LEAST_TENSOR, QL_LIMIT_GGUF_TENSORS);
    g->field_at += sizeof g->tensor_count;
    if (status == QL_OK)
        status = check_count(g, g->key_count, "metadata keys", QL_GGUF_LEAST_KEY, QL_LIMIT_GGUF_KEYS);
    return status;
}
