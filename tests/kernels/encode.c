/* The kernels of encode.h. */
#include "checks.h"
#include "draw.h"

#include <float.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Levels in [-1, 1] with the thresholds in their middle; x = thresholds, as the inverse puts them, and what lies beside. */
static void prepare_levels(job *j)
{
    j->levels.count = j->ordinary ? 16 : 1 + draw_below(&j->draws, 16);
    for (unsigned i = 0; i < 16; i++) {
        j->levels.level[i] = i < j->levels.count ? (float)draw_normal(&j->draws) / 4 : INFINITY;
        j->levels.level[i] = draw_below(&j->draws, 8) ? j->levels.level[i] : roundf(j->levels.level[i] * 4) / 4;
    }
    qsort(j->levels.level, j->levels.count, sizeof *j->levels.level, ascending);
    for (unsigned i = 0; i < 16; i++) {
        j->levels.threshold[i] = i + 1 < j->levels.count ? (j->levels.level[i] + j->levels.level[i + 1]) / 2 : INFINITY;
    }
    j->scale = j->ordinary ? 0.07f
                           : ldexpf(1 + (draw(&j->draws) & 1 ? (float)draw_unit(&j->draws) : 0),
                                    (int)draw_below(&j->draws, 250) - 125);
    j->inverse = 1 / j->scale;
    for (size_t i = 0; i < j->n; i++) {
        j->x[i] = draw_value(j, j->kind, j->scale, 0);
        if (!j->ordinary && draw(&j->draws) & 1) {
            const unsigned t = draw_below(&j->draws, j->levels.count + 1);
            const float v = t + 1 < j->levels.count ? j->levels.threshold[t] : draw_sign(&j->draws);
            j->x[i] = v * j->scale;
            for (unsigned away = draw_below(&j->draws, 4); away > 0; away--) {
                j->x[i] = nextafterf(j->x[i], draw_sign(&j->draws) * FLT_MAX);
            }
        }
    }
}

static void run_levels_run(const ql_kernels *k, const job *j, outputs *o)
{
    int16_t *q = outputs_array(o, j->n, sizeof *q);
    float *y = outputs_array(o, j->n, sizeof *y);
    k->encode.levels_run(&j->levels, j->inverse, j->scale, j->x, j->n, q, y);
}

static const kernel_check rows[] = {
    { KERNEL(encode.levels_run), .unit_bytes = 4, .prepare = prepare_levels, .run = run_levels_run },
};

const kernel_checks encode_checks = { rows, sizeof rows / sizeof *rows };
