/* Inputs and outputs of a checked kernel: see checks.h. */
#include "checks.h"
#include "draw.h"

#include <float.h>
#include <string.h>

enum { OUTPUT_BYTES = ((1 << 22) + 2 * MOST_TAIL) * 4, GUARD = 64, GUARD_BYTE = 0xA5 };

outputs outputs_new(void)
{
    outputs o = { .used = 0 };
    for (size_t i = 0; i < MOST_OUTPUTS; i++) {
        o.memory[i] = fence_new(OUTPUT_BYTES);
    }
    return o;
}

void outputs_begin(outputs *o, uint64_t seed)
{
    o->used = 0;
    o->draws = seed;
}

/* At either end of the memory, so that the next byte is forbidden, with guard bytes at the other. */
static unsigned char *next_part(outputs *o, size_t count, size_t element_size)
{
    const fence f = o->memory[o->used];
    const size_t size = count * element_size;
    unsigned char *start = f.bytes + o->used * 1088; /* not the same place in every page */
    if (!o->timing) {
        start = f.bytes + (draw(&o->draws) & 1 ? f.size - size : draw_below(&o->draws, 16) * element_size);
        unsigned char *from = start - f.bytes < GUARD ? f.bytes : start - GUARD;
        const size_t rest = (size_t)(f.bytes + f.size - (start + size));
        memset(from, GUARD_BYTE, (size_t)(start + size - from) + (rest < GUARD ? rest : GUARD));
    }
    o->part[o->used].start = start;
    o->part[o->used].size = size;
    o->used++;
    return start;
}

void *outputs_array(outputs *o, size_t count, size_t element_size)
{
    return next_part(o, count, element_size);
}

double *outputs_sums(outputs *o, size_t count)
{
    double *sums = (double *)(void *)next_part(o, count, sizeof *sums);
    for (size_t i = 0; !o->timing && i < count; i++) {
        sums[i] = ldexp(draw_unit(&o->draws), (int)draw_below(&o->draws, 40) - 30);
    }
    return sums;
}

uint32_t *outputs_counters(outputs *o, size_t count)
{
    uint32_t *counters = (uint32_t *)(void *)next_part(o, count, sizeof *counters);
    const uint32_t first = draw_below(&o->draws, 1000);
    for (size_t i = 0; !o->timing && i < count; i++) {
        counters[i] = first + (uint32_t)i;
    }
    return counters;
}

void outputs_note(outputs *o, uint64_t value)
{
    memcpy(next_part(o, 1, sizeof value), &value, sizeof value);
}

void outputs_fold(const outputs *o, uint32_t *tables, size_t count)
{
    for (size_t t = 1; !o->timing && t < QL_TABLES; t++) {
        for (size_t i = 0; i < count; i++) {
            tables[i] += tables[t * count + i];
            tables[t * count + i] = 0;
        }
    }
}

void outputs_forget(const outputs *o, void *from, size_t bytes)
{
    if (!o->timing) {
        memset(from, GUARD_BYTE, bytes);
    }
}

bool outputs_equal(const outputs *a, const outputs *b, size_t *output, ptrdiff_t *byte)
{
    for (size_t i = 0; i < a->used; i++) {
        const size_t size = a->part[i].size, at = (size_t)(a->part[i].start - a->memory[i].bytes);
        const size_t before = at < GUARD ? at : GUARD, rest = a->memory[i].size - at - size,
                     behind = rest < GUARD ? rest : GUARD;
        const unsigned char *p = a->part[i].start - before, *q = b->part[i].start - before;
        if (memcmp(p, q, before + size + behind) != 0) {
            size_t k = 0;
            while (p[k] == q[k]) {
                k++;
            }
            *output = i;
            *byte = (ptrdiff_t)k - (ptrdiff_t)before;
            return false;
        }
    }
    return true;
}

/* k for (k + something) step. */
static double draw_whole(job *j, int32_t zero)
{
    if (draw_below(&j->draws, 4) == 0) {
        return (double)draw_below(&j->draws, 601) - 300;
    }
    const int width = j->codes.code_hi - j->codes.code_lo + 5;
    return (double)(j->codes.code_lo - 2 + (int)draw_below(&j->draws, (size_t)width)) - (double)zero;
}

float draw_value(job *j, value_kind kind, float step, int32_t zero)
{
    uint64_t *state = &j->draws;
    if (kind == MIXED) {
        kind = (value_kind)draw_below(state, MIXED);
    }
    if (kind == RARE_TIES && draw_below(state, 80) == 0) {
        kind = draw(state) & 1 ? TIES : BESIDE_TIES;
    }
    double v = 0;
    float f;
    switch (kind) {
    case NORMAL:
        return (float)(draw_normal(state) * 0.02);
    case TIES:
    case BESIDE_TIES:
        v = (draw_whole(j, zero) + 0.5) * (double)step;
        break;
    case RARE_TIES:
        v = (draw_whole(j, zero) + draw_unit(state)) * (double)step;
        break;
    case WHOLE:
        v = draw_whole(j, zero) * (double)step;
        break;
    case POWERS:
        return draw_sign(state) * ldexpf(1, (int)draw_below(state, 60) - 40);
    case DENORMALS:
        return draw_sign(state) * (float)draw_below(state, 5) * 0x1p-149f;
    case ENORMOUS:
        return draw_sign(state) * (float)draw_unit(state) * FLT_MAX;
    case ZEROS:
        return draw_sign(state) * 0.0f;
    default:
        return draw_finite(state);
    }
    f = v > (double)FLT_MAX ? FLT_MAX : v < -(double)FLT_MAX ? -FLT_MAX : (float)v;
    const float toward = draw_sign(state) * FLT_MAX;
    for (unsigned i = kind == BESIDE_TIES ? 1 + draw_below(state, 3) : 0; i > 0; i--) {
        f = nextafterf(f, toward);
    }
    return f;
}
