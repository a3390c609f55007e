/* The kernels of decode.h. */
#include "checks.h"
#include "draw.h"

static void prepare_bytes(job *j, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        j->bytes[i] = (uint8_t)draw(&j->draws);
    }
}

/* Every pattern: NaN and infinities too; some rounds have one pattern of exponents only. */
static void prepare_words(job *j)
{
    prepare_bytes(j, 2 * j->n);
    const unsigned high = draw_below(&j->draws, 512);
    for (size_t i = 0; i < j->n && high < 256; i++) {
        j->bytes[2 * i + 1] = (uint8_t)(high & 0x7F) | (j->bytes[2 * i + 1] & 0x80);
    }
}

static void run_half(const ql_kernels *k, const job *j, outputs *o)
{
    k->decode.half(j->bytes, j->n, outputs_array(o, j->n, sizeof(float)));
}

static void run_bfloat(const ql_kernels *k, const job *j, outputs *o)
{
    k->decode.bfloat(j->bytes, j->n, outputs_array(o, j->n, sizeof(float)));
}

static const kernel_check rows[] = {
    { KERNEL(decode.half), .unit_bytes = 2, .any_address = true, .prepare = prepare_words, .run = run_half },
    { KERNEL(decode.bfloat), .unit_bytes = 2, .any_address = true, .prepare = prepare_words, .run = run_bfloat },
};

const kernel_checks decode_checks = { rows, sizeof rows / sizeof *rows };
