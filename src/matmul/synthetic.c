/*
 * Activations that are made up.
 *
 *   x[row][2 p], x[row][2 p + 1]   the two normal numbers (base/normal.h) of mix(seed, row, p) and mix(seed + SECOND, row, p),
 *                                  rounded to float32; of a loud channel times its factor, rounded again
 *
 * so that a value depends on its place and the seed alone: X of more rows, or more channels, begins the same.
 */
#include "qloupe.h"

#include "base/normal.h"

#define SECOND 0x632BE59BD9B4E019u /* from a seed to the one of the second words */

/* A well mixed word of three: the finalizer of splitmix64 (Steele, Lea, Flood 2014), twice. */
static uint64_t mix(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t z = a * 0x9E3779B97F4A7C15u + b * 0xD1342543DE82EF95u + c * 0xA0761D6478BD642Fu + 0x9E3779B97F4A7C15u;
    for (int turn = 0; turn < 2; turn++) {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        z ^= z >> 31;
    }
    return z;
}

unsigned ql_synthetic_channels(const ql_synthetic *synthetic, uint64_t cols, uint64_t out[QL_SYNTHETIC_CHANNELS])
{
    const uint64_t most = cols / 2 < synthetic->channels ? cols / 2 : synthetic->channels;
    unsigned count = 0;
    for (uint64_t draw = 0; count < most && count < QL_SYNTHETIC_CHANNELS; draw++) {
        const uint64_t channel = mix(~synthetic->seed, draw, cols) % cols;
        bool is_new = true;
        for (unsigned i = 0; i < count; i++) {
            is_new &= out[i] != channel;
        }
        if (is_new) {
            out[count++] = channel;
        }
    }
    return count;
}

void ql_synthetic_rows(const ql_synthetic *synthetic, uint64_t cols, uint64_t first, uint64_t count, float *x)
{
    uint64_t channels[QL_SYNTHETIC_CHANNELS];
    const unsigned channel_count = ql_synthetic_channels(synthetic, cols, channels);
    for (uint64_t row = first; row < first + count; row++, x += cols) {
        for (uint64_t col = 0; col < cols; col += 2) {
            double pair[2];
            ql_normal_pair(mix(synthetic->seed, row, col / 2), mix(synthetic->seed + SECOND, row, col / 2), pair);
            for (uint64_t i = 0; i < 2 && col + i < cols; i++) {
                x[col + i] = (float)pair[i];
            }
        }
        for (unsigned i = 0; i < channel_count; i++) {
            x[channels[i]] *= (float)(synthetic->strongest / (i + 1));
        }
    }
}

void ql_synthetic_make(const ql_synthetic *synthetic, uint64_t cols, float *x)
{
    ql_synthetic_rows(synthetic, cols, 0, synthetic->rows, x);
}
