/* The operations of simd.h against their meaning: see primitives.h. */
#include "primitives.h"
#include "draw.h"
#include "fence.h"

#include <float.h>
#include <stdio.h>

static int32_t word_at(const operands *in, size_t lane)
{
    uint16_t word;
    memcpy(&word, in->bytes + 2 * lane, 2);
    return word;
}

/* | 1 sign | 5 exponent | 10 mantissa |; the quiet bit of a NaN is set. */
static float half_of(int32_t bits)
{
    const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    float v;
    if (exponent == 31 && mantissa) {
        const uint32_t nan = 0x7FC00000u | (uint32_t)mantissa << 13;
        memcpy(&v, &nan, 4);
    } else {
        v = exponent == 31 ? INFINITY
            : exponent     ? ldexpf((float)(1024 + mantissa), exponent - 25)
                           : ldexpf((float)mantissa, -24);
    }
    return copysignf(v, bits & 0x8000 ? -1.0f : 1.0f);
}

/* Four bytes of a table, chosen by the low half of each byte. */
static int32_t levels_of(const uint8_t table[16], uint32_t nibbles)
{
    uint32_t all = 0;
    for (int k = 0; k < 32; k += 8) {
        all |= (uint32_t)table[nibbles >> k & 15] << k;
    }
    return (int32_t)all;
}

static uint32_t cell_product(uint32_t u, uint32_t s)
{
    int32_t sum = 0;
    for (int k = 0; k < 32; k += 8) {
        sum += (uint8_t)(u >> k) * (int8_t)(uint8_t)(s >> k);
    }
    return (uint32_t)sum;
}

uint32_t reciprocals(const operands *in, const float about[LANES])
{
    uint32_t close = 0;
    for (size_t l = 0; l < LANES; l++) {
        close |= (uint32_t)(fabs((double)about[l] * (double)in->g[l] - 1) < 0x1p-11) << l;
    }
    return close;
}

float nearest_of_all(const operands *in, float end, int sign)
{
    float nearest = INFINITY * (float)-sign;
    for (size_t l = 0; l < LANES; l++) {
        const float p = sign < 0 ? fmaxf(in->p[l], end) : fminf(in->p[l], end);
        nearest = sign < 0 ? fminf(nearest, p) : fmaxf(nearest, p);
    }
    return nearest;
}

#define LANE(TYPE, NAME) const TYPE NAME = in->NAME[l]
#define ROW(NAME, VECTORS, PLAIN)                                                                                           \
    static void run_##NAME(const operands *in, outcome *out)                                                                \
    {                                                                                                                       \
        for (size_t l = 0; l < LANES; l++) {                                                                                \
            LANE(float, a), b = in->b[l], c = in->c[l], p = in->p[l], q = in->q[l], w = in->w[l];                           \
            LANE(double, x), y = in->y[l], z = in->z[l], u = in->u[l], v = in->v[l], k = in->k[l];                          \
            LANE(int32_t, i), j = in->j[l], m = in->on[l], n = in->also[l];                                                 \
            PLAIN;                                                                                                          \
            (void)a, (void)b, (void)c, (void)p, (void)q, (void)w, (void)x, (void)y, (void)z, (void)u, (void)v, (void)k;     \
            (void)i, (void)j, (void)m, (void)n;                                                                             \
        }                                                                                                                   \
    }
#include "primitives_rows.h"
#undef ROW

#define ROW(NAME, VECTORS, PLAIN) { #NAME, run_##NAME },
static const primitive meanings[] = {
#include "primitives_rows.h"
};
enum { ROWS = sizeof meanings / sizeof *meanings };

static const primitive_set *const sets[] = {
#if defined(__x86_64__)
    &primitives_avx2,
    &primitives_avx512,
#elif defined(__aarch64__)
    &primitives_neon,
#endif
};

const primitive_set *primitives_of(const char *isa)
{
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        if (strcmp(isa, sets[i]->isa) == 0) {
            return sets[i];
        }
    }
    return NULL;
}

/* ---- Operands */

static float a_float(uint64_t *state)
{
    static const float special[] = {
        0,       0.5f,     1,       1.5f,       2.5f,    0x1p-149f, 0x1p-126f,      0x1.fffffcp-127f,
        FLT_MAX, INFINITY, 0x1p23f, 8388607.5f, 0x1p24f, 0x1p31f,   0x1.fffffep30f,
    };
    switch (draw_below(state, 4)) {
    case 0:
        return draw_sign(state) * DRAW_FROM(state, special);
    case 1:
        return draw_bits(state);
    case 2:
        return (float)(draw_normal(state) * 300);
    default:
        return (float)((int)draw_below(state, 64) - 32) / 2;
    }
}

