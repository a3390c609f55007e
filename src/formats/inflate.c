/* Random access to deflated entries: see inflate.h. zlib's inflateCopy is made for this (zlib.h). */
#include "formats/inflate.h"

#include "base/error.h"
#include "base/sizes.h"
#include "base/text.h"
#include "formats/limits.h"
#include "formats/spans.h"
#include "formats/zip_parts.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

enum {
    FIRST_INPUT = 1024, /* bytes read at first, then twice as many each time: often only the beginning is wanted */
    MOST_INPUT = 1 << 16,
    SKIPPED = 1 << 15, /* bytes unpacked at a time that nobody wants */
};

/* The decompressor between two spans. */
typedef struct checkpoint {
    z_stream z;   /* without input and output */
    uint64_t at;  /* bytes of input taken so far */
    uint32_t crc; /* of what came out so far */
} checkpoint;

struct ql_inflate {
    const ql_source *archive;
    ql_zip_entry entry;
    bool check_crc;
    ql_content content;
    uint64_t span_count;
    pthread_mutex_t lock;    /* held by the one who goes beyond the spans that were unpacked once: content.apart */
    checkpoint *checkpoints; /* [span_count]: of the beginnings of spans 1 .. content.apart; NULL: none yet */
};

/* ---- A stream: one walk through the input ---------------------------------------------------------------------- */

typedef struct stream {
    const ql_inflate *of;
    ql_error *error;
    z_stream z;
    uint64_t at;    /* bytes of input read so far */
    size_t wish;    /* how many are read next */
    uint8_t *input; /* [MOST_INPUT] */
    uint32_t crc;
} stream;

/* Close it also after a failure. */
static ql_status open_stream(stream *s, const ql_inflate *of, ql_error *error)
{
    *s = (stream) { .of = of, .error = error, .wish = FIRST_INPUT, .input = malloc(MOST_INPUT) };
    if (!s->input || inflateInit2(&s->z, -MAX_WBITS) != Z_OK)
        return ql_fail_memory(error, MOST_INPUT);
    return QL_OK;
}

/* The same at the beginning of a known span. */
static ql_status open_at(stream *s, const ql_inflate *of, uint64_t index, ql_error *error)
{
    if (index == 0)
        return open_stream(s, of, error);
    checkpoint *from = &of->checkpoints[index];
    *s = (stream) {
        .of = of, .error = error, .wish = MOST_INPUT, .input = malloc(MOST_INPUT), .at = from->at, .crc = from->crc
    };
    if (!s->input || inflateCopy(&s->z, &from->z) != Z_OK)
        return ql_fail_memory(error, MOST_INPUT);
    return QL_OK;
}

static void close_stream(stream *s)
{
    inflateEnd(&s->z);
    free(s->input);
}

static ql_status refuse(const stream *s, const char *what)
{
    return ql_zip_refuse(s->of->archive, &s->of->entry, s->of->entry.offset + s->at - s->z.avail_in, s->error, "%s", what);
}

/* Gives the decompressor input, when it has none and there is some. */
static ql_status feed(stream *s)
{
    const uint64_t left = s->of->entry.compressed - s->at;
    if (s->z.avail_in > 0 || left == 0)
        return QL_OK;
    const size_t size = left < s->wish ? (size_t)left : s->wish;
    const void *bytes = ql_source_view(s->of->archive, s->of->entry.offset + s->at, size, s->input, s->error);
    if (!bytes)
        return ql_error_status(s->error);
    s->z.next_in = (Bytef *)bytes;
    s->z.avail_in = (uInt)size;
    s->at += size;
    s->wish = 2 * s->wish < MOST_INPUT ? 2 * s->wish : MOST_INPUT;
    return QL_OK;
}

