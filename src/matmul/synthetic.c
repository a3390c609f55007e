/*
 * Activations that are made up. A value is the sum of twelve uniform numbers of 16 bits less its mean, which is normal enough
 * (no value beyond 6 deviations) and needs no function of libm, so that the bits are the same everywhere.
 */
#include "qloupe.h"

/* A well mixed number of three: splitmix64 (Steele et al. 2014). */
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

static float normal(uint64_t seed, uint64_t row, uint64_t col)
{
    int64_t sum = 0;
    for (uint64_t word = 0; word < 3; word++) {
        const uint64_t bits = mix(seed + word * 0x632BE59BD9B4E019u, row, col);
        sum += (int64_t)((bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48));
    }
    return (float)((double)(sum - 6 * 0xFFFF) / 0x1p16);
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

void ql_synthetic_make(const ql_synthetic *synthetic, uint64_t cols, float *x)
{
    uint64_t channels[QL_SYNTHETIC_CHANNELS];
    const unsigned count = ql_synthetic_channels(synthetic, cols, channels);
    for (uint64_t row = 0; row < synthetic->rows; row++) {
        for (uint64_t col = 0; col < cols; col++) {
            x[row * cols + col] = normal(synthetic->seed, row, col);
        }
        for (unsigned i = 0; i < count; i++) {
            x[row * cols + channels[i]] *= (float)(synthetic->strongest / (i + 1));
        }
    }
}