static double a_double(uint64_t *state)
{
    static const double special[] = {
        0,       0.5,      1.5,    0x1p-1074, 0x1p-1022, 0x1p-150, 0x1.8p-149, 0x1.fffffefffffffp127, 0x1.ffffffp127,
        DBL_MAX, INFINITY, 0x1p52, 0x1p53,
    };
    const double near = (double)a_float(state);
    switch (draw_below(state, 4)) {
    case 0:
        return draw_sign(state) * DRAW_FROM(state, special);
    case 1:
        return near;
    case 2: /* between two float32, also in the middle */
        return (near + (double)nextafterf((float)near, INFINITY)) / 2 * (draw(state) & 1 ? 1 : 1 + 0x1p-52);
    default:
        return ldexp(draw_normal(state), (int)draw_below(state, 300) - 150);
    }
}

static int32_t an_int(uint64_t *state)
{
    static const int32_t special[] = {
        0,      1,       -1,      15,      16,        31,        32,        0x7FFF,    0x8000,
        0xFFFF, 0x10000, -0x8000, -0x8001, INT32_MAX, INT32_MIN, 0x1000001, 0x1000003,
    };
    return draw(state) & 1 ? DRAW_FROM(state, special) : (int32_t)(uint32_t)draw(state);
}

static double within(double v, double lo, double hi)
{
    return !(v > lo) ? lo : v < hi ? v : hi;
}

static void fill_operands(operands *in, uint64_t *state)
{
    for (size_t l = 0; l < LANES; l++) {
        in->a[l] = a_float(state);
        in->b[l] = draw_below(state, 4) ? a_float(state) : draw_sign(state) * in->a[l];
        in->c[l] = draw_below(state, 4) ? a_float(state) : -in->a[l] * in->b[l]; /* what is left is the product's rounding */
        in->p[l] = isnan(in->a[l]) ? -1 : in->a[l];
        in->q[l] = isnan(in->b[l]) ? 0 : in->b[l];
        in->w[l] = (float)within((double)in->a[l], -0x1p31, 0x1.fffffep30);
        in->g[l] = draw_sign(state) * ldexpf(1 + (float)draw_unit(state), (int)draw_below(state, 252) - 126);
        in->x[l] = a_double(state);
        in->y[l] = draw_below(state, 4) ? a_double(state) : draw_sign(state) * in->x[l];
        in->z[l] = a_double(state);
        in->u[l] = isnan(in->x[l]) ? -1 : in->x[l];
        in->v[l] = isnan(in->y[l]) ? 0 : in->y[l];
        in->k[l] = within(in->x[l], -0x1p31, 0x1p31 - 1);
        in->i[l] = an_int(state);
        in->j[l] = draw_below(state, 4) ? an_int(state) : in->i[l];
        in->on[l] = (int32_t)(draw(state) & 1);
        in->also[l] = (int32_t)(draw(state) & 1);
    }
    for (size_t i = 0; i < 32; i++) {
        in->table[i] = a_float(state);
        in->words[i] = an_int(state);
        in->bytes[i] = (uint8_t)draw(state);
    }
    in->n = draw_below(state, LANES);
    for (int l = -LANES; l < 0; l++) {
        in->edge[l] = a_float(state);
    }
}

/* Which NaN an operation gives is not part of its meaning. */
static void forget_nans(outcome *out)
{
    for (size_t l = 0; l < LANES; l++) {
        out->r[l] = isnan(out->r[l]) ? NAN : out->r[l];
        out->s[l] = isnan(out->s[l]) ? (double)NAN : out->s[l];
    }
}

static bool same(const primitive *plain, const primitive *vector, const operands *in)
{
    static outcome want, got; /* static: padding is the same too */
    memset(&want, 0, sizeof want);
    memset(&got, 0, sizeof got);
    plain->run(in, &want);
    vector->run(in, &got);
    forget_nans(&want);
    forget_nans(&got);
    return memcmp(&want, &got, sizeof got) == 0;
}

unsigned primitives_check(const char *isa, uint64_t seed, unsigned rounds, unsigned *passed)
{
    static operands in;
    const fence edge = fence_new(1);
    in.edge = (float *)(void *)(edge.bytes + edge.size);
    const primitive_set *set = primitives_of(isa);
    unsigned failed = 0;
    for (size_t row = 0; set && row < ROWS; row++) {
        bool good = true;
        uint64_t state = seed;
        for (unsigned round = 0; good && round < rounds; round++) {
            fill_operands(&in, &state);
            good = same(&meanings[row], &set->rows[row], &in);
        }
        if (!good) {
            printf("%s: %s differs from its meaning\n", isa, set->rows[row].name);
        }
        *passed += good;
        failed += !good;
    }
    return failed;
}