/* One call of inflate, with input; *code is Z_OK or Z_STREAM_END, or Z_BUF_ERROR when the input is at its end. */
static ql_status step(stream *s, int *code)
{
    ql_status status = feed(s);
    if (status != QL_OK)
        return status;
    *code = inflate(&s->z, Z_NO_FLUSH);
    if (*code == Z_MEM_ERROR)
        return ql_fail_memory(s->error, sizeof(checkpoint));
    if (*code != Z_OK && *code != Z_STREAM_END && *code != Z_BUF_ERROR) {
        char what[120];
        snprintf(what, sizeof what, "its compressed data are no deflate stream (%s)", s->z.msg ? s->z.msg : "damaged");
        return refuse(s, what);
    }
    return QL_OK;
}

/* Unpacks the next `size` bytes. */
static ql_status unpack(stream *s, uint8_t *out, size_t size)
{
    s->z.next_out = out;
    s->z.avail_out = (uInt)size;
    while (s->z.avail_out > 0) {
        int code;
        ql_status status = step(s, &code);
        if (status != QL_OK)
            return status;
        if (code == Z_STREAM_END && s->z.avail_out > 0)
            return refuse(s, "its compressed data give less than the size in the directory");
        if (code == Z_BUF_ERROR)
            return refuse(s, "its compressed data are cut short");
    }
    s->crc = (uint32_t)crc32(s->crc, out, (uInt)size);
    return QL_OK;
}

static ql_status skip(stream *s, uint64_t size)
{
    uint8_t scratch[SKIPPED];
    while (size > 0) {
        const size_t part = size < SKIPPED ? (size_t)size : SKIPPED;
        ql_status status = unpack(s, scratch, part);
        if (status != QL_OK)
            return status;
        size -= part;
    }
    return QL_OK;
}

/* After the last byte: what the stream and the directory say of its end. */
static ql_status check_end(stream *s)
{
    uint8_t more;
    s->z.next_out = &more;
    s->z.avail_out = 1;
    for (int code = Z_OK; code != Z_STREAM_END;) {
        ql_status status = step(s, &code);
        if (status != QL_OK)
            return status;
        if (s->z.avail_out == 0)
            return refuse(s, "its compressed data give more than the size in the directory");
        if (code == Z_BUF_ERROR)
            return refuse(s, "its compressed data are cut short");
    }
    if (s->z.avail_in > 0 || s->at < s->of->entry.compressed)
        return refuse(s, "its compressed data go on after their end");
    if (s->of->check_crc && s->crc != s->of->entry.crc) {
        char what[120];
        snprintf(what, sizeof what, "its content has the CRC-32 %08" PRIx32 ", the directory of the archive says %08" PRIx32,
                 s->crc, s->of->entry.crc);
        return refuse(s, what);
    }
    return QL_OK;
}

/* ---- Spans ----------------------------------------------------------------------------------------------------- */

static ql_status save(ql_inflate *inflate, const stream *s, uint64_t index)
{
    checkpoint *to = &inflate->checkpoints[index];
    if (inflateCopy(&to->z, (z_stream *)&s->z) != Z_OK)
        return ql_fail_memory(s->error, sizeof *to);
    to->at = s->at - s->z.avail_in;
    to->crc = s->crc;
    to->z.next_in = to->z.next_out = NULL;
    to->z.avail_in = to->z.avail_out = 0;
    return QL_OK;
}

/* Unpacks a known span or the one after; out may be NULL. */
static ql_status walk(const ql_inflate *inflate, stream *s, uint64_t index, uint8_t *out, ql_error *error)
{
    const size_t size = ql_span_size(inflate->entry.size, index);
    ql_status status = open_at(s, inflate, index, error);
    if (status != QL_OK)
        return status;
    return out ? unpack(s, out, size) : skip(s, size);
}

