/* Bits with their meaning. */
#include "text/bits.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text/number.h"

/* How the fields of a floating-point type lie: | sign | exponent | mantissa |. */
typedef struct fields {
    unsigned sign_bits, exponent_bits, mantissa_bits;
    int bias;
    uint64_t exponent, mantissa;
    bool is_negative;
} fields;

/* The types without -0 have one more in their bias. */
static int bias_of(ql_dtype dtype, unsigned exponent_bits)
{
    const bool is_fnuz = dtype == QL_F8_E5M2FNUZ || dtype == QL_F8_E4M3FNUZ;
    return (1 << (exponent_bits - 1)) - 1 + is_fnuz;
}

static fields take_apart(ql_dtype dtype, const ql_dtype_info *info, uint64_t raw)
{
    fields f = { .exponent_bits = info->exponent_bits, .mantissa_bits = info->mantissa_bits };
    f.sign_bits = info->bits - f.exponent_bits - f.mantissa_bits; /* none of a power of two */
    f.bias = bias_of(dtype, f.exponent_bits);
    f.mantissa = raw & ((UINT64_C(1) << f.mantissa_bits) - 1);
    f.exponent = raw >> f.mantissa_bits & ((UINT64_C(1) << f.exponent_bits) - 1);
    f.is_negative = f.sign_bits && raw >> (info->bits - 1) & 1;
    return f;
}

/* The bits from the highest on, and below each the letter of its field: a space between fields. */
static void print_fields(const fields *f, uint64_t raw, char bits[TEXT_BITS_SIZE], char letters[TEXT_BITS_SIZE])
{
    const unsigned counts[] = { f->sign_bits, f->exponent_bits, f->mantissa_bits };
    unsigned bit = f->sign_bits + f->exponent_bits + f->mantissa_bits;
    size_t used = 0;
    for (int field = 0; field < 3; field++) {
        if (used && counts[field]) {
            bits[used] = letters[used] = ' ';
            used++;
        }
        for (unsigned i = 0; i < counts[field]; i++, used++) {
            bits[used] = raw >> --bit & 1 ? '1' : '0';
            letters[used] = "sem"[field];
        }
    }
    bits[used] = letters[used] = 0;
}

/* Bytes of an integer from the highest on. */
static void print_bytes(unsigned bits, uint64_t raw, char out[TEXT_BITS_SIZE])
{
    size_t used = 0;
    for (unsigned bit = bits; bit-- > 0;) {
        out[used++] = raw >> bit & 1 ? '1' : '0';
        if (bit % 8 == 0 && bit > 0)
            out[used++] = ' ';
    }
    out[used] = 0;
}

static size_t add_hex(unsigned bits, uint64_t raw, char line[TEXT_BITS_SIZE])
{
    const size_t used = strlen(line);
    return used + (size_t)snprintf(line + used, TEXT_BITS_SIZE - used, " = 0x%0*" PRIx64, (int)(bits + 3) / 4, raw);
}

/* The factors, and what they make. */
static size_t print_value(const fields *f, double value, char lines[][TEXT_BITS_SIZE])
{
    char number[TEXT_NUMBER_SIZE], factor[TEXT_NUMBER_SIZE];
    text_number(number, value, TEXT_TEN);
    const char *sign = f->is_negative ? "-" : "+";
    if (!isfinite(value)) {
        snprintf(lines[0], TEXT_BITS_SIZE, "= %s, which these bits are kept for", number);
        return 1;
    }
    if (f->mantissa_bits == 0) {
        snprintf(lines[0], TEXT_BITS_SIZE, "2^(%" PRIu64 " - %d) = %s", f->exponent, f->bias, number);
        return 1;
    }
    const uint64_t whole = UINT64_C(1) << f->mantissa_bits;
    const bool is_normal = f->exponent > 0;
    const int power = (is_normal ? (int)f->exponent : 1) - f->bias;
    snprintf(lines[0], TEXT_BITS_SIZE, "%s(%d + %" PRIu64 "/%" PRIu64 ") × 2^(%d - %d)", sign, is_normal, f->mantissa, whole,
             is_normal ? (int)f->exponent : 1, f->bias);
    text_number(factor, (is_normal ? 1 : 0) + (double)f->mantissa / (double)whole, TEXT_SIGNIFICANT);
    snprintf(lines[1], TEXT_BITS_SIZE, "= %s%s × 2^%d = %s", sign, factor, power, number);
    return 2;
}

size_t text_bits(ql_dtype dtype, uint64_t raw, double value, char lines[TEXT_BITS_LINES][TEXT_BITS_SIZE])
{
    const ql_dtype_info *info = ql_dtype_describe(dtype);
    if (info->exponent_bits == 0) {
        char number[TEXT_NUMBER_SIZE];
        const bool is_signed = dtype == QL_I8 || dtype == QL_I16 || dtype == QL_I32 || dtype == QL_I64;
        print_bytes(info->bits, raw, lines[0]);
        add_hex(info->bits, raw, lines[0]);
        text_number(number, value, TEXT_TEN);
        snprintf(lines[1], TEXT_BITS_SIZE, is_signed ? "%s: two's complement" : "%s: no sign", number);
        return 2;
    }
    const fields f = take_apart(dtype, info, raw);
    print_fields(&f, raw, lines[0], lines[1]);
    add_hex(info->bits, raw, lines[0]);
    return 2 + print_value(&f, value, lines + 2);
}
