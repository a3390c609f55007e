/* Pixels of an image surface as the bytes that picture files hold. */
#ifndef QL_PLOT_PIXELS_H
#define QL_PLOT_PIXELS_H

#include <stdint.h>

/* pixels[width], 0x??RRGGBB, to bytes[3 * width]: | red green blue | red green blue | ... */
static inline void ql_pixels_pack(const uint32_t *pixels, unsigned width, uint8_t *bytes)
{
    for (unsigned x = 0; x < width; x++) {
        *bytes++ = pixels[x] >> 16 & 255;
        *bytes++ = pixels[x] >> 8 & 255;
        *bytes++ = pixels[x] & 255;
    }
}

#endif