/* Makes the next span a known one. */
static ql_status advance(ql_inflate *inflate, uint8_t *out, ql_error *error)
{
    stream s;
    const uint64_t index = inflate->content.apart;
    if (!inflate->checkpoints)
        inflate->checkpoints = calloc((size_t)inflate->span_count, sizeof *inflate->checkpoints);
    if (!inflate->checkpoints)
        return ql_fail_memory(error, inflate->span_count * sizeof *inflate->checkpoints);
    ql_status status = walk(inflate, &s, index, out, error);
    if (status == QL_OK)
        status = index + 1 < inflate->span_count ? save(inflate, &s, index + 1) : check_end(&s);
    close_stream(&s);
    if (status == QL_OK)
        atomic_store(&inflate->content.apart, index + 1);
    return status;
}

static bool make(void *context, uint64_t index, uint8_t *out, ql_error *error)
{
    ql_inflate *inflate = context;
    ql_status status = QL_OK;
    bool made = false;
    if (index >= atomic_load(&inflate->content.apart)) {
        pthread_mutex_lock(&inflate->lock);
        while (status == QL_OK && inflate->content.apart <= index) {
            made = inflate->content.apart == index;
            status = advance(inflate, made ? out : NULL, error);
        }
        pthread_mutex_unlock(&inflate->lock);
    }
    if (status == QL_OK && !made) {
        stream s;
        status = walk(inflate, &s, index, out, error);
        close_stream(&s);
    }
    return status == QL_OK;
}

/* ---- The content ----------------------------------------------------------------------------------------------- */

ql_status ql_inflate_new(const ql_source *archive, const ql_zip_entry *entry, bool check_crc, ql_inflate **out,
                         ql_error *error)
{
    ql_inflate *inflate = calloc(1, sizeof *inflate);
    if (!inflate)
        return ql_fail_memory(error, sizeof *inflate);
    inflate->archive = archive;
    inflate->entry = *entry;
    inflate->check_crc = check_crc;
    inflate->content = (ql_content) { .size = entry->size, .make = make, .context = inflate };
    inflate->span_count = ql_size_ceil_div(entry->size, QL_SPAN);
    pthread_mutex_init(&inflate->lock, NULL);
    *out = inflate;
    return QL_OK;
}

void ql_inflate_free(ql_inflate **inflate)
{
    ql_inflate *i = *inflate;
    if (!i)
        return;
    ql_spans_forget(&i->content);
    for (uint64_t span = 1; i->checkpoints && span < i->span_count; span++)
        inflateEnd(&i->checkpoints[span].z);
    free(i->checkpoints);
    pthread_mutex_destroy(&i->lock);
    free(i);
    *inflate = NULL;
}

const ql_zip_entry *ql_inflate_entry(const ql_inflate *inflate)
{
    return &inflate->entry;
}

bool ql_inflate_read(ql_inflate *inflate, uint64_t offset, size_t size, void *out, ql_error *error)
{
    const ql_zip_entry *entry = &inflate->entry;
    const bool is_bomb = entry->size > QL_LIMIT_BOMB_SIZE && entry->size / QL_LIMIT_BOMB_RATIO > entry->compressed;
    if (entry->size > QL_LIMIT_INFLATED || is_bomb) {
        char name[QL_NAME_BUFFER];
        ql_text_print(name, sizeof name, entry->name, QL_NAME_CELLS);
        ql_fail(error, QL_BAD_FILE,
                "%s: entry '%s': %" PRIu64 " bytes out of %" PRIu64 " compressed ones are over the limit of %" PRIu64
                "%s; save it without compression (numpy.savez)",
                ql_source_shown(inflate->archive), name, entry->size, entry->compressed,
                is_bomb ? QL_LIMIT_BOMB_SIZE : QL_LIMIT_INFLATED, is_bomb ? " for what shrank more than 100-fold" : "");
        return false;
    }
    return ql_spans_read(&inflate->content, offset, size, out, error);
}

bool ql_inflate_begin(const ql_inflate *inflate, uint64_t offset, size_t size, void *out, ql_error *error)
{
    stream s;
    ql_status status = open_stream(&s, inflate, error);
    if (status == QL_OK)
        status = skip(&s, offset);
    if (status == QL_OK)
        status = unpack(&s, out, size);
    close_stream(&s);
    return status == QL_OK;
}
